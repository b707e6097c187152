package dev.rosetta.diagnose;

import dev.rosetta.normalize.Weight;

/**
 * A weight whose lost values are taken from the other side's. Only what is recognisably lost is
 * filled, so that a comparison in full still shows whether the rest agrees.
 */
final class Fill {
  private static final int BLOCK = 32;

  private Fill() {}

  /** Blocks of 32 columns that are all zero in {@code weight}. */
  static Weight zeroBlocks(Weight weight, Weight donor) {
    return weight.withValues(
        weight.rows(),
        weight.columns(),
        () ->
            filled(
                weight,
                donor,
                (values, from, to) -> {
                  for (int i = from; i < to; i++) {
                    if (values[i] != 0) {
                      return false;
                    }
                  }
                  return true;
                }));
  }

  /** Blocks of 32 columns that hold a NaN or an infinity in {@code weight}. */
  static Weight nonFinite(Weight weight, Weight donor) {
    return weight.withValues(
        weight.rows(),
        weight.columns(),
        () ->
            filled(
                weight,
                donor,
                (values, from, to) -> {
                  for (int i = from; i < to; i++) {
                    if (!Float.isFinite(values[i])) {
                      return true;
                    }
                  }
                  return false;
                }));
  }

  @FunctionalInterface
  private interface Loss {
    boolean isLost(float[] values, int from, int to);
  }

  private static float[] filled(Weight weight, Weight donor, Loss loss) {
    int columns = weight.columns();
    float[] values = weight.decodeAll().clone();
    float[] row = new float[columns];
    for (int r = 0; r < weight.rows(); r++) {
      boolean decoded = false;
      for (int column = 0; column < columns; column += BLOCK) {
        int from = r * columns + column;
        int to = r * columns + Math.min(column + BLOCK, columns);
        if (loss.isLost(values, from, to)) {
          if (!decoded) {
            donor.decodeRow(r, row, 0);
            decoded = true;
          }
          System.arraycopy(row, column, values, from, to - from);
        }
      }
    }
    return values;
  }
}
