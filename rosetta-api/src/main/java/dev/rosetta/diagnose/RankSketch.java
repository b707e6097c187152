package dev.rosetta.diagnose;

import dev.rosetta.normalize.Weight;
import java.util.SplittableRandom;

/**
 * How many directions stand out of the difference of two matrices, told from some of its rows and
 * columns: a sample of a matrix of low rank has that rank, and noise has none.
 *
 * <p>What noise has as its largest singular value is measured, not assumed: the difference with
 * random signs has the same sizes everywhere, outlying rows, columns and elements included, and
 * none of its directions. Damage in a few places stands out no more than it does there.
 *
 * @param rank directions beyond the noise
 * @param rows sampled rows
 * @param columns sampled columns
 * @param strength energy of the first direction in units of noise's largest
 * @param rest share of the difference that the directions leave
 * @param difference energy of the difference over that of side A's values
 */
record RankSketch(
    int rank, int rows, int columns, double strength, double rest, double difference) {
  private static final int FLIPS = 2;
  private static final int STAGES = 6;

  /** The largest singular value of noise varies by a few percent. */
  private static final double MARGIN = 1.2;

  /** Energy is spread over at least this share of the rows, and of the columns. */
  private static final double SPREAD = 0.1;

  private static final double NUMERICALLY_ZERO = 1e-9;

  /** Samples {@code a} and {@code b}, of equal shape and both readable. */
  static RankSketch of(Weight a, Weight b, int mostRows, int mostColumns) {
    int[] rows = sample(a.rows(), mostRows, 1);
    int[] columns = sample(a.columns(), mostColumns, 2);
    double[][] difference = new double[rows.length][columns.length];
    boolean rounded = a.tensor().type().isQuantized() || b.tensor().type().isQuantized();
    double relative = read(a, b, rows, columns, rounded, difference);
    RankSketch none = new RankSketch(0, rows.length, columns.length, 0, 1, relative);
    if (!(relative > 0) || !Double.isFinite(relative) || !isSpread(difference)) {
      return none;
    }
    double energy = energy(difference);
    int rank = 0;
    double strength = 0;
    double rest = 1;
    for (int stage = 0; stage < STAGES && rest > NUMERICALLY_ZERO; stage++) {
      // Beside strong directions weaker ones are looked for in what those leave.
      Even even = Even.of(difference);
      double[][] gram = gram(even.values());
      double first = Eigenvalues.largest(gram);
      double beside = MARGIN * rows.length / Math.max(1, rows.length - rank);
      if (first <= beside * leastNoise(rows.length, columns.length)) {
        break;
      }
      double noise = 0;
      for (int flip = 0; flip < FLIPS; flip++) {
        noise = Math.max(noise, Eigenvalues.largest(gram(flipped(even.values(), flip))));
      }
      double edge = beside * noise;
      if (first <= edge) {
        break;
      }
      Eigenvalues directions = Eigenvalues.of(gram);
      int beyond = beyond(directions.values(), edge);
      for (int i = 0; i < beyond; i++) {
        remove(even.values(), directions.vectors()[i]);
      }
      even.undo(difference);
      strength = Math.max(strength, first / noise);
      rank += beyond;
      rest = energy(difference) / energy;
    }
    return new RankSketch(rank, rows.length, columns.length, strength, rest, relative);
  }

  /**
   * Largest eigenvalue of noise of equal size everywhere (Marchenko and Pastur), as {@link
   * Eigenvalues#largest} may find it; unequal noise has a larger one.
   */
  private static double leastNoise(double rows, double columns) {
    double edge = Math.sqrt(rows) + Math.sqrt(columns);
    return 0.9 * edge * edge / (rows * columns);
  }

  /** Whether the rank is small beside what it could be. */
  boolean isLow() {
    return rank > 0 && 4 * rank <= Math.min(rows, columns);
  }

  /** Energy that the directions leave, over that of side A's values. */
  double unexplained() {
    return rest * difference;
  }

  private static int beyond(double[] descending, double edge) {
    int count = 0;
    while (count < descending.length && descending[count] > edge) {
      count++;
    }
    return count;
  }

  private static int[] sample(int size, int most, long seed) {
    if (size <= most) {
      int[] all = new int[size];
      for (int i = 0; i < size; i++) {
        all[i] = i;
      }
      return all;
    }
    int[] chosen = new int[most];
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < most; i++) {
      // One of each of as many equal ranges.
      long from = (long) size * i / most;
      long to = (long) size * (i + 1) / most;
      chosen[i] = (int) random.nextLong(from, to);
    }
    return chosen;
  }

  /**
   * Fills in B - A and gives its energy over that of A. Quantisers shrink what they round, by row,
   * which is no direction of its own: that part is taken out.
   */
  private static double read(
      Weight a, Weight b, int[] rows, int[] columns, boolean rounded, double[][] target) {
    float[] left = new float[a.columns()];
    float[] right = new float[a.columns()];
    double energy = 0;
    double sum = 0;
    for (int i = 0; i < rows.length; i++) {
      a.decodeRow(rows[i], left, 0);
      b.decodeRow(rows[i], right, 0);
      double aa = 0;
      double ad = 0;
      for (int j = 0; j < columns.length; j++) {
        double value = left[columns[j]];
        double d = right[columns[j]] - value;
        target[i][j] = d;
        aa += value * value;
        ad += value * d;
      }
      double slope = rounded && aa > 0 ? ad / aa : 0;
      for (int j = 0; j < columns.length; j++) {
        target[i][j] -= slope * left[columns[j]];
        sum += target[i][j] * target[i][j];
      }
      energy += aa;
    }
    return energy > 0 ? sum / energy : 0;
  }

  private static boolean isSpread(double[][] matrix) {
    double[] rows = new double[matrix.length];
    double[] columns = new double[matrix[0].length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < columns.length; j++) {
        double energy = matrix[i][j] * matrix[i][j];
        rows[i] += energy;
        columns[j] += energy;
      }
    }
    return participation(rows) >= SPREAD * rows.length
        && participation(columns) >= SPREAD * columns.length;
  }

  /** Number of entries that share the sum, if all took an equal part. */
  private static double participation(double[] energies) {
    double sum = 0;
    double squares = 0;
    for (double energy : energies) {
      sum += energy;
      squares += energy * energy;
    }
    return squares > 0 ? sum * sum / squares : 0;
  }

  private static double energy(double[][] matrix) {
    double sum = 0;
    for (double[] row : matrix) {
      sum += Eigenvalues.dot(row, row);
    }
    return sum;
  }

  /** Takes a direction, as a combination of rows, out of a matrix. */
  private static void remove(double[][] matrix, double[] direction) {
    double[] part = new double[matrix[0].length];
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < part.length; j++) {
        part[j] += direction[i] * matrix[i][j];
      }
    }
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < part.length; j++) {
        matrix[i][j] -= direction[i] * part[j];
      }
    }
  }

  /**
   * A matrix with its rows and columns scaled to equal energy, which changes no rank: outlying ones
   * would hide the rest.
   *
   * @param rows what each row was multiplied by
   * @param columns what each column was multiplied by after that
   */
  private record Even(double[][] values, double[] rows, double[] columns) {

    static Even of(double[][] matrix) {
      double[] rows = new double[matrix.length];
      double[] columns = new double[matrix[0].length];
      double[][] values = new double[matrix.length][];
      for (int i = 0; i < rows.length; i++) {
        rows[i] = inverseRoot(Eigenvalues.dot(matrix[i], matrix[i]));
        values[i] = matrix[i].clone();
        for (int j = 0; j < columns.length; j++) {
          values[i][j] *= rows[i];
          columns[j] += values[i][j] * values[i][j];
        }
      }
      for (int j = 0; j < columns.length; j++) {
        columns[j] = inverseRoot(columns[j]);
      }
      for (double[] row : values) {
        for (int j = 0; j < columns.length; j++) {
          row[j] *= columns[j];
        }
      }
      return new Even(values, rows, columns);
    }

    private static double inverseRoot(double energy) {
      return energy > 0 ? 1 / Math.sqrt(energy) : 0;
    }

    void undo(double[][] target) {
      for (int i = 0; i < rows.length; i++) {
        for (int j = 0; j < columns.length; j++) {
          double scale = rows[i] * columns[j];
          target[i][j] = scale > 0 ? values[i][j] / scale : 0;
        }
      }
    }
  }

  private static double[][] flipped(double[][] matrix, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][] flipped = new double[matrix.length][matrix[0].length];
    for (int i = 0; i < matrix.length; i++) {
      long signs = 0;
      for (int j = 0; j < flipped[i].length; j++) {
        signs = j % Long.SIZE == 0 ? random.nextLong() : signs >>> 1;
        flipped[i][j] = (signs & 1) == 0 ? matrix[i][j] : -matrix[i][j];
      }
    }
    return flipped;
  }

  private static double[][] gram(double[][] matrix) {
    int n = matrix.length;
    double[][] gram = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        gram[i][j] = Eigenvalues.dot(matrix[i], matrix[j]);
        gram[j][i] = gram[i][j];
      }
    }
    return gram;
  }
}
