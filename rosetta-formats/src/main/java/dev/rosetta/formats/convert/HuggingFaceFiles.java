package dev.rosetta.formats.convert;

import dev.rosetta.model.Vocabulary;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** What a Hugging Face directory has beside the weights. */
final class HuggingFaceFiles {
  static final String CONFIG = "config.json";
  static final String TOKENIZER = "tokenizer.json";
  static final String TOKENIZER_CONFIG = "tokenizer_config.json";

  private HuggingFaceFiles() {}

  /**
   * The files of one model.
   *
   * @param contents by name
   * @param notes what could not be carried over, one sentence each
   */
  record Result(SequencedMap<String, byte[]> contents, List<String> notes) {}

  static Result of(ModelContent content) {
    SequencedMap<String, byte[]> contents = new LinkedHashMap<>();
    List<String> notes = new ArrayList<>();
    contents.put(CONFIG, json(config(content)));
    Vocabulary vocabulary = content.vocabulary();
    if (vocabulary == null) {
      notes.add("there is no tokenizer to carry over");
    } else {
      TokenizerJson.of(vocabulary, notes).ifPresent(root -> contents.put(TOKENIZER, json(root)));
      contents.put(TOKENIZER_CONFIG, json(tokenizerConfig(vocabulary)));
    }
    return new Result(contents, notes);
  }

  private static Map<String, Object> config(ModelContent content) {
    ModelFacts facts = content.facts();
    String architecture =
        switch (facts.architecture()) {
          case "qwen2" -> "Qwen2ForCausalLM";
          case "qwen3" -> "Qwen3ForCausalLM";
          default -> "LlamaForCausalLM";
        };
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of(architecture));
    config.put("model_type", facts.architecture());
    if (facts.name() != null) {
      config.put("_name_or_path", facts.name());
    }
    config.put("hidden_size", facts.hidden());
    config.put("num_hidden_layers", facts.layers());
    config.put("num_attention_heads", facts.heads());
    config.put("num_key_value_heads", facts.kvHeads());
    config.put("head_dim", facts.headDim());
    config.put("intermediate_size", facts.ffn());
    config.put("vocab_size", facts.vocab());
    if (facts.context() > 0) {
      config.put("max_position_embeddings", facts.context());
    }
    config.put("rope_theta", facts.ropeTheta());
    config.put("rms_norm_eps", facts.rmsNormEps());
    config.put("hidden_act", "silu");
    config.put("tie_word_embeddings", facts.tied());
    if (facts.ropeScaling() != null) {
      config.put("rope_scaling", facts.ropeScaling());
    }
    if (facts.slidingWindow() > 0) {
      config.put("sliding_window", facts.slidingWindow());
      if (!facts.architecture().equals("llama")) {
        config.put("use_sliding_window", true);
      }
    }
    Vocabulary vocabulary = content.vocabulary();
    if (vocabulary != null) {
      vocabulary.bos().ifPresent(id -> config.put("bos_token_id", id));
      vocabulary.eos().ifPresent(id -> config.put("eos_token_id", id));
    }
    return config;
  }

  private static Map<String, Object> tokenizerConfig(Vocabulary vocabulary) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("tokenizer_class", "PreTrainedTokenizerFast");
    special(config, "bos_token", vocabulary.bos(), vocabulary);
    special(config, "eos_token", vocabulary.eos(), vocabulary);
    special(config, "unk_token", vocabulary.unknown(), vocabulary);
    special(config, "pad_token", vocabulary.padding(), vocabulary);
    put(config, "add_bos_token", vocabulary.addBos());
    put(config, "add_eos_token", vocabulary.addEos());
    put(config, "chat_template", vocabulary.chatTemplate());
    return config;
  }

  private static void special(
      Map<String, Object> config, String key, OptionalInt id, Vocabulary vocabulary) {
    id.ifPresent(value -> config.put(key, vocabulary.tokens().get(value)));
  }

  private static void put(Map<String, Object> config, String key, @Nullable Object value) {
    if (value != null) {
      config.put(key, value);
    }
  }

  private static byte[] json(Map<String, Object> root) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json =
        new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
      write(json, root);
    }
    return bytes.toByteArray();
  }

  private static void write(JsonGenerator json, @Nullable Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        json.writeStartObject();
        map.forEach(
            (key, member) -> {
              json.writeName(String.valueOf(key));
              write(json, member);
            });
        json.writeEndObject();
      }
      case List<?> list -> {
        json.writeStartArray();
        list.forEach(element -> write(json, element));
        json.writeEndArray();
      }
      case String text -> json.writeString(text);
      case Boolean flag -> json.writeBoolean(flag);
      case Integer number -> json.writeNumber(number.intValue());
      case Long number -> json.writeNumber(number.longValue());
      case Double number -> json.writeNumber(number.doubleValue());
      case null -> json.writeNull();
      default -> throw new IllegalArgumentException(value + " has no JSON form");
    }
  }
}
