package dev.rosetta.formats.convert;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Llama 3's rotary scaling in its two forms: four numbers in {@code rope_scaling}, and one divisor
 * a frequency in GGUF's {@code rope_freqs.weight}. Rule as published with Llama 3.1: wavelengths
 * below {@code original / high} stay, those above {@code original / low} are divided by {@code
 * factor}, those between are interpolated.
 */
final class Llama3Frequencies {
  private Llama3Frequencies() {}

  /** The divisors as a tensor; empty where the model has no such scaling. */
  static Optional<RoleTensor> of(ModelFacts facts) {
    Map<String, Object> scaling = facts.ropeScaling();
    if (scaling == null || !"llama3".equals(type(scaling))) {
      return Optional.empty();
    }
    byte[] bytes = Recoding.bytes(divisors(facts.ropeTheta(), facts.headDim(), scaling));
    return Optional.of(
        new RoleTensor(
            TensorRole.weight(Part.ROPE_FREQS),
            ElementType.F32,
            List.of(facts.headDim() / 2L),
            (row, target, at) -> System.arraycopy(bytes, 0, target, at, bytes.length)));
  }

  /** The scaling whose divisors are exactly these; null if none of the published ones is. */
  static @Nullable Map<String, Object> scaling(float[] divisors, double theta, int headDim) {
    float largest = 1;
    for (float divisor : divisors) {
      largest = Math.max(largest, divisor);
    }
    Map<String, Object> scaling = new LinkedHashMap<>();
    scaling.put("rope_type", "llama3");
    scaling.put("factor", (double) largest);
    scaling.put("low_freq_factor", 1.0);
    scaling.put("high_freq_factor", 4.0);
    scaling.put("original_max_position_embeddings", 8192L);
    return Arrays.equals(divisors(theta, headDim, scaling), divisors) ? scaling : null;
  }

  static @Nullable Object type(Map<String, Object> scaling) {
    Object type = scaling.get("rope_type");
    return type == null ? scaling.get("type") : type;
  }

  static double number(Map<String, Object> scaling, String key, double absent) {
    return scaling.get(key) instanceof Number number ? number.doubleValue() : absent;
  }

  private static float[] divisors(double theta, int headDim, Map<String, Object> scaling) {
    double factor = number(scaling, "factor", 8);
    double low = number(scaling, "low_freq_factor", 1);
    double high = number(scaling, "high_freq_factor", 4);
    double original = number(scaling, "original_max_position_embeddings", 8192);
    float[] divisors = new float[headDim / 2];
    for (int i = 0; i < divisors.length; i++) {
      double wavelength = 2 * Math.PI * Math.pow(theta, 2.0 * i / headDim);
      if (wavelength < original / high) {
        divisors[i] = 1;
      } else if (wavelength > original / low) {
        divisors[i] = (float) factor;
      } else {
        double smooth = (original / wavelength - low) / (high - low);
        divisors[i] = (float) (1 / ((1 - smooth) / factor + smooth));
      }
    }
    return divisors;
  }
}
