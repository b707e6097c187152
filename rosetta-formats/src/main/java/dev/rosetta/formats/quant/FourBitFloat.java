package dev.rosetta.formats.quant;

/** The values of the 4-bit float E2M1: sign, two exponent bits, one mantissa bit. */
final class FourBitFloat {
  private static final byte[] DOUBLED = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

  /** Square root of the mean of the gaps' squares between twice the values. */
  static final float MEAN_GAP = 2;

  /** Half of the widest gap between twice the values, which is below the last of them. */
  static final float REACH = 2;

  private FourBitFloat() {}

  /** Twice the value, a whole number; as in ggml, -0 counts as 0. */
  static byte doubled(int bits) {
    return DOUBLED[bits];
  }
}
