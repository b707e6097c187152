package dev.rosetta.formats.quant;

/** The values of the 4-bit float E2M1: sign, two exponent bits, one mantissa bit. */
final class FourBitFloat {
  private static final byte[] DOUBLED = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

  /** Half of the wider gap beside twice the value of each code without its sign. */
  private static final float[] HALF_GAPS = {0.5f, 0.5f, 0.5f, 0.5f, 1, 1, 2, 2};

  private FourBitFloat() {}

  /** Twice the value, a whole number; as in ggml, -0 counts as 0. */
  static byte doubled(int bits) {
    return DOUBLED[bits];
  }

  /** Half of the wider gap beside twice the value. */
  static float halfGap(int bits) {
    return HALF_GAPS[bits & 7];
  }
}
