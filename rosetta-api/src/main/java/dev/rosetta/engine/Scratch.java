package dev.rosetta.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Native memory that one thread reuses from call to call. Contents are undefined when it is taken.
 * Not thread-safe.
 */
final class Scratch {
  private static final long ALIGNMENT = 64;

  private MemorySegment weights = MemorySegment.NULL;
  private MemorySegment results = MemorySegment.NULL;
  private float[] row = {};

  /** At least {@code bytes} bytes for encoded weights. */
  MemorySegment weights(long bytes) {
    if (weights.byteSize() < bytes) {
      weights = allocate(bytes);
    }
    return weights;
  }

  /** At least {@code bytes} bytes for what a kernel computes. */
  MemorySegment results(long bytes) {
    if (results.byteSize() < bytes) {
      results = allocate(bytes);
    }
    return results;
  }

  /** At least {@code length} floats. */
  float[] row(int length) {
    if (row.length < length) {
      row = new float[length];
    }
    return row;
  }

  /** {@code bytes} bytes on a cache line of their own, freed when unreachable. */
  static MemorySegment allocate(long bytes) {
    return Arena.ofAuto().allocate(bytes, ALIGNMENT);
  }
}
