package dev.rosetta.formats.packed;

/** The low-bit codes of a matrix, wherever its format puts them. Thread-safe. */
interface Codes {

  /**
   * Reads the codes of {@code count} columns in {@code rows} rows, row by row, as unsigned bytes.
   * The ranges lie inside the matrix; more than one row is asked for only with all of its columns.
   */
  void read(long row, int rows, int column, int count, byte[] target);
}
