package dev.rosetta.benchmarks;

import dev.rosetta.kernels.panama.Tier;

/**
 * What a kernel must reach and should reach, by token columns: geometric mean over {@link
 * Shape#OF_MODEL}, one thread.
 */
record Targets(double floor, double goal) {
  private static final double OF_AVX2 = 0.8;

  /**
   * Share of its own multiply-add peak that a native tier reaches; of AVX2 less is asked, be it the
   * widest of the processor or not.
   */
  static Targets ofPeak(Tier tier, int tokens) {
    double share = tier == Tier.AVX2 ? OF_AVX2 : 1;
    return switch (tokens) {
      case 1 -> new Targets(share * 0.22, share * 0.40);
      case 4 -> new Targets(share * 0.50, share * 0.70);
      case 16 -> new Targets(share * 0.70, share * 0.85);
      case 64 -> new Targets(share * 0.78, share * 0.90);
      default -> throw new IllegalArgumentException("no target for " + tokens + " tokens");
    };
  }

  /** Speed of the Vector API relative to the best native tier. */
  static Targets ofNative(int tokens) {
    return switch (tokens) {
      case 1 -> new Targets(0.85, 1.0);
      case 4 -> new Targets(0.70, 0.9);
      case 16 -> new Targets(0.65, 0.85);
      case 64 -> new Targets(0.70, 0.9);
      default -> throw new IllegalArgumentException("no target for " + tokens + " tokens");
    };
  }

  /** {@code goal}, {@code floor} or {@code none}: the best of the two that a figure reaches. */
  String met(double figure) {
    return figure >= goal ? "goal" : figure >= floor ? "floor" : "none";
  }
}
