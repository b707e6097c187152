package dev.rosetta.engine;

import dev.rosetta.model.ElementType;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.KernelBackend;
import dev.rosetta.spi.RowDifference;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** Decodes rows of weights, and sums up how those of two weights differ. */
final class RowValues {
  /** Values of a task; small enough to balance threads, and the same whatever their number. */
  private static final int TASK_ELEMENTS = 1 << 20;

  /** Values of one side's tile: those of both stay in a core's L2 cache. */
  private static final int TILE_ELEMENTS = 32 << 10;

  private static final long LINE = 64;

  private RowValues() {}

  /**
   * Decodes canonical rows to {@code target}, one after the other: by the back end if it can, and
   * otherwise by the weight's codec, which gives the same values.
   */
  static void decode(
      Weight weight,
      int first,
      int count,
      MemorySegment target,
      KernelBackend backend,
      Scratch scratch) {
    ElementType type = weight.tensor().type();
    int columns = weight.columns();
    if (weight.hasKernelRows()
        && backend.dequantizes(type)
        && columns % type.blockElements() == 0) {
      MemorySegment blocks = encoded(weight, first, count, scratch);
      backend.dequantize(type, blocks, target, Math.multiplyExact((long) count, columns));
    } else {
      decode(weight, first, count, target, scratch);
    }
  }

  /** As above, by the weight's codec. */
  static void decode(Weight weight, int first, int count, MemorySegment target, Scratch scratch) {
    int columns = weight.columns();
    float[] row = scratch.row(columns);
    for (int r = 0; r < count; r++) {
      weight.decodeRow(first + r, row, 0);
      MemorySegment.copy(
          row, 0, target, ValueLayout.JAVA_FLOAT, (long) r * columns * Float.BYTES, columns);
    }
  }

  private static MemorySegment encoded(Weight weight, int first, int count, Scratch scratch) {
    long rowBytes = weight.rowBytes();
    MemorySegment bytes = scratch.weights(Math.max(count * rowBytes, 1));
    if (weight.isInStoredOrder()) {
      weight.readRows(first, count, bytes);
    } else {
      for (int r = 0; r < count; r++) {
        MemorySegment row = bytes.asSlice(r * rowBytes, rowBytes);
        weight.readRows(weight.storedRow(first + r), 1, row);
      }
    }
    return bytes;
  }

  static <T> List<T> differences(
      Weight a,
      Weight b,
      Supplier<T> target,
      Engine.RowConsumer<T> consumer,
      KernelBackend backend,
      Workers workers) {
    int columns = a.columns();
    int taskRows = Math.max(1, TASK_ELEMENTS / Math.max(columns, 1));
    int tasks = Math.ceilDiv(a.rows(), taskRows);
    AtomicReferenceArray<T> results = new AtomicReferenceArray<>(tasks);
    workers.run(
        tasks,
        (task, scratch) -> {
          T result = target.get();
          int end = (int) Math.min(a.rows(), (task + 1L) * taskRows);
          int tileRows = Math.clamp(TILE_ELEMENTS / Math.max(columns, 1), 1, taskRows);
          long side = Math.ceilDiv((long) tileRows * columns * Float.BYTES, LINE) * LINE;
          int length = RowDifference.length(columns);
          double[] sums = new double[tileRows * length];
          MemorySegment memory =
              scratch.results(2 * side + Math.multiplyExact((long) sums.length, Double.BYTES));
          MemorySegment valuesA = memory.asSlice(0, side);
          MemorySegment valuesB = memory.asSlice(side, side);
          MemorySegment rowSums = memory.asSlice(2 * side);
          for (int first = task * taskRows, count; first < end; first += count) {
            count = Math.min(tileRows, end - first);
            decode(a, first, count, valuesA, backend, scratch);
            decode(b, first, count, valuesB, backend, scratch);
            backend.difference(valuesA, valuesB, count, columns, rowSums);
            MemorySegment.copy(rowSums, ValueLayout.JAVA_DOUBLE, 0, sums, 0, count * length);
            for (int r = 0; r < count; r++) {
              long from = (long) r * columns * Float.BYTES;
              long bytes = (long) columns * Float.BYTES;
              consumer.accept(
                  result,
                  first + r,
                  sums,
                  r * length,
                  valuesA.asSlice(from, bytes),
                  valuesB.asSlice(from, bytes));
            }
          }
          results.set(task, result);
        });
    return IntStream.range(0, tasks).mapToObj(results::get).toList();
  }
}
