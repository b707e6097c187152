package dev.rosetta.formats.convert;

import dev.rosetta.formats.gguf.GgufValue;
import dev.rosetta.formats.gguf.ValueType;
import dev.rosetta.model.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** A model's facts and tokenizer in the keys of GGUF. */
final class GgufMetadataOf {
  private final SequencedMap<String, GgufValue> keys = new LinkedHashMap<>();

  private GgufMetadataOf() {}

  static SequencedMap<String, GgufValue> content(ModelContent content) {
    GgufMetadataOf metadata = new GgufMetadataOf();
    metadata.facts(content.facts());
    ElementMix mix = content.mix();
    if (mix != null) {
      metadata.keys.put("general.file_type", GgufValue.u32(mix.fileType()));
    }
    Vocabulary vocabulary = content.vocabulary();
    if (vocabulary != null) {
      metadata.vocabulary(vocabulary);
    }
    return metadata.keys;
  }

  private void facts(ModelFacts facts) {
    String a = facts.architecture() + ".";
    keys.put("general.architecture", GgufValue.string(facts.architecture()));
    string("general.name", facts.name());
    count(a + "block_count", facts.layers());
    if (facts.context() > 0) {
      count(a + "context_length", facts.context());
    }
    count(a + "embedding_length", facts.hidden());
    count(a + "feed_forward_length", facts.ffn());
    count(a + "attention.head_count", facts.heads());
    count(a + "attention.head_count_kv", facts.kvHeads());
    keys.put(a + "attention.layer_norm_rms_epsilon", GgufValue.f32((float) facts.rmsNormEps()));
    keys.put(a + "rope.freq_base", GgufValue.f32((float) facts.ropeTheta()));
    if (facts.architecture().equals("qwen3")
        || (long) facts.heads() * facts.headDim() != facts.hidden()) {
      count(a + "attention.key_length", facts.headDim());
      count(a + "attention.value_length", facts.headDim());
    }
    if (facts.architecture().equals("llama")) {
      count(a + "rope.dimension_count", facts.headDim());
      count(a + "vocab_size", facts.vocab());
    }
    if (facts.slidingWindow() > 0) {
      count(a + "attention.sliding_window", facts.slidingWindow());
    }
    Map<String, Object> scaling = facts.ropeScaling();
    if (scaling != null) {
      scaling(a + "rope.scaling.", scaling);
    }
  }

  private void scaling(String prefix, Map<String, Object> scaling) {
    Object type = Llama3Frequencies.type(scaling);
    if ("linear".equals(type) || "yarn".equals(type)) {
      keys.put(prefix + "type", GgufValue.string(String.valueOf(type)));
      keys.put(
          prefix + "factor", GgufValue.f32((float) Llama3Frequencies.number(scaling, "factor", 1)));
    }
    if ("yarn".equals(type)) {
      long original =
          (long) Llama3Frequencies.number(scaling, "original_max_position_embeddings", 0);
      if (original > 0) {
        count(prefix + "original_context_length", original);
      }
      double attention = Llama3Frequencies.number(scaling, "attention_factor", Double.NaN);
      if (!Double.isNaN(attention)) {
        keys.put(prefix + "attn_factor", GgufValue.f32((float) attention));
      }
    }
  }

  private void vocabulary(Vocabulary vocabulary) {
    String t = "tokenizer.ggml.";
    string(t + "model", vocabulary.model());
    string(t + "pre", vocabulary.preTokenizer());
    keys.put(t + "tokens", GgufValue.array(ValueType.STRING, vocabulary.tokens()));
    float[] scores = vocabulary.scores();
    if (scores != null) {
      List<Double> values = new ArrayList<>(scores.length);
      for (float score : scores) {
        values.add(Double.parseDouble(Float.toString(score)));
      }
      keys.put(t + "scores", GgufValue.array(ValueType.F32, values));
    }
    int[] types = vocabulary.types();
    if (types != null) {
      keys.put(
          t + "token_type",
          GgufValue.array(ValueType.I32, Arrays.stream(types).asLongStream().boxed().toList()));
    }
    if (!vocabulary.merges().isEmpty()) {
      keys.put(t + "merges", GgufValue.array(ValueType.STRING, vocabulary.merges()));
    }
    id(t + "bos_token_id", vocabulary.bos());
    id(t + "eos_token_id", vocabulary.eos());
    id(t + "eot_token_id", vocabulary.endOfTurn());
    id(t + "unknown_token_id", vocabulary.unknown());
    id(t + "padding_token_id", vocabulary.padding());
    flag(t + "add_bos_token", vocabulary.addBos());
    flag(t + "add_eos_token", vocabulary.addEos());
    flag(t + "add_space_prefix", vocabulary.addSpacePrefix());
    string("tokenizer.chat_template", vocabulary.chatTemplate());
  }

  private void count(String key, long value) {
    keys.put(key, GgufValue.u32(value));
  }

  private void id(String key, OptionalInt id) {
    id.ifPresent(value -> count(key, value));
  }

  private void string(String key, @Nullable String value) {
    if (value != null) {
      keys.put(key, GgufValue.string(value));
    }
  }

  private void flag(String key, @Nullable Boolean value) {
    if (value != null) {
      keys.put(key, GgufValue.bool(value));
    }
  }
}
