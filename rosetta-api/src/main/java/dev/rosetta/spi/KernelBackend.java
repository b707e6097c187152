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
 * <p>Implementations are thread-safe. Calls do not allocate and do not log.
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
}
