package dev.rosetta.compare;

import java.util.Arrays;

/**
 * How the rows of one weight regress on those of another: a factor on all of it is one on every
 * row, while a few large weights decide what a regression over all values gives.
 */
final class RowSlopes {
  private float[] slopes = new float[64];
  private float[] losses = new float[64];
  private int count;

  /**
   * @param slope least-squares factor of the row
   * @param lost share of B's energy that the factor does not explain
   */
  void add(float slope, double lost) {
    if (count == slopes.length) {
      slopes = Arrays.copyOf(slopes, 2 * count);
      losses = Arrays.copyOf(losses, 2 * count);
    }
    slopes[count] = slope;
    losses[count++] = (float) Math.max(0, lost);
  }

  void add(RowSlopes later) {
    for (int i = 0; i < later.count; i++) {
      add(later.slopes[i], later.losses[i]);
    }
  }

  /**
   * Medians over the rows.
   *
   * @param slope the factor; NaN where there are no rows
   * @param deviation standard deviation of that median
   * @param lost share of B's energy that the factor does not explain
   */
  record Medians(double slope, double deviation, double lost) {
    static final Medians NONE = new Medians(Double.NaN, Double.NaN, Double.NaN);
  }

  Medians medians() {
    if (count == 0) {
      return Medians.NONE;
    }
    double slope = median(Arrays.copyOf(slopes, count));
    float[] away = new float[count];
    for (int i = 0; i < count; i++) {
      away[i] = (float) Math.abs(slopes[i] - slope);
    }
    // Of a normal distribution: the deviation is 1.4826 times the median distance, and that of a
    // median 1.2533 times that of a mean.
    double deviation = 1.4826 * 1.2533 * median(away) / Math.sqrt(count);
    return new Medians(slope, deviation, median(Arrays.copyOf(losses, count)));
  }

  private static double median(float[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }
}
