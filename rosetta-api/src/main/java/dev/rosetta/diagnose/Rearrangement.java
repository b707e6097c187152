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
 */
record Rearrangement(DiagnosisCode code, String words, String fix, IndexMap map) {

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
          (row, column, rows, columns) -> column * rows + row);

  static final Rearrangement RESHAPED =
      new Rearrangement(
          DiagnosisCode.WEIGHT_RESHAPED,
          "was reshaped instead of transposed: reshape(W, [in, out]) was transposed, not W",
          "do not reshape to swap dims: keep the bytes and swap the dims, or transpose the data",
          (row, column, rows, columns) -> {
            long linear = row * columns + column;
            return (linear % rows) * columns + linear / rows;
          });

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
    int columns = weight.columns();
    int[] tensorRows = new int[rows];
    for (int row = 0; row < rows; row++) {
      tensorRows[row] = row;
    }
    return weight.withValues(weight.rows(), columns, () -> repaired(weight, tensorRows));
  }

  private float[] repaired(Weight weight, int[] tensorRows) {
    int rows = tensorRows.length;
    int columns = weight.columns();
    float[] stored =
        weight.isInMemory() ? weight.decodeAll() : weight.withTensorRows(tensorRows).decodeAll();
    float[] values = new float[Math.multiplyExact(weight.rows(), columns)];
    for (int row = 0; row < weight.rows(); row++) {
      int storedRow = weight.firstRow() + weight.storedRow(row);
      for (int column = 0; column < columns; column++) {
        values[row * columns + column] = stored[(int) map.index(storedRow, column, rows, columns)];
      }
    }
    return values;
  }
}
