package dev.rosetta.formats.convert;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which rotary scalings a conversion carries over, in the words of {@code config.json}. */
final class RopeScaling {
  private static final Set<String> TYPES = Set.of("linear", "yarn", "llama3");
  private static final List<String> NUMBERS =
      List.of(
          "factor",
          "original_max_position_embeddings",
          "attention_factor",
          "low_freq_factor",
          "high_freq_factor");
  private static final Set<String> IN_GGUF =
      Set.of(
          "rope_type",
          "type",
          "rope_theta",
          "factor",
          "original_max_position_embeddings",
          "attention_factor",
          "low_freq_factor",
          "high_freq_factor");

  private RopeScaling() {}

  /**
   * @throws ModelException if the type is another, or what must be a positive number is none
   */
  static void requireConvertible(Map<String, Object> scaling, Path path) {
    Object type = Llama3Frequencies.type(scaling);
    if (!(type instanceof String name) || !TYPES.contains(name)) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ARCHITECTURE,
          path,
          "the rotary scaling is " + type + "; linear, yarn and llama3 can be converted");
    }
    for (String key : NUMBERS) {
      Object value = scaling.get(key);
      boolean positive =
          value instanceof Number number
              && number.doubleValue() > 0
              && Double.isFinite(number.doubleValue());
      if (value != null && !positive) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            path,
            "the rotary scaling's " + key + " is " + value + "; a positive number is needed");
      }
    }
  }

  /** The fields that GGUF metadata has no key for. */
  static List<String> notInGguf(Map<String, Object> scaling) {
    return scaling.keySet().stream().filter(key -> !IN_GGUF.contains(key)).toList();
  }
}
