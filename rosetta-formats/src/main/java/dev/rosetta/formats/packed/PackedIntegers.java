package dev.rosetta.formats.packed;

import dev.rosetta.formats.packed.PackedWeight.Formula;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * compressed-tensors' {@code pack-quantized}: {@code weight_packed} holds integers of 1 to 8 bits
 * without gaps along a row, code 0 being the lowest; {@code weight_shape} is the shape without
 * packing, {@code weight_scale} is {@code [out, groups]}, {@code weight_zero_point} is packed
 * across the rows, and {@code weight_g_idx} tells the group of each input where they are not
 * consecutive.
 */
final class PackedIntegers {
  private PackedIntegers() {}

  /** {@code packed} is {@code name_packed} and of words. */
  static PackedWeight read(String name, Part packed, Parts parts) {
    Part scale = parts.require(name + "_scale", packed);
    List<Long> dims = dims(parts.require(name + "_shape", packed));
    Part zeros = parts.take(name + "_zero_point");
    Part index = parts.take(name + "_g_idx");
    if (packed.dims().size() != 2 || !packed.dims().getFirst().equals(dims.getFirst())) {
      throw packed.error(ErrorCode.SHAPE_MISMATCH, "should have the rows of a matrix of " + dims);
    }
    int bits = bits(packed, dims, parts.quantization());
    ScaleGrid grid = ScaleGrid.of(packed, dims, scale, parts);
    Groups groups = Groups.consecutive(grid.blockColumns());
    if (index != null) {
      index.requireDims(dims.subList(1, 2), "there is a group for each input");
      requireType(index, ElementType.I32);
      groups = indexed(index, dims, grid);
    }
    return new PackedWeight(
        name,
        dims,
        packed,
        bits + "-bit integers (compressed-tensors) with " + grid.words(),
        zeros == null ? Formula.SCALED : Formula.ZERO_POINT,
        new RowCodes(packed, Math.multiplyExact(packed.dims().getLast(), 4L), bits),
        Levels.integers(bits, -(1 << bits - 1)),
        grid.scales(
            StoredLines.of(scale, grid.lineLength()),
            zeros == null ? null : zeros(zeros, dims.getFirst(), grid, bits),
            1,
            1,
            groups));
  }

  private static Groups indexed(Part index, List<Long> dims, ScaleGrid grid) {
    if (grid.columns() > Character.MAX_VALUE || dims.getLast() > Integer.MAX_VALUE) {
      throw index.error(
          ErrorCode.LIMIT_EXCEEDED, "orders " + grid.columns() + " groups; 65535 are read at most");
    }
    // compressed-tensors leaves an index of -1 in folders whose groups are consecutive.
    byte[] first = new byte[4];
    if (dims.getLast() > 0) {
      index.read(0, first, 0, 4);
    }
    return LittleEndian.i32(first, 0) == -1
        ? Groups.consecutive(grid.blockColumns())
        : Groups.indexed(
            index, (int) (long) dims.getLast(), (int) grid.columns(), grid.blockColumns());
  }

  private static Lines zeros(Part zeros, long rows, ScaleGrid grid, int bits) {
    if (grid.blockRows() != 1 || zeros.tensor().type() != ElementType.I32) {
      throw zeros.error(
          ErrorCode.UNSUPPORTED_QUANTIZATION,
          "holds zero points that are not packed for each row; save the model without packing, by"
              + " compressed-tensors' decompression");
    }
    zeros.requireDims(
        List.of(Math.ceilDiv(Math.multiplyExact(rows, bits), 32L), grid.lineLength()),
        "zero points of " + bits + " bits are packed for " + rows + " rows");
    return new PackedLines.Across(zeros, grid.lineLength(), bits);
  }

  private static List<Long> dims(Part shape) {
    ElementType type = shape.tensor().type();
    if (type != ElementType.I64 && type != ElementType.I32 || !shape.dims().equals(List.of(2L))) {
      throw shape.error(
          ErrorCode.UNSUPPORTED_QUANTIZATION,
          "is not the shape of a matrix; only weights of two dimensions are unpacked");
    }
    byte[] bytes = shape.readAll();
    long[] dims = new long[2];
    for (int i = 0; i < 2; i++) {
      dims[i] =
          type == ElementType.I32
              ? LittleEndian.i32(bytes, 4 * i)
              : LittleEndian.i32(bytes, 8 * i) & 0xffff_ffffL
                  | (long) LittleEndian.i32(bytes, 8 * i + 4) << 32;
      if (dims[i] < 1 || dims[i] > Integer.MAX_VALUE) {
        throw shape.error(ErrorCode.MALFORMED, "says " + dims[i] + ", which is no dimension");
      }
    }
    return List.of(dims[0], dims[1]);
  }

  /** How many bits make rows of so many words; of several, that which the config states. */
  private static int bits(Part packed, List<Long> dims, Quantization quantization) {
    long columns = dims.getLast();
    long words = packed.dims().getLast();
    long[] possible =
        LongStream.rangeClosed(1, 8)
            .filter(bits -> Math.ceilDiv(columns * bits, 32) == words)
            .toArray();
    long[] stated =
        LongStream.of(possible).filter(bits -> quantization.statedBits().contains(bits)).toArray();
    if (stated.length == 1) {
      return (int) stated[0];
    }
    if (possible.length == 1) {
      return (int) possible[0];
    }
    throw packed.error(
        ErrorCode.SHAPE_MISMATCH,
        "does not tell how many bits its "
            + columns
            + " columns have"
            + (possible.length == 0 ? "; no whole number up to 8 fits" : ""));
  }

  static void requireType(Part part, @Nullable ElementType type) {
    if (part.tensor().type() != type) {
      throw part.error(ErrorCode.UNSUPPORTED_ELEMENT_TYPE, "should be " + type);
    }
  }
}
