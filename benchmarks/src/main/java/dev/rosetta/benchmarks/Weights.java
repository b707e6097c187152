package dev.rosetta.benchmarks;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.random.RandomGenerator;

/**
 * Many distinct random matrices of one type and shape, and their products as the engine computes
 * them: a tile of rows at a time is copied to a small buffer and multiplied there.
 */
final class Weights {
  private static final long TILE_BYTES = 512 << 10;
  private static final int ROW_BLOCK = 24;

  /**
   * Of a peer's result, relative to the root mean square of all results: another order of summing
   * float32 stays far below, activations rounded to bfloat16 or to 8 bits far above.
   */
  private static final double MOST_DEVIATION = 1e-4;

  private final ElementType type;
  private final Shape shape;
  private final MemorySegment matrices;
  private final int count;

  /** Matrices of at least {@code bytes} together, one at least. */
  Weights(ElementType type, Shape shape, long bytes, Arena arena, RandomGenerator random) {
    this.type = type;
    this.shape = shape;
    long matrix = matrixBytes();
    count = Math.toIntExact(Math.max(1, Math.ceilDiv(bytes, matrix)));
    matrices = arena.allocate(count * matrix, 64);
    fill(random);
  }

  int count() {
    return count;
  }

  Shape shape() {
    return shape;
  }

  long matrixBytes() {
    return shape.rows() * type.byteSize(shape.columns());
  }

  /** The first {@code bytes} of all matrices: what a probe of the memory reads. */
  MemorySegment memory(long bytes) {
    return matrices.asSlice(0, Math.min(bytes, matrices.byteSize()));
  }

  /** Random quanta below scales of the size that models have. */
  private void fill(RandomGenerator random) {
    byte[] quanta = new byte[1 << 20];
    for (long at = 0; at < matrices.byteSize(); at += quanta.length) {
      random.nextBytes(quanta);
      int length = (int) Math.min(quanta.length, matrices.byteSize() - at);
      MemorySegment.copy(quanta, 0, matrices, ValueLayout.JAVA_BYTE, at, length);
    }
    ValueLayout.OfShort half = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    ValueLayout.OfInt single = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    int step = type.blockBytes();
    for (long at = 0; at + step <= matrices.byteSize(); at += step) {
      short scale = (short) (0x2000 + (random.nextInt() & 0x3ff));
      switch (type) {
        case F32 -> matrices.set(single, at, 0x3c000000 | (random.nextInt() & 0x80ffffff));
        case BF16 -> matrices.set(half, at, (short) (0x3c00 | (random.nextInt() & 0x80ff)));
        case F16, Q8_0, Q4_0 -> matrices.set(half, at, scale);
        case Q6_K -> matrices.set(half, at + 208, scale);
        default -> {
          matrices.set(half, at, scale);
          matrices.set(half, at + 2, scale);
        }
      }
    }
  }

  /** Rows of a tile. */
  int tileRows(int tokens) {
    long rowBytes = type.byteSize(shape.columns()) + (long) tokens * Float.BYTES;
    long rows = Math.max(ROW_BLOCK, TILE_BYTES / rowBytes / ROW_BLOCK * ROW_BLOCK);
    return (int) Math.min(rows, shape.rows());
  }

  /** Bytes of the buffer that a tile is copied to. */
  long tileBytes(int tokens) {
    return tileRows(tokens) * type.byteSize(shape.columns());
  }

  /** Rows {@code from …} of matrix {@code index}, at most one tile, times {@code x}. */
  void multiplyTile(
      KernelBackend backend,
      int index,
      int from,
      MemorySegment x,
      int tokens,
      MemorySegment tile,
      MemorySegment y) {
    long rowBytes = type.byteSize(shape.columns());
    int rows = Math.min(tileRows(tokens), shape.rows() - from);
    MemorySegment.copy(
        matrices, index % count * matrixBytes() + from * rowBytes, tile, 0, rows * rowBytes);
    MemorySegment results = y.asSlice((long) from * Float.BYTES);
    backend.matmul(type, tile, rows, shape.columns(), x, tokens, results, shape.rows());
  }

  /** Matrix {@code index} times {@code x}, on the calling thread. */
  void multiply(
      KernelBackend backend,
      int index,
      MemorySegment x,
      int tokens,
      MemorySegment tile,
      MemorySegment y) {
    for (int row = 0; row < shape.rows(); row += tileRows(tokens)) {
      multiplyTile(backend, index, row, x, tokens, tile, y);
    }
  }

  /** Token columns of order 1. */
  static MemorySegment activations(int tokens, int columns, Arena arena, RandomGenerator random) {
    MemorySegment x = arena.allocate((long) tokens * columns * Float.BYTES, 64);
    for (long i = 0; i < (long) tokens * columns; i++) {
      x.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    return x;
  }

  /**
   * Compares two back ends on one matrix.
   *
   * @throws IllegalStateException if a bit differs
   */
  void crossCheck(
      KernelBackend expected, KernelBackend actual, MemorySegment x, int tokens, Arena arena) {
    MemorySegment wanted = firstTile(expected, x, tokens, arena);
    MemorySegment got = firstTile(actual, x, tokens, arena);
    long different = wanted.mismatch(got);
    if (different >= 0) {
      throw new IllegalStateException(
          "%s and %s differ on %s %s with %d tokens at byte %d"
              .formatted(expected.name(), actual.name(), type, shape, tokens, different));
    }
  }

  /**
   * Compares another project's kernel, which sums in its own order, with the definition.
   *
   * @throws IllegalStateException if a result deviates by more than {@link #MOST_DEVIATION}
   */
  void crossCheckPeer(
      KernelBackend expected, KernelBackend peer, MemorySegment x, int tokens, Arena arena) {
    MemorySegment wanted = firstTile(expected, x, tokens, arena);
    MemorySegment got = firstTile(peer, x, tokens, arena);
    double squares = 0;
    double worst = 0;
    for (long i = 0; i < (long) tokens * shape.rows(); i++) {
      double value = wanted.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      squares += value * value;
      worst = Math.max(worst, Math.abs(got.getAtIndex(ValueLayout.JAVA_FLOAT, i) - value));
    }
    double deviation = worst / Math.sqrt(squares / ((double) tokens * tileRows(tokens)));
    if (!(deviation <= MOST_DEVIATION)) {
      throw new IllegalStateException(
          "%s deviates on %s %s with %d tokens by %.1e of the results' root mean square"
              .formatted(peer.name(), type, shape, tokens, deviation));
    }
  }

  /** Products of the first tile of the first matrix; zero for the other rows. */
  private MemorySegment firstTile(KernelBackend backend, MemorySegment x, int tokens, Arena arena) {
    MemorySegment y = arena.allocate((long) tokens * shape.rows() * Float.BYTES, 64);
    multiplyTile(backend, 0, 0, x, tokens, arena.allocate(tileBytes(tokens), 64), y);
    return y;
  }
}
