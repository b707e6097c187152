package dev.rosetta.formats.quant;

/** The sixteen values of the non-linear 4-bit types. */
final class NonLinear4 {
  private static final byte[] VALUES = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  /** Square root of the mean of the gaps' squares, each as often as its levels are used. */
  static final float MEAN_GAP = 15;

  static final float WIDEST_GAP = 24;

  private NonLinear4() {}

  static byte value(int q) {
    return VALUES[q];
  }
}
