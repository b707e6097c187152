package dev.rosetta.model;

/**
 * How rotary frequencies are changed for long contexts.
 *
 * @param kind the method
 * @param factor context extension factor; 1 for {@link Kind#NONE}
 * @param originalContext training context length; 0 where the method does not use it
 * @param lowFrequencyFactor llama-3 only
 * @param highFrequencyFactor llama-3 only
 * @param betaFast YaRN only, 32 unless stated
 * @param betaSlow YaRN only, 1 unless stated
 * @param attentionFactor YaRN's magnitude factor; NaN where it follows from {@code factor}
 */
public record RopeScaling(
    Kind kind,
    double factor,
    long originalContext,
    double lowFrequencyFactor,
    double highFrequencyFactor,
    double betaFast,
    double betaSlow,
    double attentionFactor) {

  /** The scaling methods of {@code rope_scaling.rope_type}. */
  public enum Kind {
    NONE,
    LINEAR,
    LLAMA3,
    YARN
  }

  /** Frequencies as trained. */
  public static final RopeScaling NONE = new RopeScaling(Kind.NONE, 1, 0, 0, 0, 0, 0, Double.NaN);

  /** Positions divided by {@code factor} (Chen et al., 2023). */
  public static RopeScaling linear(double factor) {
    return new RopeScaling(Kind.LINEAR, factor, 0, 0, 0, 0, 0, Double.NaN);
  }
}
