package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The definition of the result, in plain Java: decode a row to float32, multiply it with each
 * token, sum in 16 lanes. Runs everywhere; slow.
 */
public final class ScalarBackend implements KernelBackend {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final int LANES = 16;

  private final ThreadLocal<float[]> rowOfThread = ThreadLocal.withInitial(() -> new float[0]);
  private final ThreadLocal<float[]> lanesOfThread =
      ThreadLocal.withInitial(() -> new float[LANES]);

  /** Found by {@link java.util.ServiceLoader}. */
  public ScalarBackend() {}

  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Availability availability() {
    return new Availability.Usable("plain Java; runs everywhere, slowly");
  }

  @Override
  public boolean supports(ElementType type) {
    return BlockDecoder.supports(type);
  }

  @Override
  public void matmul(
      ElementType type,
      MemorySegment w,
      int rows,
      int columns,
      MemorySegment x,
      int tokens,
      MemorySegment y,
      int yStride) {
    Operands.check(type, w, rows, columns, x, tokens, y, yStride);
    long rowBytes = type.byteSize(columns);
    float[] lanes = lanesOfThread.get();
    float[] row = rowOfThread.get();
    if (row.length < BlockDecoder.paddedColumns(type, columns)) {
      row = new float[BlockDecoder.paddedColumns(type, columns)];
      rowOfThread.set(row);
    }
    for (int r = 0; r < rows; r++) {
      BlockDecoder.decodeRow(type, w, r * rowBytes, columns, row, 0);
      for (int t = 0; t < tokens; t++) {
        float dot = dot(row, x, (long) t * columns, columns, lanes);
        y.setAtIndex(FLOAT, (long) t * yStride + r, dot);
      }
    }
  }

  /** Element k goes into lane k mod 16; lane i is then folded with i+8, i+4, i+2 and i+1. */
  private static float dot(float[] row, MemorySegment x, long from, int columns, float[] lanes) {
    Arrays.fill(lanes, 0);
    for (int k = 0; k < columns; k++) {
      int lane = k % LANES;
      lanes[lane] = Math.fma(row[k], x.getAtIndex(FLOAT, from + k), lanes[lane]);
    }
    for (int half = LANES / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        lanes[i] += lanes[i + half];
      }
    }
    return lanes[0];
  }
}
