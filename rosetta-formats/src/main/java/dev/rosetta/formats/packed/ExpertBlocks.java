package dev.rosetta.formats.packed;

import dev.rosetta.formats.packed.PackedWeight.Formula;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Experts as gpt-oss keeps them: {@code X_blocks} U8 {@code [experts, out, groups, 16]}, each 32
 * four-bit floats, the first in the low half of a byte, and {@code X_scales} U8 {@code [experts,
 * out, groups]}, powers of two. As in folders without quantisation, {@code X} is {@code [experts,
 * in, out]}.
 */
final class ExpertBlocks {
  private static final int GROUP = 32;
  private static final int GROUP_BYTES = 16;

  private ExpertBlocks() {}

  static PackedWeight read(String name, Part blocks, Part scales) {
    List<Long> dims = blocks.dims();
    if (dims.size() != 4 || dims.getLast() != GROUP_BYTES || dims.contains(0L)) {
      throw blocks.error(
          ErrorCode.SHAPE_MISMATCH, "should be [experts, out, groups, " + GROUP_BYTES + "]");
    }
    PackedIntegers.requireType(scales, ElementType.U8);
    scales.requireDims(dims.subList(0, 3), "there is a scale for each block of " + GROUP);
    long outputs = dims.get(1);
    long groups = dims.get(2);
    long inputs = Math.multiplyExact(groups, (long) GROUP);
    if (outputs > Integer.MAX_VALUE || inputs > Integer.MAX_VALUE) {
      throw blocks.error(ErrorCode.LIMIT_EXCEEDED, "has more rows than can be read");
    }
    Layout layout = new Layout((int) outputs, groups, inputs);
    return new PackedWeight(
        name,
        List.of(dims.getFirst(), inputs, outputs),
        blocks,
        "MXFP4 with groups of 32",
        Formula.SCALED,
        new Transposed(blocks, layout),
        Levels.e2m1(),
        new TransposedScales(StoredLines.as(scales, ElementType.F8_E8M0, groups), layout));
  }

  /**
   * @param inputs rows of one expert as it is read
   */
  private record Layout(int outputs, long groups, long inputs) {
    /** The stored row of output {@code column} of the expert that has {@code row}. */
    long line(long row, int column) {
      return row / inputs * outputs + column;
    }
  }

  private record Transposed(Part part, Layout layout) implements Codes {
    @Override
    public void read(long row, int rows, int column, int count, byte[] target) {
      byte[] packed = new byte[1 + rows / 2];
      for (int r = 0; r < rows; ) {
        long input = (row + r) % layout.inputs();
        int length = (int) Math.min(rows - r, layout.inputs() - input);
        int bytes = (int) (Math.ceilDiv(input + length, 2L) - input / 2);
        for (int c = 0; c < count; c++) {
          part.read(
              layout.line(row + r, column + c) * layout.groups() * GROUP_BYTES + input / 2,
              packed,
              0,
              bytes);
          for (int i = 0; i < length; i++) {
            int at = (int) (input & 1) + i;
            int code = (at & 1) == 0 ? packed[at >> 1] & 15 : packed[at >> 1] >> 4 & 15;
            target[(r + i) * count + c] = (byte) code;
          }
        }
        r += length;
      }
    }
  }

  private record TransposedScales(StoredLines scales, Layout layout) implements Scales {
    @Override
    public void read(
        long row,
        int rows,
        int column,
        int count,
        float[] scale,
        float[] shift,
        float @Nullable [] error) {
      float[] value = new float[1];
      for (int c = 0; c < count; c++) {
        for (int r = 0; r < rows; r++) {
          long group = (row + r) % layout.inputs() / GROUP;
          if (r == 0 || (row + r) % GROUP == 0) {
            scales.read(layout.line(row + r, column + c), group, 1, value);
          }
          scale[r * count + c] = value[0];
          if (error != null) {
            error[r * count + c] = 0;
          }
        }
      }
    }
  }
}
