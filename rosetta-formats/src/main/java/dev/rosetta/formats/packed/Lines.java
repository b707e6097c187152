package dev.rosetta.formats.packed;

/** A matrix of scales, zero points or offsets, as float32. Thread-safe. */
interface Lines {

  /** Reads {@code count} values of one line to {@code target[0…]}; the range lies inside it. */
  void read(long line, long from, int count, float[] target);
}
