package dev.rosetta.bench;

/** Roundings of other programs than ours. */
final class Rounding {
  private Rounding() {}

  /** Blocks of 32 to 15 levels about zero, the largest magnitude met exactly. */
  static Matrix symmetric4(Matrix matrix) {
    float[] values = matrix.values().clone();
    for (int from = 0; from < values.length; from += 32) {
      int to = Math.min(from + 32, values.length);
      float largest = 0;
      for (int i = from; i < to; i++) {
        largest = Math.max(largest, Math.abs(values[i]));
      }
      float step = largest / 7;
      for (int i = from; i < to && step > 0; i++) {
        values[i] = step * Math.round(values[i] / step);
      }
    }
    return new Matrix(matrix.rows(), matrix.columns(), values);
  }

  /** To the nearest of sixteen bits, ties to even. */
  static float bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int rounded = bits + 0x7fff + (bits >>> 16 & 1);
    return Float.intBitsToFloat(rounded & 0xffff0000);
  }

  static float f16(float value) {
    return Float.float16ToFloat(Float.floatToFloat16(value));
  }

  /** Q4_0 blocks with as many levels above zero as below. */
  static byte[] q4(Matrix matrix) {
    float[] values = matrix.values();
    byte[] bytes = new byte[values.length / 32 * 18];
    for (int block = 0; block < values.length / 32; block++) {
      float largest = 0;
      for (int i = 0; i < 32; i++) {
        largest = Math.max(largest, Math.abs(values[32 * block + i]));
      }
      short half = Float.floatToFloat16(largest / 7.5f);
      float step = Float.float16ToFloat(half);
      int at = 18 * block;
      bytes[at] = (byte) half;
      bytes[at + 1] = (byte) (half >> 8);
      for (int i = 0; i < 16 && step > 0; i++) {
        int low = level(values[32 * block + i], step);
        int high = level(values[32 * block + 16 + i], step);
        bytes[at + 2 + i] = (byte) (low + 16 * high);
      }
    }
    return bytes;
  }

  private static int level(float value, float step) {
    return Math.clamp(Math.round(value / step), -8, 7) + 8;
  }
}
