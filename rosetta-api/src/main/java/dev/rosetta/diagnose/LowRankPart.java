package dev.rosetta.diagnose;

import dev.rosetta.normalize.Weight;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The best approximation of low rank of B - A, found by multiplying a few random vectors with it
 * (Halko, Martinsson and Tropp 2011, algorithm 4.4). Rows are read one at a time, a few times over.
 *
 * @param left {@code [rows][rank]}
 * @param right {@code [rank][columns]}
 */
record LowRankPart(double[][] left, double[][] right) {
  /** Vectors beyond the rank, which catch what noise mixes in. */
  private static final int MORE = 8;

  private static final int POWER_STEPS = 2;
  private static final long SEED = 0x10a;

  /** Values read and multiplied for a rank, to tell what a search would take. */
  static double cost(Weight weight, int rank) {
    return (double) weight.rows() * weight.columns() * (rank + MORE) * (2 * POWER_STEPS + 2);
  }

  static LowRankPart of(Weight a, Weight b, int rank) {
    int rows = a.rows();
    int columns = a.columns();
    int vectors = Math.min(rank + MORE, Math.min(rows, columns));
    double[][] across = new double[vectors][columns];
    SplittableRandom random = new SplittableRandom(SEED);
    for (double[] vector : across) {
      for (int c = 0; c < columns; c++) {
        vector[c] = random.nextGaussian();
      }
    }
    double[][] down = new double[vectors][rows];
    for (int step = 0; step <= POWER_STEPS; step++) {
      times(a, b, across, down);
      orthonormalise(down);
      transposedTimes(a, b, down, across);
      if (step < POWER_STEPS) {
        orthonormalise(across);
      }
    }
    // across = downᵀ(B - A): its own directions, the strongest first, are those of the difference.
    double[][] gram = new double[vectors][vectors];
    for (int i = 0; i < vectors; i++) {
      for (int j = 0; j < vectors; j++) {
        gram[i][j] = Eigenvalues.dot(across[i], across[j]);
      }
    }
    double[][] mix = Eigenvalues.of(gram).vectors();
    int kept = Math.min(rank, vectors);
    double[][] left = new double[rows][kept];
    double[][] right = new double[kept][columns];
    for (int k = 0; k < kept; k++) {
      for (int v = 0; v < vectors; v++) {
        double weight = mix[k][v];
        for (int r = 0; r < rows; r++) {
          left[r][k] += weight * down[v][r];
        }
        for (int c = 0; c < columns; c++) {
          right[k][c] += weight * across[v][c];
        }
      }
    }
    return new LowRankPart(left, right);
  }

  /** {@code weight} without this part; worked out when it is needed. */
  static Weight removed(Weight a, Weight b, int rank) {
    return b.withValues(b.rows(), b.columns(), () -> of(a, b, rank).subtractedFrom(b));
  }

  private float[] subtractedFrom(Weight weight) {
    int columns = weight.columns();
    float[] values = new float[Math.multiplyExact(weight.rows(), columns)];
    double[] part = new double[columns];
    for (int r = 0; r < weight.rows(); r++) {
      weight.decodeRow(r, values, r * columns);
      Arrays.fill(part, 0);
      for (int k = 0; k < right.length; k++) {
        add(part, left[r][k], right[k]);
      }
      for (int c = 0; c < columns; c++) {
        values[r * columns + c] = (float) (values[r * columns + c] - part[c]);
      }
    }
    return values;
  }

  /** One row of B - A at a time. */
  private static final class Rows {
    private final Weight a;
    private final Weight b;
    private final float[] left;
    private final float[] right;
    private final double[] difference;

    Rows(Weight a, Weight b) {
      this.a = a;
      this.b = b;
      this.left = new float[a.columns()];
      this.right = new float[a.columns()];
      this.difference = new double[a.columns()];
    }

    double[] read(int row) {
      a.decodeRow(row, left, 0);
      b.decodeRow(row, right, 0);
      for (int c = 0; c < difference.length; c++) {
        difference[c] = (double) right[c] - left[c];
      }
      return difference;
    }
  }

  private static void times(Weight a, Weight b, double[][] across, double[][] down) {
    Rows rows = new Rows(a, b);
    for (int r = 0; r < a.rows(); r++) {
      double[] row = rows.read(r);
      for (int v = 0; v < across.length; v++) {
        down[v][r] = Eigenvalues.dot(row, across[v]);
      }
    }
  }

  private static void transposedTimes(Weight a, Weight b, double[][] down, double[][] across) {
    for (double[] vector : across) {
      Arrays.fill(vector, 0);
    }
    Rows rows = new Rows(a, b);
    for (int r = 0; r < a.rows(); r++) {
      double[] row = rows.read(r);
      for (int v = 0; v < down.length; v++) {
        add(across[v], down[v][r], row);
      }
    }
  }

  /** Gram and Schmidt's way, twice over, which is as good as exact. */
  private static void orthonormalise(double[][] vectors) {
    for (int v = 0; v < vectors.length; v++) {
      double before = Math.sqrt(Eigenvalues.dot(vectors[v], vectors[v]));
      for (int pass = 0; pass < 2; pass++) {
        for (int u = 0; u < v; u++) {
          add(vectors[v], -Eigenvalues.dot(vectors[u], vectors[v]), vectors[u]);
        }
      }
      double length = Math.sqrt(Eigenvalues.dot(vectors[v], vectors[v]));
      // What is left of a vector that lies in the span of the others is rounding: none of it.
      double factor = length > 1e-12 * before ? 1 / length : 0;
      for (int i = 0; i < vectors[v].length; i++) {
        vectors[v][i] *= factor;
      }
    }
  }

  private static void add(double[] target, double factor, double[] vector) {
    for (int i = 0; i < target.length; i++) {
      target[i] += factor * vector[i];
    }
  }
}
