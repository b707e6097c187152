package dev.rosetta.formats.packed;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How the shape of a tensor of scales divides a weight: one for the whole, one for each row, one
 * for each group of a row, or one for each block.
 *
 * @param lineLength columns of the tensor of scales
 * @param columns columns of the grid that are used
 * @param blockRows rows of the weight that share a row of the grid
 * @param blockColumns columns of the weight that share a column of the grid
 * @param matrixRows rows of one matrix; a weight may be several
 * @param matrixLines rows of the tensor of scales that one matrix has
 * @param words the division, for people
 */
record ScaleGrid(
    long lineLength,
    long columns,
    long blockRows,
    long blockColumns,
    long matrixRows,
    long matrixLines,
    String words) {

  /** Sizes that groups along a row have; what else divides a row may be a mistake. */
  private static final List<Long> GROUP_SIZES = List.of(16L, 32L, 64L, 128L, 256L, 512L, 1024L);

  /**
   * @param weight the tensor that is scaled, for messages
   * @param dims dims of the weight, one or two, or three for several matrices
   * @throws dev.rosetta.model.ModelException if the grid does not fit, with both shapes
   */
  static ScaleGrid of(Part weight, List<Long> dims, Part scale, Parts parts) {
    long columns = dims.getLast();
    long rows = dims.size() < 2 ? 1 : dims.get(dims.size() - 2);
    long matrices = dims.size() < 3 ? 1 : dims.getFirst();
    List<Long> grid = scale.dims();
    long elements = scale.tensor().elements();
    if (elements == 1) {
      return whole(columns, Math.multiplyExact(matrices, rows), 0);
    }
    if (dims.size() >= 3 && elements == matrices) {
      return whole(columns, rows, 1);
    }
    if (grid.equals(dims.subList(0, dims.size() - 1))) {
      return ofRows(columns, rows);
    }
    if (grid.size() != dims.size() || dims.size() == 3 && grid.getFirst() != matrices) {
      throw misfit(weight, dims, scale, "");
    }
    long gridRows = dims.size() < 2 ? 1 : grid.get(grid.size() - 2);
    long gridColumns = grid.getLast();
    if (gridRows == rows && gridColumns == 1) {
      return ofRows(columns, rows);
    }
    for (long[] block : parts.quantization().blockSizes()) {
      if (gridRows == Math.ceilDiv(rows, block[0])
          && gridColumns == Math.ceilDiv(columns, block[1])) {
        return blocks(grid, rows, columns, block);
      }
    }
    for (long size : parts.quantization().groupSizes()) {
      if (gridRows == rows && gridColumns == Math.ceilDiv(columns, size)) {
        return groups(gridColumns, rows, size);
      }
    }
    if (gridRows == rows
        && gridColumns > 0
        && columns % gridColumns == 0
        && GROUP_SIZES.contains(columns / gridColumns)) {
      return groups(gridColumns, rows, columns / gridColumns);
    }
    return unusual(weight, dims, scale, parts);
  }

  private static ScaleGrid whole(long columns, long rows, long matrixLines) {
    return new ScaleGrid(1, 1, rows, columns, rows, matrixLines, "one scale");
  }

  private static ScaleGrid ofRows(long columns, long rows) {
    return new ScaleGrid(1, 1, 1, columns, rows, rows, "a scale for each row");
  }

  private static ScaleGrid groups(long gridColumns, long rows, long size) {
    return new ScaleGrid(
        gridColumns, gridColumns, 1, size, rows, rows, "scales of groups of " + size);
  }

  private static ScaleGrid blocks(List<Long> grid, long rows, long columns, long[] block) {
    return new ScaleGrid(
        grid.getLast(),
        Math.ceilDiv(columns, block[1]),
        block[0],
        block[1],
        rows,
        grid.size() < 2 ? 1 : grid.get(grid.size() - 2),
        "%dx%d block scales".formatted(block[0], block[1]));
  }

  /** Blocks of a size that is not stated, or a grid with more than the weight needs. */
  private static ScaleGrid unusual(Part weight, List<Long> dims, Part scale, Parts parts) {
    List<Long> grid = scale.dims();
    long columns = dims.getLast();
    long rows = dims.size() < 2 ? 1 : dims.get(dims.size() - 2);
    long gridColumns = grid.getLast();
    long gridRows = dims.size() < 2 ? 1 : grid.get(grid.size() - 2);
    long[] block = parts.quantization().blockSizes().getFirst();
    long neededRows = Math.ceilDiv(rows, block[0]);
    long neededColumns = Math.ceilDiv(columns, block[1]);
    if (gridRows == neededColumns && gridColumns == neededRows) {
      throw misfit(weight, dims, scale, "; it seems to be transposed");
    }
    boolean divides =
        gridRows > 0 && gridColumns > 0 && rows % gridRows == 0 && columns % gridColumns == 0;
    if (divides && !parts.quantization().statesBlocks()) {
      return blocks(grid, rows, columns, new long[] {rows / gridRows, columns / gridColumns});
    }
    if (gridRows >= neededRows
        && gridColumns >= neededColumns
        && gridRows < neededRows + block[0]
        && gridColumns < neededColumns + block[1]
        && gridRows != rows) {
      parts.note(
          Severity.WARNING,
          "SCALES_PADDED",
          weight.name(),
          String.format(
              Locale.ROOT,
              "%s has more scales, %s, than its blocks of %dx%d need, [%d, %d]; the first ones of"
                  + " each row and column are taken",
              weight.described(),
              scale.described(),
              block[0],
              block[1],
              neededRows,
              neededColumns));
      return blocks(grid, rows, columns, block);
    }
    if (divides) {
      return blocks(grid, rows, columns, new long[] {rows / gridRows, columns / gridColumns});
    }
    throw misfit(weight, dims, scale, "");
  }

  private static ModelException misfit(Part weight, List<Long> dims, Part scale, String guess) {
    return scale.error(
        ErrorCode.SHAPE_MISMATCH,
        "does not divide the "
            + dims
            + " of "
            + weight.described()
            + " into rows, groups or blocks"
            + guess
            + "; write both with the same tool");
  }

  /** The scales of the weight. */
  RowScales scales(StoredLines values, @Nullable Lines shifts) {
    return scales(values, shifts, 1, 1, Groups.consecutive(blockColumns));
  }

  RowScales scales(
      StoredLines values, @Nullable Lines shifts, float factor, float divisor, Groups groups) {
    return new RowScales(
        values,
        shifts,
        factor,
        divisor,
        groups,
        Math.toIntExact(columns),
        blockRows,
        matrixRows,
        matrixLines);
  }

  /** The type as which eight-bit scales are read. */
  static ElementType scaleType(Part scale) {
    return scale.tensor().type() == ElementType.U8 ? ElementType.F8_E8M0 : scale.tensor().type();
  }
}
