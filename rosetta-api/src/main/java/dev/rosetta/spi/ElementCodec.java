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
}
