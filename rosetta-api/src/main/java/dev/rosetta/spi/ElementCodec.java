package dev.rosetta.spi;

import dev.rosetta.model.ElementType;

/**
 * Decodes one element type to float32. The result is exact where the type's values fit a float32,
 * and otherwise the real value rounded once. Implementations are stateless and thread-safe.
 */
public interface ElementCodec {

  ElementType type();

  /**
   * Decodes whole blocks: {@code elements} values from byte {@code offset} of {@code blocks} to
   * {@code target[targetOffset…]}.
   *
   * @param elements a multiple of the type's block size
   * @throws IndexOutOfBoundsException if the source or the target is too short
   */
  void decode(byte[] blocks, int offset, float[] target, int targetOffset, int elements);

  /** Elements that {@link #rounding} describes together. */
  int RUN = 16;

  /**
   * What source values stored ones stand for. Writes two figures for each run of {@value #RUN}
   * elements, to {@code step[to…]} and {@code reach[to…]}:
   *
   * <ul>
   *   <li>the step: the distance of neighbouring levels, so that the square of the error is
   *       step²/12 in the mean;
   *   <li>the reach: how far a source value inside the range of the levels can lie from the stored
   *       one if it was rounded to the nearest, with what the format rounds of its scales and
   *       minimums (a subnormal scale, one that became zero, a sub-scale of few bits).
   * </ul>
   *
   * @param elements a multiple of the type's block size and of {@value #RUN}
   * @return whether the encoded bytes tell; they do not for code books, and the steps of floats
   *     follow from their values
   * @throws IndexOutOfBoundsException if the source or a target is too short
   */
  default boolean rounding(
      byte[] blocks, int offset, float[] step, float[] reach, int to, int elements) {
    return false;
  }
}
