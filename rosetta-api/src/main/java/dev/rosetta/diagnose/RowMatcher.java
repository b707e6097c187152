package dev.rosetta.diagnose;

import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
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

  /** Energy of a row that tells nothing of its values, over the mean of all rows. */
  private static final double DEAD = 1e-5;

  private RowMatcher() {}

  /**
   * For each row of {@code reference} the matching row of {@code suspect}; empty if some row has no
   * match or there are too many rows to try. Rows that are nearly dead and like no other take what
   * others leave, by their size.
   */
  static int[] match(Weight reference, Weight suspect) {
    if ((long) reference.rows() * suspect.rows() > MAX_PAIRS
        || reference.columns() != suspect.columns()) {
      return new int[0];
    }
    int[] columns = columns(reference.columns());
    double[] energies = energies(reference);
    double mean = Arrays.stream(energies).average().orElse(0);
    double dead = Double.isFinite(mean) ? DEAD * mean : 0;
    float[][] candidates = signatures(suspect, columns);
    int[] order = new int[reference.rows()];
    boolean[] used = new boolean[suspect.rows()];
    List<Integer> open = new ArrayList<>();
    float[] values = new float[reference.columns()];
    float[] signature = new float[columns.length];
    for (int row = 0; row < order.length; row++) {
      reference.decodeRow(row, values, 0);
      signature(values, columns, signature);
      int best = best(signature, candidates);
      if (best < 0 && energies[row] <= dead) {
        open.add(row);
        continue;
      }
      if (best < 0) {
        return new int[0];
      }
      order[row] = best;
      used[best] = true;
    }
    if (!open.isEmpty()) {
      placeDead(open, energies, used, suspect, order);
    }
    return order;
  }

  /** The dead rows of the reference and the rows that are left, each in the order of their size. */
  private static void placeDead(
      List<Integer> open, double[] energies, boolean[] used, Weight suspect, int[] order) {
    double[] sizes = energies(suspect);
    List<Integer> left = new ArrayList<>();
    for (int row = 0; row < used.length; row++) {
      if (!used[row]) {
        left.add(row);
      }
    }
    open.sort(Comparator.comparingDouble(row -> energies[row]));
    left.sort(Comparator.comparingDouble(row -> sizes[row]));
    for (int i = 0; i < open.size(); i++) {
      int row = open.get(i);
      order[row] = i < left.size() ? left.get(i) : Math.min(row, used.length - 1);
    }
  }

  private static double[] energies(Weight weight) {
    double[] energies = new double[weight.rows()];
    float[] row = new float[weight.columns()];
    for (int r = 0; r < energies.length; r++) {
      weight.decodeRow(r, row, 0);
      for (float value : row) {
        energies[r] += (double) value * value;
      }
    }
    return energies;
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
