package dev.rosetta.normalize;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.ConfigValue.Origin;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.ConfigKeys.Stated;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Works out the effective configuration: what the file states, what its shapes imply, and the
 * architecture's defaults, in that order. Where a statement contradicts the shapes, the shapes are
 * taken, so that the model can be run, and the contradiction is a finding.
 */
final class EffectiveConfig {
  private static final Map<String, String> FAMILIES =
      Map.ofEntries(
          Map.entry("llama", "llama"),
          Map.entry("llamaforcausallm", "llama"),
          Map.entry("mistral", "llama"),
          Map.entry("mistralforcausallm", "llama"),
          Map.entry("smollm", "llama"),
          Map.entry("tinyllama", "llama"),
          Map.entry("qwen2", "qwen2"),
          Map.entry("qwen2.5", "qwen2"),
          Map.entry("qwen", "qwen2"),
          Map.entry("qwen2forcausallm", "qwen2"),
          Map.entry("qwen2_vl", "qwen2"),
          Map.entry("qwen2_vl_text", "qwen2"),
          Map.entry("qwen2_5_vl", "qwen2"),
          Map.entry("qwen2_5_vl_text", "qwen2"),
          Map.entry("qwen2vl", "qwen2"),
          Map.entry("qwen3", "qwen3"),
          Map.entry("qwen3forcausallm", "qwen3"),
          Map.entry("qwen3_vl_text", "qwen3"),
          Map.entry("qwen3vl", "qwen3"));

  /** What every family's config class takes where a language part does not state it. */
  private static final long HEADS_BY_DEFAULT = 32;

  /** Larger than any published model, small enough that products of two stay far from overflow. */
  private static final long MAX_SIZE = 1L << 26;

  /** Every layer has its own objects, whether or not the file has tensors for it. */
  private static final long MAX_LAYERS = 4096;

  private final ModelSource source;
  private final Shapes shapes;
  private final List<Finding> findings;
  private final EnumMap<ConfigField, ConfigValue> fields = new EnumMap<>(ConfigField.class);
  private final ConfigKeys keys;
  private final Optional<LanguagePart> languagePart;

  private EffectiveConfig(ModelSource source, Shapes shapes, List<Finding> findings) {
    this.source = source;
    this.shapes = shapes;
    this.findings = findings;
    String prefix =
        source.dialect() == MetadataDialect.GGUF
            ? source.metadata().value("general.architecture").map(Object::toString).orElse("") + "."
            : "";
    this.languagePart = LanguagePart.of(source);
    this.keys =
        new ConfigKeys(
            source.metadata(),
            source.dialect(),
            prefix,
            languagePart.map(LanguagePart::scope).orElse(""));
  }

  /**
   * The effective configuration of {@code source}.
   *
   * @param ggufRows whether Q/K rows of a llama model come in ggml's interleaved order
   * @throws ModelException if the architecture is not supported or a needed size cannot be had
   */
  static ModelConfig of(
      ModelSource source, Shapes shapes, RowConvention ggufRows, List<Finding> findings) {
    EffectiveConfig effective = new EffectiveConfig(source, shapes, findings);
    effective.resolve(ggufRows);
    return new ModelConfig(effective.fields);
  }

  private void resolve(RowConvention rows) {
    architecture();
    long hidden = size(ConfigField.HIDDEN_SIZE, shapes.hidden(), "length of the norms");
    layers();
    size(ConfigField.VOCAB_SIZE, shapes.other(Part.EMBEDDING, hidden), "rows of the embedding");
    size(ConfigField.INTERMEDIATE_SIZE, feedForward(hidden), "rows of the feed-forward weights");
    heads(hidden);
    real(ConfigField.RMS_NORM_EPS, isQwen() ? 1e-6 : llamaEps());
    real(ConfigField.ROPE_THETA, defaultTheta());
    put(ConfigField.ROPE_SCALING, RopeReading.scaling(source, keys, findings));
    put(ConfigField.ROPE_STYLE, RopeReading.style(source, family(), rows, findings));
    tiedEmbeddings();
    activation();
    attentionScale();
    slidingWindow();
    new StatedTwice(source, keys).find(findings);
  }

