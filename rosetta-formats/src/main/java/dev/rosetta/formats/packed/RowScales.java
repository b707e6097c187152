package dev.rosetta.formats.packed;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Scales in a grid that lies over the matrix as it is, {@code [rows / block, columns / block]}: for
 * the whole matrix, its rows, groups of a row, or blocks. Of several matrices one behind the other,
 * each has its own rows of the grid.
 *
 * @param scales the grid
 * @param shifts zero points or offsets in a grid of the same shape, or null
 * @param factor what every scale is multiplied by
 * @param divisor what every scale is divided by
 * @param groups which column of the grid each column belongs to
 * @param gridColumns columns of the grid that are used
 * @param blockRows rows that share a row of the grid
 * @param matrixRows rows of one matrix
 * @param matrixLines rows of the grid that one matrix has
 */
record RowScales(
    StoredLines scales,
    @Nullable Lines shifts,
    float factor,
    float divisor,
    Groups groups,
    int gridColumns,
    long blockRows,
    long matrixRows,
    long matrixLines)
    implements Scales {

  @Override
  public void read(
      long row,
      int rows,
      int column,
      int count,
      float[] scale,
      float[] shift,
      float @Nullable [] error) {
    int first = groups.first(column);
    int span = groups.span(column, count, gridColumns);
    float[] line = new float[span];
    float[] shiftLine = new float[span];
    long loaded = -1;
    for (int r = 0; r < rows; r++) {
      long gridRow = gridRow(row + r);
      if (gridRow != loaded) {
        scales.read(gridRow, first, span, line);
        if (shifts != null) {
          shifts.read(gridRow, first, span, shiftLine);
        }
        loaded = gridRow;
      }
      for (int at = 0; at < count; ) {
        int group = groups.group(column + at);
        int end = groups.end(column, at, count);
        float value = line[group - first];
        Arrays.fill(scale, r * count + at, r * count + end, value * factor / divisor);
        if (shifts != null) {
          Arrays.fill(shift, r * count + at, r * count + end, shiftLine[group - first]);
        }
        if (error != null) {
          Arrays.fill(
              error,
              r * count + at,
              r * count + end,
              scales.rounding(value) * Math.abs(factor / divisor));
        }
        at = end;
      }
    }
  }

  private long gridRow(long row) {
    return row / matrixRows * matrixLines + row % matrixRows / blockRows;
  }
}
