package dev.rosetta.formats.convert;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a model's facts from the words of its format, and says what of it the new file cannot. */
final class StatedFacts {
  private static final Map<String, String> FAMILIES =
      Map.ofEntries(
          Map.entry("llama", "llama"),
          Map.entry("llamaforcausallm", "llama"),
          Map.entry("mistral", "llama"),
          Map.entry("mistralforcausallm", "llama"),
          Map.entry("smollm", "llama"),
          Map.entry("tinyllama", "llama"),
          Map.entry("qwen", "qwen2"),
          Map.entry("qwen2", "qwen2"),
          Map.entry("qwen2.5", "qwen2"),
          Map.entry("qwen2forcausallm", "qwen2"),
          Map.entry("qwen3", "qwen3"),
          Map.entry("qwen3forcausallm", "qwen3"));

  private static final int MAX_LAYERS = 4096;

  private final ModelSource source;
  private final Metadata metadata;
  private final List<String> notes = new ArrayList<>();
  private final Map<TensorRole, List<Long>> shapes;
  private final StatedKeys keys;

  /**
   * @param shapes dims of the weights, {@code [out, in]}
   */
  StatedFacts(ModelSource source, Map<TensorRole, List<Long>> shapes) {
    this.source = source;
    this.metadata = source.metadata();
    this.shapes = shapes;
    this.keys = new StatedKeys(source);
  }

  /**
   * @throws ModelException if the architecture is not supported or a size is neither stated nor
   *     follows from the tensors
   */
  ModelFacts read() {
    String family = family();
    int hidden =
        keys.size(
            "embedding_length",
            List.of("hidden_size", "hidden_dim", "d_model", "n_embd"),
            () -> dim(TensorRole.weight(Part.FINAL_NORM), 0));
    int heads =
        keys.size(
            "attention.head_count",
            List.of("num_heads", "num_attention_heads", "n_heads", "n_head"),
            () -> 0);
    int headDim =
        keys.size(
            "attention.key_length",
            List.of("head_dim"),
            () -> dim(TensorRole.weight(Part.Q, 0), 0) / heads);
    int kvHeads =
        keys.size(
            "attention.head_count_kv",
            List.of("num_kv_heads", "num_key_value_heads", "n_kv_heads"),
            () -> dim(TensorRole.weight(Part.K, 0), 0) / headDim);
    long context =
        keys.count("context_length", List.of("max_position_embeddings", "max_seq_len", "n_ctx"));
    long rows = keys.count("vocab_size", List.of("vocab_size", "n_vocab"));
    int vocab = dim(TensorRole.weight(Part.EMBEDDING), 0);
    if (rows != 0 && rows != vocab) {
      notes.add(
          "vocab_size is " + rows + ", the embedding has " + vocab + " rows; the new file says so");
    }
    keys.value("attention.value_length", List.of());
    requireWholeRotation(headDim);
    ModelFacts facts =
        new ModelFacts(
            family,
            keys.text(List.of("general.name", "name", "_name_or_path")),
            keys.size(
                "block_count",
                List.of("num_layers", "num_hidden_layers", "n_layers", "n_layer"),
                this::layers),
            hidden,
            heads,
            kvHeads,
            headDim,
            keys.size(
                "feed_forward_length",
                List.of("intermediate_size", "ffn_dim", "intermediate_dim", "n_inner"),
                () -> dim(TensorRole.weight(Part.FFN_DOWN, 0), 1)),
            vocab,
            context,
            theta(family),
            eps(family),
            tied(),
            scaling(),
            window(family));
    requireSound(facts);
    return facts;
  }

  /** What the new file states otherwise than the old one. */
  List<String> notes() {
    return notes;
  }

  /** Keys that were not understood, in file order. */
  List<String> leftOver() {
    return keys.leftOver();
  }

