package dev.rosetta.engine;

import dev.rosetta.normalize.Weight;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Compares the encoded rows of two weights, tile by tile, in the buffers of the thread that works
 * on the tile.
 */
final class RowBytes {
  /** Bytes of one side's tile; both stay in a core's L2 cache. */
  private static final int TILE_BYTES = 256 << 10;

  private RowBytes() {}

  /**
   * Whether both weights are of one element type and shape and have the same bytes in every
   * canonical row. False where rows are no whole number of bytes: it takes the values to tell.
   */
  static boolean same(Weight a, Weight b, Workers workers) {
    if (a.tensor().type() != b.tensor().type()
        || a.rows() != b.rows()
        || a.columns() != b.columns()
        || !a.hasKernelRows()
        || !b.hasKernelRows()) {
      return false;
    }
    long rowBytes = a.rowBytes();
    boolean ordered = a.isInStoredOrder() && b.isInStoredOrder();
    int tileRows = Math.clamp(TILE_BYTES / Math.max(rowBytes, 1), 1, Math.max(a.rows(), 1));
    AtomicBoolean same = new AtomicBoolean(true);
    workers.run(
        Math.ceilDiv(a.rows(), tileRows),
        (tile, scratch) -> {
          int first = tile * tileRows;
          int count = Math.min(tileRows, a.rows() - first);
          long bytes = count * rowBytes;
          MemorySegment tileA = scratch.weights(Math.max(bytes, 1));
          MemorySegment tileB = scratch.results(Math.max(bytes, 1));
          if (same.get()) {
            read(a, first, count, ordered, tileA);
            read(b, first, count, ordered, tileB);
            if (MemorySegment.mismatch(tileA, 0, bytes, tileB, 0, bytes) >= 0) {
              same.set(false);
            }
          }
        });
    return same.get();
  }

  private static void read(
      Weight weight, int first, int count, boolean ordered, MemorySegment tile) {
    if (ordered) {
      weight.readRows(first, count, tile);
      return;
    }
    long rowBytes = weight.rowBytes();
    for (int r = 0; r < count; r++) {
      weight.readRows(weight.storedRow(first + r), 1, tile.asSlice(r * rowBytes, rowBytes));
    }
  }
}
