package dev.rosetta.engine;

/** Operations that treat every row or element by itself. Results are float32 in new arrays. */
final class RowWise {
  private RowWise() {}

  /**
   * RMS normalisation of consecutive rows of {@code weight.length} values: {@code x *
   * (1/sqrt(mean(x²) + eps)) * w}. The sum of squares is a lane sum; its root is taken in double.
   */
  static float[] rmsNorm(float[] values, float[] weight, double eps) {
    int length = weight.length;
    float[] result = new float[values.length];
    for (int row = 0; row < values.length; row += length) {
      double mean = (double) LaneSum.dot(values, row, values, row, length) / length;
      float scale = (float) (1 / Math.sqrt(mean + eps));
      for (int i = 0; i < length; i++) {
        result[row + i] = values[row + i] * scale * weight[i];
      }
    }
    return result;
  }

  static float[] add(float[] a, float[] b) {
    float[] sum = new float[a.length];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = a[i] + b[i];
    }
    return sum;
  }

  /**
   * {@code silu(gate) * up}, with silu(x) = x / (1 + exp(-x)) computed in double and rounded once.
   */
  static void swiglu(float[] gate, float[] up, float[] product, int from, int length) {
    for (int i = from; i < from + length; i++) {
      double x = gate[i];
      product[i] = (float) (x / (1 + StrictMath.exp(-x))) * up[i];
    }
  }
}
