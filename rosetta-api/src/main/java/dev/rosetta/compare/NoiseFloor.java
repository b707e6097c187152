package dev.rosetta.compare;

import dev.rosetta.model.ElementType;

/**
 * How much error an element type explains by itself.
 *
 * <p>The figures are the normalised mean squared errors (sum of squared errors over sum of squares)
 * that ggml's reference quantisers leave on heavy-tailed weights (Student-t, 4 degrees of freedom);
 * Gaussian weights leave less.
 */
public final class NoiseFloor {
  /** Room above the measured floor for weights with heavier tails and for other quantisers. */
  private static final double MARGIN = 3;

  /** Few values in a row may lose this many times what the whole tensor may. */
  private static final double BLOCK_FACTOR = 8;

  /** But no quantiser loses most of their energy. */
  private static final double BLOCK_CEILING = 0.8;

  private NoiseFloor() {}

  /** Normalised mean squared error of one quantisation to {@code type}; 0 for exact types. */
  public static double of(ElementType type) {
    return switch (type) {
      case F32, F64, I8, U8, I16, U16, I32, U32, I64, U64, BOOL, C64 -> 0;
      case F16 -> 4.3e-8;
      case BF16 -> 2.8e-6;
      case Q8_0, Q8_1, Q8_K -> 5.3e-5;
      case APR_Q8 -> 1e-3;
      case Q6_K -> 5.2e-4;
      case Q5_K, Q5_1, Q5_0 -> 3.4e-3;
      case Q4_K, IQ4_NL, IQ4_XS, Q4_1, Q4_0, APR_Q4 -> 1.3e-2;
      case MXFP4, NVFP4, F4 -> 1.7e-2;
      case Q3_K, IQ3_S -> 3.4e-2;
      case IQ3_XXS -> 4.3e-2;
      case F8_E4M3, F8_E4M3FNUZ, F6_E2M3 -> 7e-4;
      case F8_E5M2, F8_E5M2FNUZ, F6_E3M2 -> 3e-3;
      case Q2_K, IQ2_S, IQ2_XS -> 1.2e-1;
      case IQ2_XXS -> 1.8e-1;
      case IQ1_S, IQ1_M, F8_E8M0 -> 3.4e-1;
      // Types for models that were trained in them; of ordinary weights they leave half or more.
      case TQ1_0, TQ2_0, Q2_0 -> 1.2e-1;
      case Q1_0 -> 3e-1;
    };
  }

  /** What to expect of a budget: all of it, or for a weight that is at fault the bare floors. */
  static double expected(double budget, boolean atFault) {
    return atFault ? budget / MARGIN : budget;
  }

  /**
   * Largest squared error of 32 neighbouring values, over their own sum of squares or the mean one
   * in their row, in a tensor of which {@code budget} is the share that may be lost.
   */
  public static double blockBudget(double budget) {
    return Math.max(budget, Math.min(BLOCK_CEILING, BLOCK_FACTOR * budget));
  }

  /** Largest normalised mean squared error between two quantisations of one source. */
  public static double budget(ElementType a, ElementType b) {
    return MARGIN * (of(a) + of(b));
  }
}
