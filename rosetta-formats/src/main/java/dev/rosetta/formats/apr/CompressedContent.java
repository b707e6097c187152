package dev.rosetta.formats.apr;

import java.lang.foreign.MemorySegment;

/** Content that is walked once for its size and once more to expand it. */
interface CompressedContent {

  /**
   * Bytes that it expands to.
   *
   * @throws dev.rosetta.model.ModelException if it is malformed or expands to more than {@code
   *     limit} bytes
   */
  long expandedSize(long limit);

  /** Expands it to fill {@code target}. */
  void expand(MemorySegment target);
}
