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
    double[] frequencies = frequencies(config, factors);
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

  private static double[] frequencies(ModelConfig config, float[] factors) {
    int dim = config.headDim();
    RopeScaling scaling = config.ropeScaling();
    double[] frequencies = new double[dim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double frequency = StrictMath.pow(config.ropeTheta(), -2.0 * i / dim);
      if (factors.length > 0) {
        frequency /= factors[i];
      }
      frequencies[i] =
          switch (scaling.kind()) {
            case NONE -> frequency;
            case LINEAR -> frequency / scaling.factor();
            case LLAMA3 -> llama3(frequency, scaling);
            case YARN -> yarn(frequency, i, dim, config.ropeTheta(), scaling);
          };
    }
    return frequencies;
  }

  /**
   * Llama 3.1: wavelengths beyond {@code originalContext / lowFrequencyFactor} are stretched by the
   * factor, those below {@code originalContext / highFrequencyFactor} kept, with a ramp between.
   */
  private static double llama3(double frequency, RopeScaling scaling) {
    double turns = scaling.originalContext() * frequency / (2 * Math.PI);
    if (turns < scaling.lowFrequencyFactor()) {
      return frequency / scaling.factor();
    }
    if (turns > scaling.highFrequencyFactor()) {
      return frequency;
    }
    double kept =
        (turns - scaling.lowFrequencyFactor())
            / (scaling.highFrequencyFactor() - scaling.lowFrequencyFactor());
    return (1 - kept) * frequency / scaling.factor() + kept * frequency;
  }

  /**
   * YaRN (Peng et al., 2023): dimensions that turn more than {@code betaFast} times within the
   * original context are kept, those that turn less than {@code betaSlow} times are interpolated,
   * with a linear ramp between.
   */
  private static double yarn(
      double frequency, int pair, int dim, double theta, RopeScaling scaling) {
    double low =
        Math.max(StrictMath.floor(turningPair(scaling.betaFast(), dim, theta, scaling)), 0);
    double high =
        Math.min(StrictMath.ceil(turningPair(scaling.betaSlow(), dim, theta, scaling)), dim - 1);
    double ramp = (pair - low) / Math.max(high - low, 0.001);
    double interpolated = Math.clamp(ramp, 0.0, 1.0);
    return frequency / scaling.factor() * interpolated + frequency * (1 - interpolated);
  }

  /** The (fractional) pair whose angle makes {@code turns} full turns in the original context. */
  private static double turningPair(double turns, int dim, double theta, RopeScaling scaling) {
    return dim
        * StrictMath.log(scaling.originalContext() / (turns * 2 * Math.PI))
        / (2 * StrictMath.log(theta));
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
