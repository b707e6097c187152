package dev.rosetta.normalize;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What an {@code adapter_config.json} of the PEFT library says about the product that is added to a
 * module's weight.
 *
 * @param source the adapter, for errors
 * @param rank of modules without one of their own
 * @param alpha of modules without one of their own
 * @param rootScaled whether the factor is {@code alpha / sqrt(rank)}
 * @param ranks rank by the end of a module's name
 * @param alphas alpha by the end of a module's name
 */
record LoraConfig(
    ModelSource source,
    double rank,
    double alpha,
    boolean rootScaled,
    Map<?, ?> ranks,
    Map<?, ?> alphas) {

  /** What PEFT takes for both where the file does not say. */
  private static final double BY_DEFAULT = 8;

  private static final Pattern MODULE = Pattern.compile("\\^?[\\w.-]+");

  /** Ways to start an adapter that change the base's weights too. */
  private static final List<String> CHANGE_THE_BASE = List.of("pissa", "olora", "corda", "loftq");

  /**
   * @throws ModelException if the adapter is more than low-rank products
   */
  static LoraConfig of(ModelSource source) {
    Reader reader = new Reader(source);
    reader.refuseWhatIsMore();
    return new LoraConfig(
        source,
        reader.positive("r"),
        reader.positive("lora_alpha"),
        reader.isTrue("use_rslora"),
        reader.map("rank_pattern"),
        reader.map("alpha_pattern"));
  }

  /** The rank of a module, by its name in the base model. */
  double rank(String module) {
    return pattern("rank_pattern", ranks, module).orElse(rank);
  }

  /** The factor on a module's product. */
  double scale(String module) {
    double ofModule = pattern("alpha_pattern", alphas, module).orElse(alpha);
    double divisor = rank(module);
    return ofModule / (rootScaled ? Math.sqrt(divisor) : divisor);
  }

  /** PEFT reads the keys as regular expressions; plain names are what people write. */
  private Optional<Double> pattern(String key, Map<?, ?> patterns, String module) {
    for (Map.Entry<?, ?> entry : patterns.entrySet()) {
      String name = String.valueOf(entry.getKey()).replace("\\.", ".");
      if (!MODULE.matcher(name).matches()) {
        throw unsupported(
            source,
            key + " has the regular expression '" + name + "'; names of modules can be read");
      }
      boolean whole = name.startsWith("^");
      String literal = whole ? name.substring(1) : name;
      if (module.equals(literal) || !whole && module.endsWith("." + literal)) {
        if (entry.getValue() instanceof Number number && number.doubleValue() > 0) {
          return Optional.of(number.doubleValue());
        }
        throw new ModelException(
            ErrorCode.MALFORMED, source.path(), key + " of '" + name + "' is not a number above 0");
      }
    }
    return Optional.empty();
  }

  static ModelException unsupported(ModelSource source, String what) {
    return new ModelException(
        ErrorCode.UNSUPPORTED_ADAPTER,
        source.path(),
        what + "; merge the adapter with PEFT's merge_and_unload() and give the result");
  }

  private record Reader(ModelSource source) {

    private Optional<Object> value(String key) {
      return source.metadata().value(key);
    }

    boolean isTrue(String key) {
      return value(key).filter(Boolean.TRUE::equals).isPresent();
    }

    double positive(String key) {
      Optional<Object> stated = value(key);
      if (stated.isEmpty()) {
        return BY_DEFAULT;
      }
      double number = stated.get() instanceof Number given ? given.doubleValue() : Double.NaN;
      if (!(number > 0) || Double.isInfinite(number)) {
        throw new ModelException(
            ErrorCode.MALFORMED, source.path(), key + " must be a finite number above 0");
      }
      return number;
    }

    Map<?, ?> map(String key) {
      return value(key).orElse(Map.of()) instanceof Map<?, ?> map ? map : Map.of();
    }

    void refuseWhatIsMore() {
      String type = value("peft_type").map(Object::toString).orElse("LORA");
      if (!type.equalsIgnoreCase("LORA")) {
        throw unsupported(source, "the adapter is of type " + type + ", not LORA");
      }
      if (isTrue("use_dora")) {
        throw unsupported(
            source, "use_dora is true: DoRA scales every row as well, which is not applied");
      }
      if (value("modules_to_save").orElse(null) instanceof Collection<?> saved
          && !saved.isEmpty()) {
        throw unsupported(
            source, "modules_to_save replaces " + saved + " as a whole, which is not applied");
      }
      for (String key : List.of("layer_replication", "alora_invocation_tokens")) {
        if (value(key).isPresent()) {
          throw unsupported(source, key + " is set, which is not applied");
        }
      }
      String start = value("init_lora_weights").map(Object::toString).orElse("");
      if (CHANGE_THE_BASE.stream().anyMatch(start::startsWith)) {
        throw unsupported(
            source, "init_lora_weights is '" + start + "', which changes the base's weights too");
      }
    }
  }
}
