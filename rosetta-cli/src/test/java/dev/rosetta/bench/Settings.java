package dev.rosetta.bench;

import dev.rosetta.bench.TinyModel.Shape;
import dev.rosetta.formats.gguf.GgufValue;
import dev.rosetta.formats.gguf.ValueType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The config and the vocabulary that a draft states, in the words of any format. */
final class Settings {
  private static final int END = 256;

  String architecture;
  private boolean tokenizer;

  /** Sizes and numbers by their Hugging Face names; a fault changes them. */
  final Map<String, Object> values = new LinkedHashMap<>();

  final List<String> tokens = new ArrayList<>();
  final List<String> merges = new ArrayList<>();
  String preTokenizer = "qwen2";
  long endOfText = END;
  boolean addBos;
  boolean endStated = true;
  boolean endIsControl = true;
  int padding = END;
  @Nullable String chatTemplate =
      "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}";

  Settings(Shape shape) {
    architecture = shape.architecture();
    tokenizer = shape.tokenizer();
    values.put("num_hidden_layers", (long) shape.layers());
    values.put("hidden_size", (long) shape.hidden());
    values.put("intermediate_size", (long) shape.ffn());
    values.put("num_attention_heads", (long) shape.heads());
    values.put("num_key_value_heads", (long) shape.kvHeads());
    values.put("head_dim", (long) shape.headDim());
    values.put("vocab_size", (long) shape.vocabulary());
    values.put("rope_theta", shape.theta());
    values.put("rms_norm_eps", shape.eps());
    values.put("tie_word_embeddings", shape.tied());
    if (tokenizer) {
      vocabulary(shape.vocabulary());
    }
  }

  /** The 256 bytes in GPT-2's letters, the end of text, and merges of two letters each. */
  private void vocabulary(int size) {
    int unprintable = 0;
    for (int b = 0; b < 256; b++) {
      boolean printable = b > 32 && b < 127 || b > 160 && b != 173;
      tokens.add(Character.toString(printable ? b : 256 + unprintable++));
    }
    tokens.add("<|endoftext|>");
    for (int i = 0; tokens.size() < size; i++) {
      String left = Character.toString('a' + i % 26);
      String right = Character.toString('n' - i / 26);
      merges.add(left + " " + right);
      tokens.add(left + right);
    }
  }

  boolean hasTokenizer() {
    return tokenizer;
  }

  void dropTokenizer() {
    tokenizer = false;
  }

  void set(String key, Object value) {
    values.put(key, value);
  }

  long whole(String key) {
    return (long) values.get(key);
  }

  double real(String key) {
    return (double) values.get(key);
  }

  SequencedMap<String, GgufValue> gguf() {
    SequencedMap<String, GgufValue> keys = new LinkedHashMap<>();
    keys.put("general.architecture", GgufValue.string(architecture));
    String prefix = architecture + ".";
    Map<String, String> words =
        Map.of(
            "num_hidden_layers", "block_count",
            "hidden_size", "embedding_length",
            "intermediate_size", "feed_forward_length",
            "num_attention_heads", "attention.head_count",
            "num_key_value_heads", "attention.head_count_kv",
            "head_dim", "attention.key_length",
            "vocab_size", "vocab_size",
            "sliding_window", "attention.sliding_window");
    if (values.containsKey("attention_scale")) {
      keys.put(prefix + "attention.scale", GgufValue.f32((float) real("attention_scale")));
    }
    words.forEach(
        (word, key) -> {
          if (values.containsKey(word)) {
            keys.put(prefix + key, GgufValue.u32(whole(word)));
          }
        });
    keys.put(prefix + "attention.value_length", GgufValue.u32(whole("head_dim")));
    keys.put(prefix + "rope.freq_base", GgufValue.f32((float) real("rope_theta")));
    keys.put(
        prefix + "attention.layer_norm_rms_epsilon", GgufValue.f32((float) real("rms_norm_eps")));
    if (values.containsKey("attention_scale")) {
      keys.put(prefix + "attention.scale", GgufValue.f32((float) real("attention_scale")));
    }
    if (values.containsKey("linear_factor")) {
      keys.put(prefix + "rope.scaling.type", GgufValue.string("linear"));
      keys.put(prefix + "rope.scaling.factor", GgufValue.f32((float) real("linear_factor")));
    }
    if (tokenizer) {
      keys.put("tokenizer.ggml.model", GgufValue.string("gpt2"));
      keys.put("tokenizer.ggml.pre", GgufValue.string(preTokenizer));
      keys.put("tokenizer.ggml.tokens", GgufValue.array(ValueType.STRING, tokens));
      keys.put("tokenizer.ggml.token_type", GgufValue.array(ValueType.I32, types()));
      keys.put("tokenizer.ggml.merges", GgufValue.array(ValueType.STRING, merges));
      if (endStated) {
        keys.put("tokenizer.ggml.eos_token_id", GgufValue.u32(endOfText));
      }
      keys.put("tokenizer.ggml.padding_token_id", GgufValue.u32(padding));
      if (chatTemplate != null) {
        keys.put("tokenizer.chat_template", GgufValue.string(chatTemplate));
      }
      keys.put("tokenizer.ggml.bos_token_id", GgufValue.u32(END));
      keys.put("tokenizer.ggml.add_bos_token", GgufValue.bool(addBos));
    }
    return keys;
  }

  private List<Long> types() {
    return tokens.stream().map(token -> endIsControl && token.startsWith("<|") ? 3L : 1L).toList();
  }

  Map<String, Object> apr() {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("model_type", architecture);
    keys.put("architecture", architecture);
    Map<String, String> words =
        Map.of(
            "num_hidden_layers", "num_layers",
            "num_attention_heads", "num_heads",
            "num_key_value_heads", "num_kv_heads");
    values.forEach(
        (word, value) -> {
          if (!word.equals("linear_factor") && !word.equals("tie_word_embeddings")) {
            keys.put(words.getOrDefault(word, word), value);
          }
        });
    if (values.containsKey("linear_factor")) {
      keys.put("rope_scaling", Map.of("rope_type", "linear", "factor", real("linear_factor")));
    }
    keys.putIfAbsent("rope_type", 2L);
    if (tokenizer) {
      keys.put("tokenizer.model", "gpt2");
      keys.put("tokenizer.pre_type", preTokenizer);
      keys.put("tokenizer.vocabulary", tokens);
      keys.put("tokenizer.vocab_size", (long) tokens.size());
      keys.put("tokenizer.token_type", types());
      keys.put("tokenizer.merges", merges);
      if (endStated) {
        keys.put("tokenizer.eos_token_id", endOfText);
      }
      keys.put("tokenizer.padding_token_id", (long) padding);
      if (chatTemplate != null) {
        keys.put("tokenizer.chat_template", chatTemplate);
      }
      keys.put("tokenizer.bos_token_id", (long) END);
      keys.put("tokenizer.add_bos_token", addBos);
    }
    return keys;
  }

  String huggingFace() {
    return values.entrySet().stream()
        .map(
            entry ->
                entry.getKey().equals("linear_factor")
                    ? String.format(
                        Locale.ROOT,
                        "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": %s}",
                        entry.getValue())
                    : "\"" + entry.getKey() + "\": " + entry.getValue())
        .collect(
            Collectors.joining(
                ",\n  ",
                "{\n  \"model_type\": \"" + architecture + "\",\n  \"hidden_act\": \"silu\",\n  ",
                "\n}\n"));
  }
}
