package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Matmul where there are 16 vector registers: of 4 rows, a panel of columns is decoded to a scratch
 * that stays in the first-level cache and meets every token, 2 at a time. Between two panels the
 * lanes of each dot product rest in memory, so that k ascends over the whole row. Holds scratch
 * memory: one for each thread.
 *
 * <p>The fences in the loops are no instructions on x86-64. C2 moves no load across them and does
 * not unroll a loop that has one; otherwise it loads ahead until sums are kept on the stack, which
 * takes longer than the multiply-adds. 8 sums are as many as it leaves in registers.
 */
final class Panels {
  private static final int BLOCK = 4;
  private static final int LANES = DotBlocks.LANES;

  /** Columns decoded at a time: whole blocks of every type. */
  private static final int PANEL = 768;

  /** From a decoded row to the next: no power of two, or rows would share lines of the cache. */
  private static final int STRIDE = PANEL + 16;

  /** Rows and tokens whose lanes are kept at a time. */
  private static final int ROWS = 48;

  private static final int TOKENS = 64;

  private static final VectorSpecies<Float> FLOATS = VectorWidth.FLOATS;
  private static final int WIDTH = FLOATS.length();
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final VectorDecoder decoder;
  private final float[] weights = new float[BLOCK * STRIDE];

  /**
   * 16 for each dot product of a tile: those of row r and token t start at {@code ((r - i) * tokens
   * + BLOCK * t + i) * 16} with {@code i = r % BLOCK}.
   */
  private float[] lanes = {};

  Panels(VectorDecoder decoder) {
    this.decoder = decoder;
  }

  /**
   * {@code y[t * yStride + r] = dot(w[r], x[t])} for all tokens t and rows r from {@code first} on.
   *
   * @param w encoded rows, of which the first ones are skipped
   * @param x {@code tokens} rows of {@code columns}
   */
  void multiply(
      ElementType type,
      MemorySegment w,
      int first,
      int rows,
      float[] x,
      int columns,
      int tokens,
      MemorySegment y,
      int yStride) {
    long rowBytes = type.byteSize(columns);
    for (int t = 0; t < tokens; t += TOKENS) {
      int tileTokens = Math.min(TOKENS, tokens - t);
      for (int r = first; r < rows; r += ROWS) {
        int tileRows = Math.min(ROWS, rows - r);
        int padded = (tileRows + BLOCK - 1) / BLOCK * BLOCK;
        clearLanes(padded * tileTokens);
        MemorySegment tile = w.asSlice(r * rowBytes, tileRows * rowBytes);
        accumulate(type, tile, tileRows, x, t * columns, columns, tileTokens);
        for (int i = 0; i < tileRows; i++) {
          int block = i - i % BLOCK;
          for (int token = 0; token < tileTokens; token++) {
            int dot = block * tileTokens + BLOCK * token + i - block;
            long at = (long) (t + token) * yStride + r + i;
            y.setAtIndex(FLOAT, at, DotBlocks.fold(lanes, dot * LANES));
          }
        }
      }
    }
  }

  private void clearLanes(int dots) {
    if (lanes.length < dots * LANES) {
      lanes = new float[dots * LANES];
    } else {
      Arrays.fill(lanes, 0, dots * LANES, 0);
    }
  }

  /** Adds the products of a tile to the lanes, a panel of columns after the other. */
  private void accumulate(
      ElementType type, MemorySegment w, int rows, float[] x, int from, int columns, int tokens) {
    long rowBytes = type.byteSize(columns);
    for (int k = 0; k < columns; k += PANEL) {
      int width = Math.min(PANEL, columns - k);
      for (int r = 0; r < rows; r += BLOCK) {
        // Where rows run out, the block is completed by what was decoded before.
        for (int i = 0; i < Math.min(BLOCK, rows - r); i++) {
          long at = (r + i) * rowBytes + type.byteSize(k);
          decoder.decode(type, w, at, 1, width, weights, i * STRIDE);
        }
        multiplyPanel(x, from + k, columns, width, tokens, r * tokens * LANES);
      }
    }
  }

