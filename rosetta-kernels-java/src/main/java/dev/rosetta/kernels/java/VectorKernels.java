package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Matmul with the Vector API: a few rows are decoded to a scratch, then meet every column. Rows of
 * super-blocks meet one or four columns straight from their bytes.
 */
final class VectorKernels {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /**
   * Inputs of more floats than this come from a cache that all cores share; they meet more rows
   * each time.
   */
  private static final int LARGE = 256 << 10;

  private static final int LARGE_GROUP = 3 * DotBlocks.ROWS;

  /** Tokens that rows of super-blocks meet in registers, besides a single one. */
  private static final int FUSED = 4;

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::new);

  /** What one thread needs beside the operands; grows to the largest shape seen. */
  private static final class Buffers {
    float[] weights = {};
    float[] columns = {};
    final SuperBlocks superBlocks = new SuperBlocks();
    final VectorDecoder decoder = new VectorDecoder(superBlocks);
    final Panels panels = new Panels(decoder);
    final float[] lanes = new float[DotBlocks.laneCount()];

    float[] weights(int length) {
      if (weights.length < length) {
        weights = new float[length];
      }
      return weights;
    }

    float[] columns(int length) {
      if (columns.length < length) {
        columns = new float[length];
      }
      return columns;
    }
  }

  private VectorKernels() {}

  static int bits() {
    return VectorWidth.FLOATS.vectorBitSize();
  }

  static void matmul(
      ElementType type,
      MemorySegment w,
      int rows,
      int columns,
      MemorySegment x,
      int tokens,
      MemorySegment y,
      int yStride) {
    if (tokens == 2 * FUSED && rows > 0 && SuperBlocks.holds(type)) {
      // Both sides of 4 tokens: from the cache, twice in registers takes less than by a scratch.
      long half = (long) FUSED * columns * Float.BYTES;
      matmul(type, w, rows, columns, x.asSlice(0, half), FUSED, y, yStride);
      MemorySegment rest = y.asSlice((long) FUSED * yStride * Float.BYTES);
      matmul(type, w, rows, columns, x.asSlice(half), FUSED, rest, yStride);
      return;
    }
    Buffers buffers = BUFFERS.get();
    int stride = BlockDecoder.paddedColumns(type, columns);
    long rowBytes = type.byteSize(columns);
    int group = (long) tokens * columns > LARGE ? LARGE_GROUP : DotBlocks.ROWS;
    float[] weights = buffers.weights(Math.multiplyExact(group, stride));
    float[] inputs = buffers.columns(Math.multiplyExact(tokens, columns));
    float[] lanes = buffers.lanes;
    VectorDecoder decoder = buffers.decoder;
    MemorySegment.copy(x, FLOAT, 0, inputs, 0, tokens * columns);
    int row = 0;
    if ((tokens == 1 || tokens == FUSED) && columns % 32 == 0 && SuperBlocks.holds(type)) {
      row = fused(type, w, rows, columns, stride, tokens, y, yStride, buffers);
    }
    if (VectorWidth.FEW_REGISTERS) {
      buffers.panels.multiply(type, w, row, rows, inputs, columns, tokens, y, yStride);
      return;
    }
    int whole = rows - rows % DotBlocks.ROWS;
    for (; row < whole; row += group) {
      int count = Math.min(group, whole - row);
      decoder.decode(type, w, row * rowBytes, count, columns, weights, 0);
      DotBlocks.multiply(weights, stride, count, inputs, columns, tokens, lanes, y, yStride, row);
    }
    for (row = whole; row < rows; row++) {
      decoder.decode(type, w, row * rowBytes, 1, columns, weights, 0);
      for (int t = 0; t < tokens; t++) {
        float dot = DotBlocks.single(weights, 0, inputs, t * columns, columns, lanes);
        y.setAtIndex(FLOAT, (long) t * yStride + row, dot);
      }
    }
  }

  /**
   * Multiplies whole groups of rows, decoding in registers: for few tokens the way through a
   * scratch of floats would cost more than the products.
   *
   * @return the rows done
   */
  private static int fused(
      ElementType type,
      MemorySegment w,
      int rows,
      int columns,
      int stride,
      int tokens,
      MemorySegment y,
      int yStride,
      Buffers buffers) {
    SuperBlocks superBlocks = buffers.superBlocks;
    float[] lanes = buffers.lanes;
    boolean direct = SuperBlocks.isDirect(type, columns, tokens);
    int blocks = DotBlocks.ROWS * stride / SuperBlocks.ELEMENTS;
    int row = 0;
    for (; row <= rows - DotBlocks.ROWS; row += DotBlocks.ROWS) {
      long from = row * type.byteSize(columns);
      if (direct) {
        superBlocks.multiplyQ4K(w, from, buffers.columns, columns, lanes);
      } else {
        superBlocks.read(type, w, from, blocks);
        superBlocks.multiply(type, stride, buffers.columns, columns, tokens, lanes);
      }
      int at = 0;
      for (int r = row; r < row + DotBlocks.ROWS; r++) {
        for (int t = 0; t < tokens; t++, at += DotBlocks.LANES) {
          y.setAtIndex(FLOAT, (long) t * yStride + r, DotBlocks.fold(lanes, at));
        }
      }
    }
    return row;
  }
}
