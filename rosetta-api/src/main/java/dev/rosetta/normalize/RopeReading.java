package dev.rosetta.normalize;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.ConfigValue.Origin;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.RopeScaling;
import dev.rosetta.model.RopeStyle;
import dev.rosetta.model.Severity;
import dev.rosetta.normalize.ConfigKeys.Stated;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a file says about rotary embedding, in terms of rows in half-split order. */
final class RopeReading {
  private RopeReading() {}

  /**
   * The style that acts on canonical rows. Half-split rows with half-split pairs and interleaved
   * rows with adjacent pairs are the same model; the style belongs to the pair, not to the
   * architecture.
   */
  static ConfigValue style(
      ModelSource source, String family, RowConvention rows, List<Finding> findings) {
    if (source.dialect() != MetadataDialect.APR) {
      return new ConfigValue(RopeStyle.HALF_SPLIT, Origin.DEFAULT, family);
    }
    Optional<Object> stated = source.metadata().value("rope_type");
    if (stated.isEmpty()) {
      return new ConfigValue(RopeStyle.HALF_SPLIT, Origin.DEFAULT, family);
    }
    if (!stated.get().equals(0L) && !stated.get().equals(2L)) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source.path(),
          "rope_type is " + stated.get() + "; it must be 0 (adjacent pairs) or 2 (split halves)");
    }
    boolean adjacent = stated.get().equals(0L);
    if (family.equals("llama")) {
      if (rows == RowConvention.GGUF_INTERLEAVED) {
        return new ConfigValue(
            adjacent ? RopeStyle.HALF_SPLIT : RopeStyle.INTERLEAVED,
            Origin.STATED,
            "rope_type with rows in GGUF order");
      }
      if (adjacent) {
        findings.add(importerHabit("llama rows in half-split order"));
      }
      return new ConfigValue(
          RopeStyle.HALF_SPLIT, Origin.DERIVED, "tensor names of a SafeTensors import");
    }
    if (adjacent && family.equals("qwen3")) {
      findings.add(importerHabit("qwen3"));
      return new ConfigValue(RopeStyle.HALF_SPLIT, Origin.DEFAULT, family);
    }
    return new ConfigValue(
        adjacent ? RopeStyle.INTERLEAVED : RopeStyle.HALF_SPLIT, Origin.STATED, "rope_type");
  }

  private static Finding importerHabit(String what) {
    return new Finding(
        DiagnosisCode.CONFIG_MISMATCH,
        Severity.INFO,
        "rope_style",
        null,
        "rope_type 0 (adjacent pairs) is stated for "
            + what
            + "; importers are known to write it by habit, split halves are used");
  }

  /** The scaling method, from {@code rope.scaling.*} or {@code rope_scaling}. */
  static ConfigValue scaling(ModelSource source, ConfigKeys keys, List<Finding> findings) {
    if (source.dialect() == MetadataDialect.GGUF) {
      return ggufScaling(source, keys);
    }
    Optional<Stated> stated =
        keys.first(
            List.of(
                "rope_scaling",
                "rope_parameters",
                "hf_config/rope_scaling",
                "hf_config/rope_parameters"));
    if (stated.isEmpty()) {
      return originalScaling(keys, findings);
    }
    if (!(stated.get().value() instanceof Map<?, ?> map)) {
      throw new ModelException(
          ErrorCode.MALFORMED, source.path(), stated.get().key() + " must be an object or null");
    }
    Object type = map.get("rope_type") != null ? map.get("rope_type") : map.get("type");
    // Three positions per token, for images: those of a text are all the same.
    boolean ofText = "mrope".equals(type) && LanguagePart.of(source).isPresent();
    String name = type == null || ofText ? "default" : type.toString();
    RopeScaling scaling =
        switch (name) {
          case "default" -> RopeScaling.NONE;
          case "linear" -> RopeScaling.linear(number(source, map, "factor", 1));
          case "llama3" ->
              new RopeScaling(
                  RopeScaling.Kind.LLAMA3,
                  number(source, map, "factor", 8),
                  (long) number(source, map, "original_max_position_embeddings", 8192),
                  number(source, map, "low_freq_factor", 1),
                  number(source, map, "high_freq_factor", 4),
                  0,
                  0,
                  Double.NaN);
          case "yarn" ->
              new RopeScaling(
                  RopeScaling.Kind.YARN,
                  number(source, map, "factor", 1),
                  (long)
                      number(
                          source,
                          map,
                          "original_max_position_embeddings",
                          value(keys.first(List.of("max_position_embeddings")), 0)),
                  0,
                  0,
                  number(source, map, "beta_fast", 32),
                  number(source, map, "beta_slow", 1),
                  number(source, map, "attention_factor", Double.NaN));
          default -> throw unsupported(source, stated.get().key(), name);
        };
    return new ConfigValue(
        check(source, stated.get().key(), scaling), Origin.STATED, stated.get().key());
  }

  /** {@code use_scaled_rope} of Meta's params.json, whose code has the numbers. */
  private static ConfigValue originalScaling(ConfigKeys keys, List<Finding> findings) {
    String key = "use_scaled_rope";
    if (keys.first(List.of(key)).filter(stated -> stated.value().equals(true)).isEmpty()) {
      return new ConfigValue(RopeScaling.NONE, Origin.DEFAULT, "no scaling");
    }
    Optional<Stated> factor = keys.first(List.of("rope_scaling_factor"));
    if (factor.isEmpty()) {
      findings.add(
          new Finding(
              DiagnosisCode.CONFIG_MISMATCH,
              Severity.WARNING,
              "rope_scaling",
              null,
              key
                  + " comes without rope_scaling_factor; 8 is taken, as Llama 3.1 was trained with,"
                  + " where Llama 3.2 has 32",
              "add rope_scaling_factor to params.json if the model is a Llama 3.2"));
    }
    return new ConfigValue(
        new RopeScaling(RopeScaling.Kind.LLAMA3, value(factor, 8), 8192, 1, 4, 0, 0, Double.NaN),
        Origin.STATED,
        key);
  }

  private static ConfigValue ggufScaling(ModelSource source, ConfigKeys keys) {
    Optional<Stated> type = keys.architectureKey("rope.scaling.type");
    Optional<Stated> factor =
        keys.architectureKey("rope.scaling.factor")
            .or(() -> keys.architectureKey("rope.scale_linear"));
    if (type.isEmpty() && factor.isPresent()) {
      // ggml takes a factor without a type for linear scaling.
      RopeScaling linear = RopeScaling.linear(value(factor, Double.NaN));
      return new ConfigValue(
          linear.factor() == 1 ? RopeScaling.NONE : check(source, factor.get().key(), linear),
          Origin.STATED,
          factor.get().key());
    }
    if (type.isEmpty() || type.get().value().equals("none")) {
      return new ConfigValue(
          RopeScaling.NONE,
          type.isEmpty() ? Origin.DEFAULT : Origin.STATED,
          type.map(Stated::key).orElse("no scaling"));
    }
    double by = value(factor, 1);
    RopeScaling scaling =
        switch (type.get().value().toString()) {
          case "linear" -> RopeScaling.linear(by);
          case "yarn" ->
              new RopeScaling(
                  RopeScaling.Kind.YARN,
                  by,
                  (long)
                      value(
                          keys.architectureKey("rope.scaling.original_context_length")
                              .or(() -> keys.architectureKey("context_length")),
                          0),
                  0,
                  0,
                  32,
                  1,
                  value(keys.architectureKey("rope.scaling.attn_factor"), Double.NaN));
          default -> throw unsupported(source, type.get().key(), type.get().value().toString());
        };
    return new ConfigValue(
        check(source, type.get().key(), scaling), Origin.STATED, type.get().key());
  }

  private static RopeScaling check(ModelSource source, String key, RopeScaling scaling) {
    boolean context =
        scaling.kind() == RopeScaling.Kind.LLAMA3 || scaling.kind() == RopeScaling.Kind.YARN;
    boolean ordered =
        scaling.kind() != RopeScaling.Kind.LLAMA3
            || (scaling.lowFrequencyFactor() > 0
                && scaling.highFrequencyFactor() > scaling.lowFrequencyFactor());
    if (!(scaling.factor() > 0)
        || Double.isInfinite(scaling.factor())
        || !ordered
        || (context && scaling.originalContext() <= 0)) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source.path(),
          key
              + " needs a positive factor and original context length, and for llama3 a"
              + " high_freq_factor above the low one: "
              + scaling);
    }
    return scaling;
  }

  private static double number(ModelSource source, Map<?, ?> map, String key, double byDefault) {
    Object value = map.get(key);
    if (value == null) {
      return byDefault;
    }
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw new ModelException(
        ErrorCode.MALFORMED, source.path(), key + " of the rotary scaling must be a number");
  }

  private static double value(Optional<Stated> stated, double byDefault) {
    return stated.isPresent() && stated.get().value() instanceof Number number
        ? number.doubleValue()
        : byDefault;
  }

  private static ModelException unsupported(ModelSource source, String key, String name) {
    return new ModelException(
        ErrorCode.UNSUPPORTED_ARCHITECTURE,
        source.path(),
        key + " is '" + name + "'; none, linear, llama3 and yarn are supported");
  }
}
