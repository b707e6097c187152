package dev.rosetta.normalize;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where each dialect states a config field. A key may be a path into nested objects, its steps
 * separated by {@code /}.
 */
final class ConfigKeys {
  private final Metadata metadata;
  private final MetadataDialect dialect;
  private final String prefix;
  private final String scope;

  /** A stated value and the key that states it. */
  record Stated(String key, Object value) {}

  /**
   * @param prefix GGUF's architecture prefix, {@code "llama."}; empty for other dialects
   * @param scope the object that holds the decoder's config, {@code "text_config/"}; empty where it
   *     is the whole
   */
  ConfigKeys(Metadata metadata, MetadataDialect dialect, String prefix, String scope) {
    this.metadata = metadata;
    this.dialect = dialect;
    this.prefix = prefix;
    this.scope = scope;
  }

  /** The first key that states {@code field}. */
  Optional<Stated> stated(ConfigField field) {
    return all(field).stream().findFirst();
  }

  /** Every key that states {@code field}, the one that is taken in front. */
  List<Stated> all(ConfigField field) {
    List<String> paths = new ArrayList<>();
    for (String key : candidates(field)) {
      paths.add(scope + key);
    }
    if (field == ConfigField.TIED_EMBEDDINGS && !scope.isEmpty()) {
      paths.addAll(candidates(field)); // The head is the whole model's.
    }
    return paths.stream().flatMap(path -> lookup(path).stream()).toList();
  }

  /** The first of these keys that is present. */
  Optional<Stated> first(List<String> keys) {
    return keys.stream().flatMap(key -> lookup(scope + key).stream()).findFirst();
  }

  /** GGUF's {@code {arch}.name}. */
  Optional<Stated> architectureKey(String name) {
    return first(List.of(prefix + name));
  }

  private Optional<Stated> lookup(String path) {
    String[] steps = path.split("/", -1);
    Optional<Object> value = metadata.value(steps[0]);
    for (int i = 1; i < steps.length && value.isPresent(); i++) {
      value =
          value.get() instanceof Map<?, ?> map
              ? Optional.ofNullable(map.get(steps[i]))
              : Optional.empty();
    }
    return value.map(found -> new Stated(path, found));
  }

  private List<String> candidates(ConfigField field) {
    return switch (dialect) {
      case GGUF -> gguf(field);
      case HUGGING_FACE -> huggingFace(field);
      case APR -> apr(field);
    };
  }

  private List<String> gguf(ConfigField field) {
    String name =
        switch (field) {
          case NUM_LAYERS -> "block_count";
          case HIDDEN_SIZE -> "embedding_length";
          case INTERMEDIATE_SIZE -> "feed_forward_length";
          case NUM_HEADS -> "attention.head_count";
          case NUM_KV_HEADS -> "attention.head_count_kv";
          case HEAD_DIM -> "attention.key_length";
          case VOCAB_SIZE -> "vocab_size";
          case ROPE_THETA -> "rope.freq_base";
          case RMS_NORM_EPS -> "attention.layer_norm_rms_epsilon";
          case SLIDING_WINDOW -> "attention.sliding_window";
          case ATTENTION_SCALE -> "attention.scale";
          default -> null;
        };
    return name == null ? List.of() : List.of(prefix + name);
  }

  /** The names of config.json, then those of the original releases' params.json. */
  private static List<String> huggingFace(ConfigField field) {
    return switch (field) {
      case ARCHITECTURE -> List.of("model_type");
      case NUM_LAYERS -> List.of("num_hidden_layers", "n_layer", "n_layers");
      case HIDDEN_SIZE -> List.of("hidden_size", "n_embd", "dim");
      case INTERMEDIATE_SIZE -> List.of("intermediate_size", "n_inner", "hidden_dim");
      case NUM_HEADS -> List.of("num_attention_heads", "n_head", "n_heads");
      case NUM_KV_HEADS -> List.of("num_key_value_heads", "n_kv_heads");
      case HEAD_DIM -> List.of("head_dim");
      case VOCAB_SIZE -> List.of("vocab_size");
      case ROPE_THETA ->
          List.of("rope_parameters/rope_theta", "rope_scaling/rope_theta", "rope_theta");
      case RMS_NORM_EPS -> List.of("rms_norm_eps", "norm_eps");
      case TIED_EMBEDDINGS -> List.of("tie_word_embeddings");
      case ACTIVATION -> List.of("hidden_act", "hidden_activation");
      case SLIDING_WINDOW -> List.of("sliding_window");
      default -> List.of();
    };
  }

  /** Canonical spelling, aliases, the importer's repeats, then an embedded Hugging Face config. */
  private static List<String> apr(ConfigField field) {
    List<String> keys = new ArrayList<>(aprSpellings(field));
    if (!keys.isEmpty()) {
      keys.add("model." + keys.getFirst());
    }
    for (String key : huggingFace(field)) {
      keys.add("hf_config/" + key);
      keys.add("model_config/" + key);
    }
    return keys;
  }

  private static List<String> aprSpellings(ConfigField field) {
    return switch (field) {
      case ARCHITECTURE -> List.of("architecture", "hf_model_type");
      case NUM_LAYERS -> List.of("num_layers", "n_layers", "num_hidden_layers", "n_layer");
      case HIDDEN_SIZE -> List.of("hidden_size", "hidden_dim", "d_model", "n_embd");
      case INTERMEDIATE_SIZE ->
          List.of("intermediate_size", "ffn_dim", "intermediate_dim", "n_inner");
      case NUM_HEADS -> List.of("num_heads", "n_heads", "num_attention_heads", "n_head");
      case NUM_KV_HEADS -> List.of("num_kv_heads", "n_kv_heads", "num_key_value_heads");
      case HEAD_DIM -> List.of("head_dim");
      case VOCAB_SIZE -> List.of("vocab_size", "n_vocab");
      case ROPE_THETA -> List.of("rope_theta");
      case RMS_NORM_EPS -> List.of("rms_norm_eps", "layer_norm_eps", "norm_eps");
      case TIED_EMBEDDINGS -> List.of("tied_embeddings", "tie_word_embeddings");
      default -> List.of();
    };
  }
}
