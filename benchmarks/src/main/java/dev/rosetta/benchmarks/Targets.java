package dev.rosetta.benchmarks;

/**
 * What a kernel must reach and should reach, by token columns: geometric mean over {@link
 * Shape#OF_MODEL}, one thread.
 */
record Targets(double floor, double goal) {
  private static final double NARROW_TIER = 0.8;

  /** Share of the processor's multiply-add peak that the widest native tier reaches. */
  static Targets ofPeak(int tokens) {
    return switch (tokens) {
      case 1 -> new Targets(0.22, 0.40);
      case 4 -> new Targets(0.50, 0.70);
      case 16 -> new Targets(0.70, 0.85);
      case 64 -> new Targets(0.78, 0.90);
      default -> throw new IllegalArgumentException("no target for " + tokens + " tokens");
    };
  }

  /** The same for a narrower native tier, as share of its own peak. */
  static Targets ofPeakNarrow(int tokens) {
    Targets wide = ofPeak(tokens);
    return new Targets(NARROW_TIER * wide.floor(), NARROW_TIER * wide.goal());
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
