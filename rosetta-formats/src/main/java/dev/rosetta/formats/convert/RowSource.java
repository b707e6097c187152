package dev.rosetta.formats.convert;

/**
 * The encoded rows of one tensor, in half-split order, on demand. Implementations are thread-safe:
 * rows are asked for in any order by several threads.
 */
@FunctionalInterface
public interface RowSource {

  /** Puts the bytes of {@code row} at {@code target[at…]}. */
  void read(int row, byte[] target, int at);
}
