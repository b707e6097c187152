package dev.rosetta.engine;

import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.RopeScaling;

/** Frequencies of the rotary position embedding, in double: base, divisors and scaling method. */
public final class RotaryFrequencies {
  private RotaryFrequencies() {}

  /**
   * Radians by which each pair of a head turns from one position to the next.
   *
   * @param factors {@code headDim / 2} divisors of the frequencies; empty for none
   */
  public static double[] of(ModelConfig config, float[] factors) {
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
}
