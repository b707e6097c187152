package dev.rosetta.diagnose;

import java.util.Arrays;
import java.util.Comparator;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix, largest first, by Jacobi's rotations: slow
 * for large matrices, exact and short.
 *
 * @param values in descending order
 * @param vectors {@code vectors[i]} belongs to {@code values[i]}, of length one
 */
record Eigenvalues(double[] values, double[][] vectors) {
  private static final int SWEEPS = 30;
  private static final double CONVERGED = 1e-24;
  private static final int POWER_STEPS = 60;

  /** Those of {@code matrix}, which is left as it is. */
  static Eigenvalues of(double[][] matrix) {
    int n = matrix.length;
    double[][] a = new double[n][];
    double[][] v = new double[n][n];
    double total = 0;
    for (int i = 0; i < n; i++) {
      a[i] = matrix[i].clone();
      v[i][i] = 1;
      for (double value : a[i]) {
        total += value * value;
      }
    }
    for (int sweep = 0; sweep < SWEEPS && offDiagonal(a) > CONVERGED * total; sweep++) {
      for (int p = 0; p < n; p++) {
        for (int q = p + 1; q < n; q++) {
          if (a[p][q] != 0) {
            rotate(a, v, p, q);
          }
        }
      }
    }
    Integer[] order = new Integer[n];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingDouble((Integer i) -> -a[i][i]));
    double[] values = new double[n];
    double[][] vectors = new double[n][];
    for (int i = 0; i < n; i++) {
      values[i] = a[order[i]][order[i]];
      vectors[i] = v[order[i]];
    }
    return new Eigenvalues(values, vectors);
  }

  private static double offDiagonal(double[][] a) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      for (int j = i + 1; j < a.length; j++) {
        sum += a[i][j] * a[i][j];
      }
    }
    return sum;
  }

  /** Makes {@code a[p][q]} zero; rows of {@code v} are the vectors. */
  private static void rotate(double[][] a, double[][] v, int p, int q) {
    double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
    double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
    double cos = 1 / Math.sqrt(t * t + 1);
    double sin = t * cos;
    double[] rowP = a[p];
    double[] rowQ = a[q];
    for (int k = 0; k < a.length; k++) {
      double x = rowP[k];
      double y = rowQ[k];
      rowP[k] = cos * x - sin * y;
      rowQ[k] = sin * x + cos * y;
    }
    for (double[] row : a) {
      double x = row[p];
      double y = row[q];
      row[p] = cos * x - sin * y;
      row[q] = sin * x + cos * y;
    }
    double[] vp = v[p];
    double[] vq = v[q];
    for (int k = 0; k < vp.length; k++) {
      double x = vp[k];
      double y = vq[k];
      vp[k] = cos * x - sin * y;
      vq[k] = sin * x + cos * y;
    }
  }

  /** About the largest eigenvalue of a matrix that has no negative one; never more than it. */
  static double largest(double[][] matrix) {
    int n = matrix.length;
    double[] vector = new double[n];
    for (int i = 0; i < n; i++) {
      vector[i] = 1 + i % 7 / 10.0;
    }
    double value = 0;
    for (int step = 0; step < POWER_STEPS; step++) {
      double length = Math.sqrt(dot(vector, vector));
      if (length == 0) {
        return 0;
      }
      double[] next = new double[n];
      for (int i = 0; i < n; i++) {
        vector[i] /= length;
      }
      for (int i = 0; i < n; i++) {
        next[i] = dot(matrix[i], vector);
      }
      value = dot(vector, next);
      vector = next;
    }
    return value;
  }

  static double dot(double[] left, double[] right) {
    // Four sums, so that additions need not wait for one another.
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i + 3 < left.length; i += 4) {
      s0 += left[i] * right[i];
      s1 += left[i + 1] * right[i + 1];
      s2 += left[i + 2] * right[i + 2];
      s3 += left[i + 3] * right[i + 3];
    }
    for (; i < left.length; i++) {
      s0 += left[i] * right[i];
    }
    return s0 + s1 + (s2 + s3);
  }
}
