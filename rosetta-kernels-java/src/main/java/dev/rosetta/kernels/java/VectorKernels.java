package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Matmul with the Vector API: a few rows are decoded to a scratch, then meet every column. */
final class VectorKernels {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::new);

  /** What one thread needs beside the operands; grows to the largest shape seen. */
  private static final class Buffers {
    float[] weights = {};
    float[] columns = {};
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
    Buffers buffers = BUFFERS.get();
    int stride = BlockDecoder.paddedColumns(type, columns);
    long rowBytes = type.byteSize(columns);
    float[] weights = buffers.weights(Math.multiplyExact(DotBlocks.ROWS, stride));
    float[] inputs = buffers.columns(Math.multiplyExact(tokens, columns));
    float[] lanes = buffers.lanes;
    MemorySegment.copy(x, FLOAT, 0, inputs, 0, tokens * columns);
    int row = 0;
    for (; row <= rows - DotBlocks.ROWS; row += DotBlocks.ROWS) {
      for (int i = 0; i < DotBlocks.ROWS; i++) {
        VectorDecoder.decodeRow(type, w, (row + i) * rowBytes, columns, weights, i * stride);
      }
      DotBlocks.multiply(weights, stride, inputs, columns, tokens, lanes, y, yStride, row);
    }
    for (; row < rows; row++) {
      VectorDecoder.decodeRow(type, w, row * rowBytes, columns, weights, 0);
      for (int t = 0; t < tokens; t++) {
        float dot = DotBlocks.single(weights, 0, inputs, t * columns, columns, lanes);
        y.setAtIndex(FLOAT, (long) t * yStride + row, dot);
      }
    }
  }
}
