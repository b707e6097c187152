package dev.rosetta.benchmarks;

import java.util.Arrays;

/** Repetitions of one figure. */
final class Sample {
  private final double[] values;

  Sample(double[] values) {
    this.values = values.clone();
    Arrays.sort(this.values);
  }

  double median() {
    return quantile(0.5);
  }

  /** Distance of the quartiles, relative to the median. */
  double spread() {
    return (quantile(0.75) - quantile(0.25)) / median();
  }

  double quantile(double share) {
    double at = share * (values.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, values.length - 1);
    return values[below] + (at - below) * (values[above] - values[below]);
  }
}
