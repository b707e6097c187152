package dev.rosetta.engine;

import dev.rosetta.model.ElementType;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.KernelBackend;
import dev.rosetta.trace.Activation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Weight matrix times token columns, spread over the workers in tiles of rows.
 *
 * <p>A tile is copied from the file into a buffer of the thread that works on it, and every token
 * of every run is multiplied with it there: a weight is read once whatever the number of columns.
 * Rows that the back end cannot take as they are stored are decoded to float32 first, which gives
 * the same bits.
 */
final class MatMul {
  /** Encoded weights and results of a tile together stay inside an L2 cache of 1 MiB. */
  private static final int TILE_BYTES = 512 << 10;

  /** Pieces for each thread, so that a slow core does not leave the others waiting. */
  private static final int TILES_PER_THREAD = 8;

  /** Kernels work on blocks of 4 or 6 rows; tiles are a multiple of both. */
  private static final int ROW_BLOCK = 24;

  private final KernelBackend backend;
  private final Workers workers;

  /** By identity: one result may stand for both sides. */
  private final Set<float[]> spare = Collections.newSetFromMap(new IdentityHashMap<>());

  private MemorySegment columns = MemorySegment.NULL;

  MatMul(KernelBackend backend, Workers workers) {
    this.backend = backend;
    this.workers = workers;
  }

  /**
   * {@code inputs[i] · weightᵀ + bias} for each input.
   *
   * @param bias {@code weight.rows()} values, or null
   * @param inputs activations whose width is {@code weight.columns()}
   */
  List<Activation> multiply(Weight weight, float @Nullable [] bias, List<Activation> inputs) {
    int width = weight.columns();
    int rows = weight.rows();
    int tokens = stack(inputs, width);
    float[][] outputs = new float[inputs.size()][];
    for (int i = 0; i < outputs.length; i++) {
      outputs[i] = output(Math.multiplyExact(inputs.get(i).tokens(), rows));
    }
    if (rows > 0 && tokens > 0) {
      run(weight, bias, tokens, outputs);
    }
    List<Activation> results = new ArrayList<>(outputs.length);
    for (int i = 0; i < outputs.length; i++) {
      results.add(new Activation(inputs.get(i).tokens(), rows, outputs[i]));
    }
    return results;
  }

  /** Takes memory for later outputs that nobody reads any more. */
  void recycle(float[] values) {
    spare.add(values);
  }

  /** Memory whose every element is to be written. */
  private float[] output(int length) {
    for (float[] values : spare) {
      if (values.length == length) {
        spare.remove(values);
        return values;
      }
    }
    spare.clear();
    return new float[length];
  }

  private void run(Weight weight, float @Nullable [] bias, int tokens, float[][] outputs) {
    int rows = weight.rows();
    int width = weight.columns();
    int @Nullable [] canonical = weight.isInStoredOrder() ? null : inverse(weight);
    boolean encoded =
        weight.hasKernelRows()
            && backend.supports(weight.tensor().type())
            && (canonical == null || canonical.length == rows);
    ElementType type = encoded ? weight.tensor().type() : ElementType.F32;
    int @Nullable [] positions = encoded ? canonical : null;
    long rowBytes = type.byteSize(width);
    int tileRows = tileRows(rows, rowBytes, tokens);
    MemorySegment x = columns;
    workers.run(
        Math.ceilDiv(rows, tileRows),
        (tile, scratch) -> {
          int first = tile * tileRows;
          int count = Math.min(tileRows, rows - first);
          MemorySegment w = scratch.weights(Math.max(rowBytes * tileRows, 1));
          if (encoded) {
            weight.readRows(first, count, w);
          } else {
            RowValues.decode(weight, first, count, w, scratch);
          }
          MemorySegment y = scratch.results((long) tokens * tileRows * Float.BYTES);
          backend.matmul(type, w, count, width, x, tokens, y, count);
          float[] results = scratch.row(tokens * count);
          MemorySegment.copy(y, ValueLayout.JAVA_FLOAT, 0, results, 0, tokens * count);
          scatter(results, first, count, positions, bias, rows, outputs);
        });
  }

  /** Copies the columns of every input to native memory, one after the other. */
  private int stack(List<Activation> inputs, int width) {
    int tokens = 0;
    for (Activation input : inputs) {
      tokens = Math.addExact(tokens, input.tokens());
    }
    long bytes = Math.multiplyExact(Math.multiplyExact((long) tokens, width), Float.BYTES);
    if (columns.byteSize() < bytes) {
      columns = Scratch.allocate(bytes);
    }
    long offset = 0;
    for (Activation input : inputs) {
      int length = input.values().length;
      MemorySegment.copy(input.values(), 0, columns, ValueLayout.JAVA_FLOAT, offset, length);
      offset += (long) length * Float.BYTES;
    }
    return tokens;
  }

  private int tileRows(int rows, long rowBytes, int tokens) {
    long bytesPerRow = Math.max(1, rowBytes + (long) tokens * Float.BYTES);
    long fit = Math.min(TILE_BYTES / bytesPerRow, rows);
    long share = Math.ceilDiv(rows, workers.threads() * TILES_PER_THREAD);
    long tile = Math.min(fit, Math.ceilDiv(share, ROW_BLOCK) * (long) ROW_BLOCK);
    return (int) (tile < ROW_BLOCK ? Math.max(tile, 1) : tile / ROW_BLOCK * ROW_BLOCK);
  }

  /**
   * Moves a tile's results to their rows of every output.
   *
   * @param results of rows {@code first} to before {@code first + count}, token by token
   */
  private static void scatter(
      float[] results,
      int first,
      int count,
      int @Nullable [] positions,
      float @Nullable [] bias,
      int rows,
      float[][] outputs) {
    int from = 0;
    for (float[] output : outputs) {
      for (int base = 0; base < output.length; base += rows) {
        if (positions == null && bias == null) {
          System.arraycopy(results, from, output, base + first, count);
        } else {
          for (int r = 0; r < count; r++) {
            int position = positions == null ? first + r : positions[first + r];
            float value = results[from + r];
            output[base + position] = bias == null ? value : value + bias[position];
          }
        }
        from += count;
      }
    }
  }

  /** Stored row to canonical row; empty where the weight's order is no permutation. */
  private static int[] inverse(Weight weight) {
    int[] canonical = new int[weight.rows()];
    Arrays.fill(canonical, -1);
    for (int row = 0; row < canonical.length; row++) {
      int stored = weight.storedRow(row);
      if (stored < 0 || stored >= canonical.length || canonical[stored] >= 0) {
        return new int[0];
      }
      canonical[stored] = row;
    }
    return canonical;
  }
}
