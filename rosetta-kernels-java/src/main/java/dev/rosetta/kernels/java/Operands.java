package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** The check in front of every kernel. */
final class Operands {
  private Operands() {}

  /**
   * Checks that each operand of a matmul is as long as the shape says.
   *
   * @throws IndexOutOfBoundsException if a segment is too short
   * @throws IllegalArgumentException if the type is not supported, a count is negative or {@code
   *     yStride} less than {@code rows}
   */
  static void check(
      ElementType type,
      MemorySegment w,
      int rows,
      int columns,
      MemorySegment x,
      int tokens,
      MemorySegment y,
      int yStride) {
    if (!BlockDecoder.supports(type)) {
      throw new IllegalArgumentException("no kernel for " + type);
    }
    if (rows < 0 || columns < 0 || tokens < 0 || yStride < rows) {
      throw new IllegalArgumentException(
          "rows " + rows + ", columns " + columns + ", tokens " + tokens + ", yStride " + yStride);
    }
    long weights = Math.multiplyExact(rows, type.byteSize(columns));
    Objects.checkFromIndexSize(0, weights, w.byteSize());
    long inputs = Math.multiplyExact((long) tokens * columns, (long) Float.BYTES);
    Objects.checkFromIndexSize(0, inputs, x.byteSize());
    if (rows > 0 && tokens > 0) {
      long results = Math.multiplyExact((tokens - 1L) * yStride + rows, (long) Float.BYTES);
      Objects.checkFromIndexSize(0, results, y.byteSize());
    }
  }
}