  private String family() {
    Object stated =
        switch (source.dialect()) {
          case GGUF -> keys.first(List.of("general.architecture"));
          case APR -> keys.first(List.of("architecture", "hf_model_type", "model_type"));
          case HUGGING_FACE -> keys.first(List.of("model_type", "architectures"));
        };
    keys.first(List.of("model_type"));
    keys.first(List.of("architectures"));
    keys.first(List.of("hf_architecture"));
    if (source.dialect() == MetadataDialect.GGUF) {
      keys.setArchitecture(String.valueOf(stated));
    }
    Object one = stated instanceof List<?> list && !list.isEmpty() ? list.getFirst() : stated;
    String family = FAMILIES.get(String.valueOf(one).toLowerCase(Locale.ROOT));
    if (family == null) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ARCHITECTURE,
          source.path(),
          "the architecture is " + one + "; llama, mistral, qwen2 and qwen3 can be converted");
    }
    return family;
  }

  private double theta(String family) {
    boolean qwenInApr = source.dialect() == MetadataDialect.APR && family.startsWith("qwen");
    Object stated = keys.value("rope.freq_base", List.of("rope_theta"));
    if (metadata.value("rope_parameters").orElse(null) instanceof Map<?, ?> map
        && map.get("rope_theta") != null) {
      stated = map.get("rope_theta");
    }
    return stated == null ? qwenInApr ? 1e6 : 1e4 : keys.positive("rope theta", stated);
  }

  private double eps(String family) {
    Object stated =
        keys.value(
            "attention.layer_norm_rms_epsilon",
            List.of("rms_norm_eps", "layer_norm_eps", "norm_eps"));
    if (stated != null) {
      return keys.positive("RMS norm epsilon", stated);
    }
    boolean small = family.startsWith("qwen") || source.dialect() == MetadataDialect.HUGGING_FACE;
    return small ? 1e-6 : 1e-5;
  }

  private boolean tied() {
    boolean stated = keys.flag("tied_embeddings", "tie_word_embeddings");
    return !shapes.containsKey(TensorRole.weight(Part.OUTPUT)) || stated;
  }

  private @Nullable Map<String, Object> scaling() {
    Map<String, Object> scaling =
        source.dialect() == MetadataDialect.GGUF ? ggufScaling() : jsonScaling();
    if (scaling != null) {
      RopeScaling.requireConvertible(scaling, source.path());
    }
    return scaling;
  }

  private @Nullable Map<String, Object> jsonScaling() {
    for (String key : List.of("rope_scaling", "rope_parameters")) {
      Object stated = keys.value("", List.of(key));
      if (stated instanceof Map<?, ?> map) {
        Map<String, Object> scaling = new LinkedHashMap<>();
        map.forEach(
            (name, value) -> {
              if (value != null) {
                scaling.put(name.toString(), value);
              }
            });
        Object type = Llama3Frequencies.type(scaling);
        return type == null || type.equals("default") ? null : scaling;
      }
      if (stated != null) {
        throw keys.wrong(key, stated, "an object");
      }
    }
    return null;
  }

  private @Nullable Map<String, Object> ggufScaling() {
    Object type = keys.value("rope.scaling.type", List.of());
    Object factor = keys.value("rope.scaling.factor", List.of());
    if (factor == null) {
      factor = keys.value("rope.scale_linear", List.of());
    }
    Object original = keys.value("rope.scaling.original_context_length", List.of());
    Object attention = keys.value("rope.scaling.attn_factor", List.of());
    keys.value("rope.scaling.finetuned", List.of());
    boolean none = type == null ? factor == null || factor.equals(1.0) : type.equals("none");
    if (none) {
      return null;
    }
    Map<String, Object> scaling = new LinkedHashMap<>();
    scaling.put("rope_type", type == null ? "linear" : type);
    scaling.put("factor", factor == null ? 1.0 : factor);
    if (original != null) {
      scaling.put("original_max_position_embeddings", original);
    }
    if (attention != null) {
      scaling.put("attention_factor", attention);
    }
    return scaling;
  }

  private long window(String family) {
    Object stated = keys.value("attention.sliding_window", List.of("sliding_window"));
    Object use = metadata.value("use_sliding_window").orElse(null);
    if (stated == null && keys.value("", List.of("hf_config")) instanceof Map<?, ?> config) {
      stated = config.get("sliding_window");
      use = config.get("use_sliding_window");
    }
    if (use != null && !(use instanceof Boolean)) {
      throw keys.wrong("use_sliding_window", use, "true or false");
    }
    long window = keys.count("sliding_window", stated);
    boolean on =
        use == null
            ? source.dialect() == MetadataDialect.GGUF || !family.startsWith("qwen")
            : use.equals(true);
    return on ? window : 0;
  }

  /** No format here rotates a part of a head in the families that can be written. */
  private void requireWholeRotation(int headDim) {
    long rotated = keys.count("rope.dimension_count", List.of());
    Object part = keys.value("", List.of("partial_rotary_factor"));
    if (rotated != 0 && rotated != headDim
        || part != null && !(part instanceof Number factor && factor.doubleValue() == 1)) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ARCHITECTURE,
          source.path(),
          "only a part of each head is rotated ("
              + (part == null ? rotated + " of " + headDim : "partial_rotary_factor " + part)
              + "), which cannot be converted");
    }
  }

  private int layers() {
    return 1 + shapes.keySet().stream().mapToInt(TensorRole::layer).max().orElse(-1);
  }

  private int dim(TensorRole role, int index) {
    List<Long> dims = shapes.get(role);
    if (dims == null || dims.size() <= index || dims.get(index) > StatedKeys.MAX_SIZE) {
      return 0;
    }
    return dims.get(index).intValue();
  }

  /** What no head can be shared or rotated by would end in rows that are not there. */
  private void requireSound(ModelFacts facts) {
    if (facts.layers() > MAX_LAYERS) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          source.path(),
          "the model has " + facts.layers() + " layers; the limit is " + MAX_LAYERS);
    }
    if (facts.heads() % facts.kvHeads() != 0 || facts.headDim() % 2 != 0) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source.path(),
          facts.heads()
              + " heads of size "
              + facts.headDim()
              + " cannot share "
              + facts.kvHeads()
              + " key/value heads, or be rotated");
    }
  }
}
