package dev.rosetta.formats.convert;

import dev.rosetta.formats.AtomicFile;
import dev.rosetta.formats.TensorData;
import dev.rosetta.formats.huggingface.PreTokenizerSteps;
import dev.rosetta.model.Vocabulary;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** What a Hugging Face directory has beside the weights. */
final class HuggingFaceFiles {
  static final String CONFIG = "config.json";
  static final String TOKENIZER = "tokenizer.json";
  static final String TOKENIZER_CONFIG = "tokenizer_config.json";

  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;

  /** Ids without a token that readers tolerate. */
  private static final int MAX_GAPS = 1 << 15;

  private HuggingFaceFiles() {}

  /** Writes them beside {@code weights}; returns what could not be carried over. */
  static List<String> write(Path weights, ModelContent content) {
    json(weights.resolveSibling(CONFIG), config(content));
    Vocabulary vocabulary = content.vocabulary();
    if (vocabulary == null) {
      return List.of("there is no tokenizer to carry over");
    }
    List<String> notes = new ArrayList<>();
    String pre = vocabulary.preTokenizer();
    Optional<Map<String, Object>> steps =
        pre == null ? Optional.empty() : PreTokenizerSteps.of(pre);
    if (!"gpt2".equals(vocabulary.model()) || steps.isEmpty()) {
      notes.add(
          "the tokenizer (model "
              + vocabulary.model()
              + ", pre-tokenizer "
              + pre
              + ") has no form in tokenizer.json here; copy the original file");
    } else {
      json(weights.resolveSibling(TOKENIZER), tokenizer(vocabulary, steps.get()));
    }
    json(weights.resolveSibling(TOKENIZER_CONFIG), tokenizerConfig(vocabulary));
    return notes;
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

  private static Map<String, Object> tokenizer(Vocabulary vocabulary, Map<String, Object> steps) {
    Map<String, Object> vocab = new LinkedHashMap<>();
    List<Object> added = new ArrayList<>();
    int[] types = vocabulary.types();
    boolean gaps = types != null && paddings(vocabulary) <= MAX_GAPS;
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      String text = vocabulary.tokens().get(id);
      int type = types == null ? 1 : types[id];
      if (type == CONTROL || type == USER_DEFINED) {
        added.add(added(id, text, type == CONTROL));
      } else if (!gaps || !isPadding(text, id)) {
        vocab.put(text, id);
      }
    }
    int last = vocabulary.tokens().size() - 1;
    // The last token fixes the size; gaps below it are read as unused tokens.
    if (gaps && isPadding(vocabulary.tokens().get(last), last)) {
      vocab.put(vocabulary.tokens().get(last), last);
    }
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "BPE");
    model.put("vocab", vocab);
    model.put("merges", vocabulary.merges());
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("version", "1.0");
    root.put("added_tokens", added);
    root.put("pre_tokenizer", steps);
    root.put("decoder", Map.of("type", "ByteLevel"));
    root.put("model", model);
    return root;
  }

  private static long paddings(Vocabulary vocabulary) {
    return IntStream.range(0, vocabulary.tokens().size())
        .filter(id -> isPadding(vocabulary.tokens().get(id), id))
        .count();
  }

  /** Whether readers make this token themselves where an id has none. */
  private static boolean isPadding(String text, int id) {
    return text.equals("[PAD" + id + "]");
  }

  private static Map<String, Object> added(int id, String text, boolean special) {
    Map<String, Object> token = new LinkedHashMap<>();
    token.put("id", id);
    token.put("content", text);
    token.put("single_word", false);
    token.put("lstrip", false);
    token.put("rstrip", false);
    token.put("normalized", false);
    token.put("special", special);
    return token;
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

  private static void json(Path file, Map<String, Object> root) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json =
        new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
      write(json, root);
    }
    AtomicFile.write(file, channel -> TensorData.of(bytes.toByteArray()).writeTo(channel));
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
