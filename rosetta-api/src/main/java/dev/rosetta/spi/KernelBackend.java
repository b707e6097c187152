package dev.rosetta.spi;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;

/**
 * Multiplies encoded weights with float32 activations.
 *
 * <p>Every back end returns the same bits. A dot product of K elements accumulates into 16 float32
 * lanes, element k into lane k mod 16, by fused multiply-add with k ascending; the lanes then fold
 * as a tree, lane i with lane i+8, then i+4, i+2, i+1. Weights are decoded to exact float32 first.
 *
 * <p>Implementations are thread-safe. Calls of {@link #matmul} do not allocate and do not log.
 */
public interface KernelBackend {

  /** Short name as used on the command line: {@code java}. */
  String name();

  /** Higher is preferred among usable back ends. */
  int priority();

  /** Checked once before first use. */
  Availability availability();

  /** Whether {@link #matmul} takes weights of this type. F32 is always supported. */
  boolean supports(ElementType type);

  /**
   * Computes {@code y[t * yStride + r] = dot(w[r], x[t])} for rows {@code r} in {@code [0, rows)}
   * and tokens {@code t} in {@code [0, tokens)}.
   *
   * @param type element type of the weights
   * @param w native memory: {@code rows} rows of {@code type.byteSize(columns)} bytes each
   * @param x native memory: {@code tokens} rows of {@code columns} float32
   * @param y native memory: {@code (tokens - 1) * yStride + rows} float32 at least
   * @param yStride distance of two tokens' results in floats, at least {@code rows}
   * @throws IndexOutOfBoundsException if a segment is too short
   * @throws IllegalArgumentException if the type is not supported or a count is negative
   */
  void matmul(
      ElementType type,
      MemorySegment w,
      int rows,
      int columns,
      MemorySegment x,
      int tokens,
      MemorySegment y,
      int yStride);

  /** Whether {@link #dequantize} takes this type; by default it takes none. */
  default boolean dequantizes(ElementType type) {
    return false;
  }

  /**
   * Decodes the first {@code elements} values of a sequence of blocks, to the values that {@link
   * #matmul} multiplies.
   *
   * @param blocks native memory: {@code type.byteSize(elements)} bytes
   * @param values native memory: {@code elements} float32
   * @throws IndexOutOfBoundsException if a segment is too short
   * @throws IllegalArgumentException if the type is not supported or the count is negative
   */
  default void dequantize(
      ElementType type, MemorySegment blocks, MemorySegment values, long elements) {
    throw new IllegalArgumentException(name() + " does not decode " + type);
  }

  /**
   * Sums up how rows differ, as {@link RowDifference} defines it.
   *
   * @param a native memory: {@code rows} rows of {@code columns} float32, one after the other
   * @param b the same of the other side
   * @param sums native memory: {@code rows} times {@link RowDifference#length} float64
   * @throws IndexOutOfBoundsException if a segment is too short
   * @throws IllegalArgumentException if a count is negative
   */
  default void difference(
      MemorySegment a, MemorySegment b, int rows, int columns, MemorySegment sums) {
    RowDifference.sum(a, b, rows, columns, sums);
  }
}
