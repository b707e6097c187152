package dev.rosetta.diagnose;

import dev.rosetta.normalize.Weight;
import java.util.SplittableRandom;

/**
 * Finds for each row of one weight the row of another that holds the same values, up to noise, by
 * the correlation of a few dozen sampled columns.
 */
final class RowMatcher {
  private static final int COLUMNS = 48;

  /** Above this many pairs only structured orders are tried. */
  private static final long MAX_PAIRS = 40_000_000;

  /** Correlation of unrelated rows over the sampled columns stays far below. */
  private static final double SAME = 0.75;

  private RowMatcher() {}

  /**
   * For each row of {@code reference} the matching row of {@code suspect}; empty if some row has no
   * match or there are too many rows to try.
   */
  static int[] match(Weight reference, Weight suspect) {
    if ((long) reference.rows() * suspect.rows() > MAX_PAIRS
        || reference.columns() != suspect.columns()) {
      return new int[0];
    }
    int[] columns = columns(reference.columns());
    float[][] candidates = signatures(suspect, columns);
    int[] order = new int[reference.rows()];
    float[] values = new float[reference.columns()];
    float[] signature = new float[columns.length];
    for (int row = 0; row < order.length; row++) {
      reference.decodeRow(row, values, 0);
      signature(values, columns, signature);
      int best = best(signature, candidates);
      if (best < 0) {
        return new int[0];
      }
      order[row] = best;
    }
    return order;
  }

  /** The row of {@code candidates} most like {@code row}; -1 if none is alike. */
  private static int best(float[] row, float[][] candidates) {
    int best = -1;
    double bestCorrelation = SAME;
    for (int i = 0; i < candidates.length; i++) {
      float dot = 0;
      float[] candidate = candidates[i];
      for (int c = 0; c < row.length; c++) {
        dot += row[c] * candidate[c];
      }
      if (dot > bestCorrelation) {
        bestCorrelation = dot;
        best = i;
      }
    }
    return best;
  }

  private static int[] columns(int count) {
    if (count <= COLUMNS) {
      int[] all = new int[count];
      for (int i = 0; i < count; i++) {
        all[i] = i;
      }
      return all;
    }
    SplittableRandom random = new SplittableRandom(count);
    return random.ints(COLUMNS, 0, count).toArray();
  }

  /** Rows restricted to the sampled columns, scaled to length one. */
  private static float[][] signatures(Weight weight, int[] columns) {
    float[][] signatures = new float[weight.rows()][columns.length];
    float[] row = new float[weight.columns()];
    for (int r = 0; r < weight.rows(); r++) {
      weight.decodeRow(r, row, 0);
      signature(row, columns, signatures[r]);
    }
    return signatures;
  }

  private static void signature(float[] row, int[] columns, float[] signature) {
    double energy = 0;
    for (int c = 0; c < columns.length; c++) {
      signature[c] = row[columns[c]];
      energy += (double) row[columns[c]] * row[columns[c]];
    }
    if (energy > 0) {
      float scale = (float) (1 / Math.sqrt(energy));
      for (int c = 0; c < columns.length; c++) {
        signature[c] *= scale;
      }
    }
  }
}
