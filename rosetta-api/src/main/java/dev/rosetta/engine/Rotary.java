package dev.rosetta.engine;

import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.RopeScaling;
import dev.rosetta.model.RopeStyle;

/**
 * Rotary position embedding (Su et al., 2021): in each head, pair {@code i} of position {@code p}
 * is rotated by {@code p * frequency[i]}.
 *
 * <p>Angles, cosines and sines are computed in double by {@link StrictMath} and rounded to float32
 * once.
 *
 * @param style which elements form a pair
 * @param headDim elements of a head
 * @param cos {@code [positions, headDim / 2]}
 * @param sin {@code [positions, headDim / 2]}
 */
record Rotary(RopeStyle style, int headDim, float[] cos, float[] sin) {

  /**
   * The rotations of positions {@code [0, positions)}.
   *
   * @param factors {@code headDim / 2} divisors of the frequencies; empty for none
   */
  static Rotary of(ModelConfig config, float[] factors, int positions) {
    int half = config.headDim() / 2;
    double[] frequencies = RotaryFrequencies.of(config, factors);
    double magnitude = magnitude(config.ropeScaling());
    float[] cos = new float[Math.multiplyExact(positions, half)];
    float[] sin = new float[cos.length];
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < half; i++) {
        double angle = p * frequencies[i];
        cos[p * half + i] = (float) (StrictMath.cos(angle) * magnitude);
        sin[p * half + i] = (float) (StrictMath.sin(angle) * magnitude);
      }
    }
    return new Rotary(config.ropeStyle(), config.headDim(), cos, sin);
  }

  /** Rotates {@code [tokens, heads * headDim]} values; row t is position t. */
  float[] apply(float[] values, int tokens, int width) {
    float[] rotated = new float[values.length];
    int half = headDim / 2;
    boolean split = style == RopeStyle.HALF_SPLIT;
    int step = split ? 1 : 2;
    int partner = split ? half : 1;
    for (int t = 0; t < tokens; t++) {
      for (int head = t * width; head < (t + 1) * width; head += headDim) {
        for (int i = 0; i < half; i++) {
          float c = cos[t * half + i];
          float s = sin[t * half + i];
          int first = head + i * step;
          int second = first + partner;
          rotated[first] = values[first] * c - values[second] * s;
          rotated[second] = values[first] * s + values[second] * c;
        }
      }
    }
    return rotated;
  }

  private static double magnitude(RopeScaling scaling) {
    if (scaling.kind() != RopeScaling.Kind.YARN) {
      return 1;
    }
    if (!Double.isNaN(scaling.attentionFactor())) {
      return scaling.attentionFactor();
    }
    return scaling.factor() <= 1 ? 1 : 0.1 * StrictMath.log(scaling.factor()) + 1;
  }
}
