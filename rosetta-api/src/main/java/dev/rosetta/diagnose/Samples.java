package dev.rosetta.diagnose;

import dev.rosetta.normalize.Weight;
import java.util.SplittableRandom;

/**
 * Positions of a weight at which hypotheses are tried out before anything is compared in full, with
 * one side's values there. Small tensors are sampled completely.
 */
final class Samples {
  private static final int COUNT = 4096;
  private static final int FEW = 256;
  private static final long SEED = 0x5eed;

  private final int[] rows;
  private final int[] columns;
  private final double[] expected;

  private Samples(int[] rows, int[] columns, double[] expected) {
    this.rows = rows;
    this.columns = columns;
    this.expected = expected;
  }

  /** Samples {@code reference}, the side whose values are taken as they are. */
  static Samples of(Weight reference) {
    return of(reference, COUNT);
  }

  /** Fewer samples, to rule out most candidates cheaply. */
  static Samples few(Weight reference) {
    return of(reference, FEW);
  }

  private static Samples of(Weight reference, int limit) {
    long elements = (long) reference.rows() * reference.columns();
    int count = (int) Math.min(limit, elements);
    int[] rows = new int[count];
    int[] columns = new int[count];
    double[] expected = new double[count];
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < count; i++) {
      long position = elements <= limit ? i : random.nextLong(elements);
      rows[i] = (int) (position / reference.columns());
      columns[i] = (int) (position % reference.columns());
      expected[i] =
          reference.storedValue(
              (long) reference.firstRow() + reference.storedRow(rows[i]), columns[i]);
    }
    return new Samples(rows, columns, expected);
  }

  /** What the other side holds at a canonical position under some hypothesis. */
  @FunctionalInterface
  interface Reading {
    float valueAt(int row, int column);
  }

  /**
   * Share of the sampled positions, by energy of the reference, at which a reading agrees.
   *
   * @param bound normalised squared error that counts as agreement
   */
  double agreeing(Reading reading, double bound) {
    double total = 0;
    double agreeing = 0;
    double mean = 0;
    for (double value : expected) {
      mean += value * value / expected.length;
    }
    for (int i = 0; i < rows.length; i++) {
      double d = reading.valueAt(rows[i], columns[i]) - expected[i];
      double energy = expected[i] * expected[i] + mean;
      total += energy;
      agreeing += d * d <= 9 * bound * energy ? energy : 0;
    }
    return total > 0 ? agreeing / total : 0;
  }

  /**
   * How a reading compares with the reference.
   *
   * @param bound normalised squared error that counts as agreement
   */
  Impression impression(Reading reading, double bound) {
    double mean = 0;
    for (double value : expected) {
      mean += value * value / expected.length;
    }
    int agreeing = 0;
    int zeros = 0;
    double rr = 0;
    double ss = 0;
    double rs = 0;
    for (int i = 0; i < rows.length; i++) {
      double value = reading.valueAt(rows[i], columns[i]);
      double d = value - expected[i];
      // Coarse types allow an error as large as a value, but no quantiser makes zero of a usual
      // one.
      boolean lost = value == 0 && expected[i] * expected[i] > mean / 4;
      if (!lost && d * d <= 16 * bound * Math.max(mean, expected[i] * expected[i])) {
        agreeing++;
      } else {
        zeros += value == 0 ? 1 : 0;
      }
      rr += expected[i] * expected[i];
      ss += value * value;
      rs += expected[i] * value;
    }
    int others = rows.length - agreeing;
    return new Impression(
        rows.length == 0 ? 1 : (double) agreeing / rows.length,
        others == 0 ? 1 : (double) zeros / others,
        rr == 0 || ss == 0 ? 1 : 1 - rs * rs / (rr * ss));
  }

  /** Whether {@code view} holds exactly the sampled values. */
  boolean agrees(Weight view) {
    return fits((row, column) -> Suspicion.value(view, row, column), 1e-9);
  }

  /**
   * Whether {@link #nmse} is at most {@code bound}. Errors only add up, so that a reading which is
   * wrong is given up after a few values: to decode them takes most of a diagnosis' time.
   */
  boolean fits(Reading reading, double bound) {
    double energy = 0;
    for (double value : expected) {
      energy += value * value;
    }
    if (!Double.isFinite(energy)) {
      return false;
    }
    double difference = 0;
    for (int i = 0; i < rows.length; i++) {
      double d = reading.valueAt(rows[i], columns[i]) - expected[i];
      difference += d * d;
      // Written so that a value which is not a number does not fit.
      if (!(difference <= bound * energy)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Normalised squared error of a reading: sum of squared differences over the sum of squares of
   * the reference; infinite if a value is not finite.
   */
  double nmse(Reading reading) {
    double difference = 0;
    double energy = 0;
    for (int i = 0; i < rows.length; i++) {
      double d = reading.valueAt(rows[i], columns[i]) - expected[i];
      difference += d * d;
      energy += expected[i] * expected[i];
    }
    if (!Double.isFinite(difference) || !Double.isFinite(energy)) {
      return Double.POSITIVE_INFINITY;
    }
    return energy > 0 ? difference / energy : difference > 0 ? Double.POSITIVE_INFINITY : 0;
  }
}
