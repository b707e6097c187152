package dev.rosetta.formats.packed;

import org.jspecify.annotations.Nullable;

/** Scale and zero point, or offset, of each element of a matrix. Thread-safe. */
interface Scales {

  /**
   * Reads those of {@code count} columns in {@code rows} rows, row by row. The ranges lie inside
   * the matrix; more than one row is asked for only with all of its columns.
   *
   * @param shift zero points or offsets; left as it is where the format has none
   * @param error how far each stored scale may be from the one that was rounded to it; null where
   *     it is not asked for
   */
  void read(
      long row,
      int rows,
      int column,
      int count,
      float[] scale,
      float[] shift,
      float @Nullable [] error);
}
