package dev.rosetta.formats.quant;

/**
 * Finds the scale of a sub-block that leaves the least squared error: several scales around the one
 * that meets the extremes are tried; for each, the values are rounded and the best real scale for
 * the integers so found follows by least squares.
 */
final class ScaleSearch {
  private ScaleSearch() {}

  /**
   * The scale s for values s * q with q in {@code [-half, half - 1]}; may be negative, 0 for zeros.
   */
  static float symmetric(float[] x, int from, int count, int half) {
    float largest = 0;
    for (int i = from; i < from + count; i++) {
      if (Math.abs(x[i]) > Math.abs(largest)) {
        largest = x[i];
      }
    }
    if (largest == 0) {
      return 0;
    }
    float best = 0;
    float bestGain = -1;
    for (int step = -6; step <= 6; step++) {
      float inverse = -(half + 0.15f * step) / largest;
      if (!Float.isFinite(inverse)) {
        return largest / -half;
      }
      float xq = 0;
      float qq = 0;
      for (int i = from; i < from + count; i++) {
        float q = BlockEncoder.nearest(x[i] * inverse, -half, half - 1);
        xq += x[i] * q;
        qq += q * q;
      }
      // The error left is sum x^2 - xq^2 / qq.
      if (qq > 0 && xq * xq > bestGain * qq) {
        bestGain = xq * xq / qq;
        best = xq / qq;
      }
    }
    return best;
  }

  /**
   * A scale and an offset, neither negative, for values scale * q - offset with q in {@code [0,
   * greatest]}.
   */
  static Affine affine(float[] x, int from, int count, int greatest) {
    float least = 0;
    float most = x[from];
    float sum = 0;
    for (int i = from; i < from + count; i++) {
      least = Math.min(least, x[i]);
      most = Math.max(most, x[i]);
      sum += x[i];
    }
    if (most <= least) {
      return new Affine(0, -least);
    }
    float range = most - least;
    Affine best = new Affine(range / greatest, -least);
    float bestError = Float.POSITIVE_INFINITY;
    for (int step = -8; step <= 6; step++) {
      float inverse = (greatest + 0.15f * step) / range;
      if (!Float.isFinite(inverse)) {
        return best;
      }
      int q1 = 0;
      int q2 = 0;
      float xq = 0;
      for (int i = from; i < from + count; i++) {
        int q = Math.min(greatest, (int) ((x[i] - least) * inverse + 0.5f));
        q1 += q;
        q2 += q * q;
        xq += x[i] * q;
      }
      Affine fit = leastSquares(count, q1, q2, sum, xq);
      // Squared error less sum x^2, which is the same for all.
      float s = fit.scale();
      float m = fit.offset();
      float error = s * s * q2 - 2 * s * m * q1 + m * m * count - 2 * s * xq + 2 * m * sum;
      if (s > 0 && error < bestError) {
        bestError = error;
        best = fit;
      }
    }
    return best;
  }

  private static Affine leastSquares(int count, int q1, int q2, float sum, float xq) {
    float determinant = (float) count * q2 - (float) q1 * q1;
    if (determinant <= 0) {
      return new Affine(0, 0);
    }
    float scale = (count * xq - q1 * sum) / determinant;
    float offset = (q1 * xq - q2 * sum) / determinant;
    // The offset is stored unsigned.
    return offset >= 0 ? new Affine(scale, offset) : new Affine(q2 == 0 ? 0 : xq / q2, 0);
  }

  /** Values are scale * q - offset. */
  record Affine(float scale, float offset) {}
}
