package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.normalize.Weight;

/**
 * A way in which the data of a stored tensor may have been rearranged: where the value that belongs
 * at a canonical position is really found.
 *
 * @param code the fault class that it stands for
 * @param words how a message says it
 * @param fix what to do about it
 * @param map from a position of the stored tensor, read as {@code [rows, columns]}, to the linear
 *     index that holds its value
 * @param inverse from a position to the linear index of the one whose value it holds
 */
record Rearrangement(DiagnosisCode code, String words, String fix, IndexMap map, IndexMap inverse) {
  /** Where the value of row {@code row}, column {@code column} of a [rows, columns] tensor is. */
  @FunctionalInterface
  interface IndexMap {
    long index(long row, long column, long rows, long columns);
  }

  static final Rearrangement TRANSPOSED =
      new Rearrangement(
          DiagnosisCode.WEIGHT_TRANSPOSED,
          "holds the transpose: its data is laid out [in, out]",
          "transpose the data when writing it: row-major [out, in]",
          (row, column, rows, columns) -> column * rows + row,
          (row, column, rows, columns) -> {
            long linear = row * columns + column;
            return (linear % rows) * columns + linear / rows;
          });

  static final Rearrangement RESHAPED =
      new Rearrangement(
          DiagnosisCode.WEIGHT_RESHAPED,
          "was reshaped instead of transposed: reshape(W, [in, out]) was transposed, not W",
          "do not reshape to swap dims: keep the bytes and swap the dims, or transpose the data",
          (row, column, rows, columns) -> {
            long linear = row * columns + column;
            return (linear % rows) * columns + linear / rows;
          },
          (row, column, rows, columns) -> column * rows + row);

  /**
   * The value that {@code weight} should hold at a canonical position if this rearrangement holds.
   */
  float valueAt(Weight weight, int row, int column) {
    long rows = weight.storedTensorRows();
    long columns = weight.columns();
    long stored = (long) weight.firstRow() + weight.storedRow(row);
    long index = map.index(stored, column, rows, columns);
    return weight.storedValue(index / columns, (int) (index % columns));
  }

  /**
   * As {@link #valueAt}, where the data was rearranged before its rows were put in stored order.
   */
  float valueInOrder(Weight weight, int row, int column) {
    long columns = weight.columns();
    long index = map.index(row, column, weight.rows(), columns);
    return Suspicion.value(weight, (int) (index / columns), (int) (index % columns));
  }

  /** {@code weight} with its data put right. */
  Weight repair(Weight weight) {
    int rows = Math.toIntExact(weight.storedTensorRows());
    int[] identity = new int[rows];
    int[] canonical = new int[rows];
    for (int row = 0; row < rows; row++) {
      identity[row] = row;
      canonical[row] = -1;
    }
    for (int row = 0; row < weight.rows(); row++) {
      canonical[weight.firstRow() + weight.storedRow(row)] = row;
    }
    Weight stored = weight.isInMemory() ? weight : weight.withTensorRows(identity);
    return weight.withValues(
        weight.rows(), weight.columns(), () -> repaired(stored, canonical, weight.rows()));
  }

  /**
   * Values put where they belong, one stored row after the other: the matrix is held once.
   *
   * @param canonical row of the result for each row of the stored tensor, or -1
   */
  private float[] repaired(Weight stored, int[] canonical, int resultRows) {
    int rows = canonical.length;
    int columns = stored.columns();
    Math.multiplyExact(rows, columns); // Indexes are of the type int.
    float[] values = new float[Math.multiplyExact(resultRows, columns)];
    float[] row = new float[columns];
    for (int r = 0; r < rows; r++) {
      stored.decodeRow(r, row, 0);
      for (int c = 0; c < columns; c++) {
        int index = (int) inverse.index(r, c, rows, columns);
        int target = canonical[index / columns];
        if (target >= 0) {
          values[target * columns + index % columns] = row[c];
        }
      }
    }
    return values;
  }
}