  private void architecture() {
    Optional<Stated> stated =
        switch (source.dialect()) {
          case GGUF -> keys.first(List.of("general.architecture"));
          case HUGGING_FACE -> keys.first(List.of("model_type", "architectures"));
          case APR ->
              keys.first(
                  List.of("architecture", "hf_model_type", "model_type", "model.architecture"));
        };
    if (stated.isPresent()) {
      Object value = stated.get().value();
      String name =
          String.valueOf(
              value instanceof List<?> list && !list.isEmpty() ? list.getFirst() : value);
      String family = FAMILIES.get(name.toLowerCase(Locale.ROOT));
      if (family != null) {
        put(ConfigField.ARCHITECTURE, new ConfigValue(family, Origin.STATED, stated.get().key()));
        return;
      }
      if (source.dialect() != MetadataDialect.APR || !isPlaceholder(name)) {
        throw new ModelException(
            ErrorCode.UNSUPPORTED_ARCHITECTURE,
            source.path(),
            stated.get().key()
                + " is '"
                + name
                + "'"
                + languagePart.map(part -> ", inside '" + part.type() + "'").orElse("")
                + "; this version runs llama, mistral, qwen2 and qwen3");
      }
    }
    if (!shapes.has(Part.EMBEDDING) || shapes.layers().isEmpty()) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ARCHITECTURE,
          source.path(),
          withoutConfig() + "no architecture is stated and the tensors are not those of a decoder");
    }
    String family =
        shapes.has(Part.Q_NORM)
            ? "qwen3"
            : shapes.hasBias(Part.Q) || shapes.hasBias(Part.QKV) ? "qwen2" : "llama";
    put(
        ConfigField.ARCHITECTURE,
        new ConfigValue(family, Origin.DERIVED, "tensors present (q_norm, q bias)"));
  }

  private static boolean isPlaceholder(String name) {
    return name.equalsIgnoreCase("auto")
        || name.equalsIgnoreCase("unknown")
        || name.startsWith("transformer");
  }

  private OptionalLong feedForward(long hidden) {
    OptionalLong gate = shapes.other(Part.FFN_GATE, hidden);
    if (gate.isPresent()) {
      return gate;
    }
    OptionalLong fused = shapes.other(Part.GATE_UP, hidden);
    return fused.isPresent() ? OptionalLong.of(fused.getAsLong() / 2) : fused;
  }

  private void heads(long hidden) {
    OptionalLong qRows = shapes.other(Part.Q, hidden);
    OptionalLong kRows = shapes.other(Part.K, hidden);
    Optional<Long> statedDim = integer(ConfigField.HEAD_DIM);
    OptionalLong fromDim =
        statedDim.isPresent() && qRows.isPresent() && qRows.getAsLong() % statedDim.get() == 0
            ? OptionalLong.of(qRows.getAsLong() / statedDim.get())
            : OptionalLong.empty();
    long heads = heads(fromDim);
    long dim;
    if (statedDim.isPresent()) {
      dim = size(ConfigField.HEAD_DIM, OptionalLong.empty(), "");
    } else {
      long rows = qRows.isPresent() && qRows.getAsLong() % heads == 0 ? qRows.getAsLong() : hidden;
      dim = rows / heads;
      put(ConfigField.HEAD_DIM, new ConfigValue(dim, Origin.DERIVED, "rows of Q over num_heads"));
    }
    if (dim <= 0 || dim % 2 != 0) {
      throw new ModelException(
          ErrorCode.CONFIG_SHAPE_CONFLICT,
          source.path(),
          "head_dim is " + dim + "; it must be even and positive");
    }
    OptionalLong kv =
        kRows.isPresent() && kRows.getAsLong() % dim == 0
            ? OptionalLong.of(kRows.getAsLong() / dim)
            : OptionalLong.empty();
    if (integer(ConfigField.NUM_KV_HEADS).isEmpty() && kv.isEmpty()) {
      put(ConfigField.NUM_KV_HEADS, new ConfigValue(heads, Origin.DEFAULT, "num_heads"));
    } else {
      size(ConfigField.NUM_KV_HEADS, kv, "rows of K over head_dim");
    }
    long kvHeads = (long) value(ConfigField.NUM_KV_HEADS);
    if (heads % kvHeads != 0) {
      throw new ModelException(
          ErrorCode.CONFIG_SHAPE_CONFLICT,
          source.path(),
          "num_heads " + heads + " is no multiple of num_kv_heads " + kvHeads);
    }
    Optional<Stated> part =
        keys.first(List.of("partial_rotary_factor", "hf_config/partial_rotary_factor"));
    if (part.isPresent()
        && !(part.get().value() instanceof Number factor && factor.doubleValue() == 1)) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ARCHITECTURE,
          source.path(),
          part.get().key()
              + " is "
              + part.get().value()
              + "; rotating part of a head is not supported");
    }
    Optional<Stated> rotary = keys.architectureKey("rope.dimension_count");
    if (source.dialect() == MetadataDialect.GGUF
        && rotary.isPresent()
        && !rotary.get().value().equals(dim)) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ARCHITECTURE,
          source.path(),
          rotary.get().key()
              + " is "
              + rotary.get().value()
              + " but head_dim is "
              + dim
              + "; rotating part of a head is not supported");
    }
  }

  private long heads(OptionalLong fromDim) {
    boolean nested = languagePart.isPresent() && keys.stated(ConfigField.NUM_HEADS).isEmpty();
    if (!nested || fromDim.isPresent()) {
      return size(ConfigField.NUM_HEADS, fromDim, "rows of Q over head_dim");
    }
    put(
        ConfigField.NUM_HEADS,
        new ConfigValue(HEADS_BY_DEFAULT, Origin.DEFAULT, "the transformers library"));
    return HEADS_BY_DEFAULT;
  }

  private void layers() {
    long layers = size(ConfigField.NUM_LAYERS, shapes.layers(), "layers that have tensors");
    if (layers > MAX_LAYERS) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          source.path(),
          "the model has "
              + layers
              + " layers by its config or the names of its tensors; the limit"
              + " is "
              + MAX_LAYERS);
    }
  }

  /** A positive size: as the shapes have it, else as stated. */
  private long size(ConfigField field, OptionalLong fromShapes, String rule) {
    Optional<Stated> stated = keys.stated(field);
    Optional<Long> number = integer(field);
    if (number.isPresent() && stated.isPresent()) {
      boolean conflict = fromShapes.isPresent() && fromShapes.getAsLong() != number.get();
      if (conflict) {
        findings.add(
            new Finding(
                DiagnosisCode.CONFIG_SHAPE_CONFLICT,
                Severity.ERROR,
                field.label(),
                null,
                stated.get().key()
                    + " says "
                    + number.get()
                    + ", but the "
                    + rule
                    + " give "
                    + fromShapes.getAsLong()));
      }
      if (!conflict || field == ConfigField.NUM_LAYERS) {
        put(field, new ConfigValue(number.get(), Origin.STATED, stated.get().key()));
        return number.get();
      }
    }
    if (fromShapes.isEmpty()) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source.path(),
          withoutConfig() + field.label() + " is neither stated nor follows from the tensors");
    }
    long derived = fromShapes.getAsLong();
    if (derived <= 0 || derived > MAX_SIZE) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source.path(),
          field.label()
              + " must be from 1 to "
              + MAX_SIZE
              + ", but the "
              + rule
              + " give "
              + derived);
    }
    put(field, new ConfigValue(derived, Origin.DERIVED, rule));
    return derived;
  }

  /** What to say first where the weights came without any config. */
  private String withoutConfig() {
    boolean missing = source.notes().stream().anyMatch(n -> n.code().equals("CONFIG_MISSING"));
    return missing
        ? "there is no config.json; put the model's own beside the weights. Without it, "
        : "";
  }

  private Optional<Long> integer(ConfigField field) {
    Optional<Stated> stated = keys.stated(field);
    if (stated.isEmpty()) {
      return Optional.empty();
    }
    Object value = stated.get().value();
    if (value instanceof List<?> perLayer && !perLayer.isEmpty()) {
      if (perLayer.stream().distinct().count() != 1) {
        throw new ModelException(
            ErrorCode.UNSUPPORTED_ARCHITECTURE,
            source.path(),
            stated.get().key() + " differs from layer to layer, which is not supported");
      }
      value = perLayer.getFirst();
    }
    if (!(value instanceof Long number) || number <= 0 || number > MAX_SIZE) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source.path(),
          stated.get().key() + " must be a whole number from 1 to " + MAX_SIZE);
    }
    return Optional.of(number);
  }

  private void real(ConfigField field, double byDefault) {
    Optional<Stated> stated = keys.stated(field);
    if (stated.isEmpty()) {
      put(field, new ConfigValue(byDefault, Origin.DEFAULT, family()));
      return;
    }
    double number = stated.get().value() instanceof Number value ? value.doubleValue() : Double.NaN;
    if (!(number > 0) || Double.isInfinite(number)) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source.path(),
          stated.get().key() + " must be a finite number above 0");
    }
    put(field, new ConfigValue(number, Origin.STATED, stated.get().key()));
  }

  private double defaultTheta() {
    return source.dialect() == MetadataDialect.APR && isQwen() ? 1e6 : 1e4;
  }

  private double llamaEps() {
    return source.dialect() == MetadataDialect.HUGGING_FACE ? 1e-6 : 1e-5;
  }

  private void tiedEmbeddings() {
    Optional<Stated> stated = keys.stated(ConfigField.TIED_EMBEDDINGS);
    if (!shapes.has(Part.OUTPUT) && isHeadDamaged()) {
      boolean tied = stated.isPresent() && stated.get().value().equals(true);
      put(
          ConfigField.TIED_EMBEDDINGS,
          new ConfigValue(tied, Origin.DERIVED, "there is an output weight, which is damaged"));
    } else if (!shapes.has(Part.OUTPUT)) {
      put(
          ConfigField.TIED_EMBEDDINGS,
          new ConfigValue(true, Origin.DERIVED, "there is no output weight"));
      if (stated.isPresent() && stated.get().value().equals(false)) {
        findings.add(
            new Finding(
                DiagnosisCode.TENSOR_MISSING,
                Severity.ERROR,
                "output.weight",
                null,
                stated.get().key() + " is false, but there is no output weight"));
      }
    } else if (stated.isPresent() && stated.get().value() instanceof Boolean tied) {
      put(ConfigField.TIED_EMBEDDINGS, new ConfigValue(tied, Origin.STATED, stated.get().key()));
    } else {
      put(
          ConfigField.TIED_EMBEDDINGS,
          new ConfigValue(false, Origin.DERIVED, "there is an output weight"));
    }
  }

  /** A head that cannot be read is none that was left out. */
  private boolean isHeadDamaged() {
    return source.notes().stream()
        .filter(note -> note.severity() == Severity.ERROR && note.tensor() != null)
        .flatMap(note -> TensorNames.role(Objects.requireNonNull(note.tensor())).stream())
        .anyMatch(TensorRole.weight(Part.OUTPUT)::equals);
  }

  private void activation() {
    Optional<Stated> stated = keys.stated(ConfigField.ACTIVATION);
    if (stated.isPresent() && !stated.get().value().equals("silu")) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ARCHITECTURE,
          source.path(),
          stated.get().key() + " is '" + stated.get().value() + "'; only silu is supported");
    }
    put(
        ConfigField.ACTIVATION,
        stated
            .map(s -> new ConfigValue("silu", Origin.STATED, s.key()))
            .orElse(new ConfigValue("silu", Origin.DEFAULT, family())));
  }

  private void attentionScale() {
    Optional<Stated> stated = keys.stated(ConfigField.ATTENTION_SCALE);
    if (stated.isPresent()
        && stated.get().value() instanceof Number number
        && number.doubleValue() > 0) {
      put(
          ConfigField.ATTENTION_SCALE,
          new ConfigValue(number.doubleValue(), Origin.STATED, stated.get().key()));
    } else {
      double scale = 1 / Math.sqrt((double) (long) value(ConfigField.HEAD_DIM));
      put(ConfigField.ATTENTION_SCALE, new ConfigValue(scale, Origin.DEFAULT, "1/sqrt(head_dim)"));
    }
  }

  private void slidingWindow() {
    Optional<Stated> stated = keys.stated(ConfigField.SLIDING_WINDOW);
    Optional<Stated> use =
        keys.first(List.of("use_sliding_window", "hf_config/use_sliding_window"));
    // Qwen's configs state a window that is not used unless they say so.
    boolean on =
        use.map(s -> s.value().equals(true))
            .orElse(source.dialect() == MetadataDialect.GGUF || !isQwen());
    if (on && stated.isPresent() && stated.get().value() instanceof Long window && window > 0) {
      put(ConfigField.SLIDING_WINDOW, new ConfigValue(window, Origin.STATED, stated.get().key()));
    } else {
      put(ConfigField.SLIDING_WINDOW, new ConfigValue(0L, Origin.DEFAULT, "no window"));
    }
  }

  private boolean isQwen() {
    return !family().equals("llama");
  }

  private String family() {
    return (String) value(ConfigField.ARCHITECTURE);
  }

  private Object value(ConfigField field) {
    ConfigValue value = fields.get(field);
    if (value == null) {
      throw new IllegalStateException(field.label() + " is not resolved yet");
    }
    return value.value();
  }

  private void put(ConfigField field, ConfigValue value) {
    fields.put(field, value);
  }
}
