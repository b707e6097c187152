package dev.rosetta.formats.convert;

import dev.rosetta.model.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A model's facts and tokenizer in the fields of APR; one spelling each, none null. */
final class AprMetadataOf {
  /** APR's code of split-half rotary pairs, the order in which rows are written. */
  private static final long SPLIT_HALVES = 2;

  private final Map<String, Object> fields = new LinkedHashMap<>();

  private AprMetadataOf() {}

  static Map<String, Object> content(ModelContent content) {
    AprMetadataOf metadata = new AprMetadataOf();
    metadata.facts(content.facts());
    Vocabulary vocabulary = content.vocabulary();
    if (vocabulary != null) {
      metadata.vocabulary(vocabulary);
    }
    return metadata.fields;
  }

  private void facts(ModelFacts facts) {
    fields.put("model_type", facts.architecture());
    put("name", facts.name());
    fields.put("architecture", facts.architecture());
    count("hidden_size", facts.hidden());
    count("num_layers", facts.layers());
    count("num_heads", facts.heads());
    count("num_kv_heads", facts.kvHeads());
    count("vocab_size", facts.vocab());
    count("intermediate_size", facts.ffn());
    if (facts.context() > 0) {
      count("max_position_embeddings", facts.context());
    }
    fields.put("rope_theta", facts.ropeTheta());
    count("rope_type", SPLIT_HALVES);
    fields.put("rms_norm_eps", facts.rmsNormEps());
    count("head_dim", facts.headDim());
    if (facts.tied()) {
      fields.put("tied_embeddings", true);
    }
    if (facts.slidingWindow() > 0) {
      // The embedded Hugging Face config is where readers look for it.
      Map<String, Object> config = new LinkedHashMap<>();
      config.put("sliding_window", facts.slidingWindow());
      config.put("use_sliding_window", true);
      fields.put("hf_config", config);
    }
    put("rope_scaling", facts.ropeScaling());
  }

  private void vocabulary(Vocabulary vocabulary) {
    put("tokenizer.model", vocabulary.model());
    put("tokenizer.pre_type", vocabulary.preTokenizer());
    fields.put("tokenizer.vocabulary", vocabulary.tokens());
    count("tokenizer.vocab_size", vocabulary.tokens().size());
    float[] scores = vocabulary.scores();
    if (scores != null) {
      List<Float> values = new ArrayList<>(scores.length);
      for (float score : scores) {
        values.add(score);
      }
      fields.put("tokenizer.scores", values);
    }
    int[] types = vocabulary.types();
    if (types != null) {
      fields.put("tokenizer.token_type", Arrays.stream(types).asLongStream().boxed().toList());
    }
    if (!vocabulary.merges().isEmpty()) {
      fields.put("tokenizer.merges", vocabulary.merges());
    }
    id("tokenizer.bos_token_id", vocabulary.bos());
    id("tokenizer.eos_token_id", vocabulary.eos());
    id("tokenizer.eot_token_id", vocabulary.endOfTurn());
    id("tokenizer.unknown_token_id", vocabulary.unknown());
    id("tokenizer.padding_token_id", vocabulary.padding());
    put("tokenizer.add_bos_token", vocabulary.addBos());
    put("tokenizer.add_eos_token", vocabulary.addEos());
    put("tokenizer.add_space_prefix", vocabulary.addSpacePrefix());
    put("chat_template", vocabulary.chatTemplate());
  }

  private void count(String key, long value) {
    fields.put(key, value);
  }

  private void id(String key, OptionalInt id) {
    id.ifPresent(value -> count(key, value));
  }

  private void put(String key, @Nullable Object value) {
    if (value != null) {
      fields.put(key, value);
    }
  }
}