  private void multiplyPanel(
      float[] x, int from, int columns, int width, int tokens, int firstLane) {
    int whole = width & -LANES;
    int t = 0;
    for (; t < tokens - 1; t += 2) {
      int lane = firstLane + BLOCK * t * LANES;
      block4x2(weights, x, from + t * columns, columns, whole, lanes, lane);
    }
    if (t < tokens) {
      int lane = firstLane + BLOCK * t * LANES;
      block4x1(weights, x, from + t * columns, whole, lanes, lane);
    }
    for (int k = whole; k < width; k++) {
      for (int dot = 0; dot < BLOCK * tokens; dot++) {
        int lane = firstLane + dot * LANES + k - whole;
        float weight = weights[dot % BLOCK * STRIDE + k];
        lanes[lane] = Math.fma(weight, x[from + dot / BLOCK * columns + k], lanes[lane]);
      }
    }
  }

  /** 4 rows and 2 columns. */
  private static void block4x2(
      float[] w, float[] x, int from, int columns, int width, float[] lanes, int lane) {
    for (int part = 0; part < LANES; part += WIDTH) {
      int at = lane + part;
      FloatVector a0 = FloatVector.fromArray(FLOATS, lanes, at);
      FloatVector b0 = FloatVector.fromArray(FLOATS, lanes, at + LANES);
      FloatVector c0 = FloatVector.fromArray(FLOATS, lanes, at + 2 * LANES);
      FloatVector d0 = FloatVector.fromArray(FLOATS, lanes, at + 3 * LANES);
      FloatVector a1 = FloatVector.fromArray(FLOATS, lanes, at + 4 * LANES);
      FloatVector b1 = FloatVector.fromArray(FLOATS, lanes, at + 5 * LANES);
      FloatVector c1 = FloatVector.fromArray(FLOATS, lanes, at + 6 * LANES);
      FloatVector d1 = FloatVector.fromArray(FLOATS, lanes, at + 7 * LANES);
      for (int k = part; k < width; k += LANES) {
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, from + k);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, from + k + columns);
        FloatVector wa = FloatVector.fromArray(FLOATS, w, k);
        a0 = wa.fma(x0, a0);
        a1 = wa.fma(x1, a1);
        FloatVector wb = FloatVector.fromArray(FLOATS, w, k + STRIDE);
        b0 = wb.fma(x0, b0);
        b1 = wb.fma(x1, b1);
        VarHandle.loadLoadFence();
        FloatVector wc = FloatVector.fromArray(FLOATS, w, k + 2 * STRIDE);
        c0 = wc.fma(x0, c0);
        c1 = wc.fma(x1, c1);
        FloatVector wd = FloatVector.fromArray(FLOATS, w, k + 3 * STRIDE);
        d0 = wd.fma(x0, d0);
        d1 = wd.fma(x1, d1);
      }
      a0.intoArray(lanes, at);
      b0.intoArray(lanes, at + LANES);
      c0.intoArray(lanes, at + 2 * LANES);
      d0.intoArray(lanes, at + 3 * LANES);
      a1.intoArray(lanes, at + 4 * LANES);
      b1.intoArray(lanes, at + 5 * LANES);
      c1.intoArray(lanes, at + 6 * LANES);
      d1.intoArray(lanes, at + 7 * LANES);
    }
  }

  /** 4 rows and 1 column. */
  private static void block4x1(float[] w, float[] x, int from, int width, float[] lanes, int lane) {
    for (int part = 0; part < LANES; part += WIDTH) {
      int at = lane + part;
      FloatVector a = FloatVector.fromArray(FLOATS, lanes, at);
      FloatVector b = FloatVector.fromArray(FLOATS, lanes, at + LANES);
      FloatVector c = FloatVector.fromArray(FLOATS, lanes, at + 2 * LANES);
      FloatVector d = FloatVector.fromArray(FLOATS, lanes, at + 3 * LANES);
      for (int k = part; k < width; k += LANES) {
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, from + k);
        a = FloatVector.fromArray(FLOATS, w, k).fma(x0, a);
        b = FloatVector.fromArray(FLOATS, w, k + STRIDE).fma(x0, b);
        c = FloatVector.fromArray(FLOATS, w, k + 2 * STRIDE).fma(x0, c);
        d = FloatVector.fromArray(FLOATS, w, k + 3 * STRIDE).fma(x0, d);
      }
      a.intoArray(lanes, at);
      b.intoArray(lanes, at + LANES);
      c.intoArray(lanes, at + 2 * LANES);
      d.intoArray(lanes, at + 3 * LANES);
    }
  }
}
