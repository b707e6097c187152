package dev.rosetta.kernels.java;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Dot products of a few decoded rows with a few columns, held in registers: every weight and every
 * input loaded serves several sums.
 *
 * <p>The 16 lanes of a sum are taken {@link #WIDTH} at a time: one pass over the row with 512-bit
 * vectors, two with 256-bit ones, four with 128-bit ones. Each lane thus sees the same elements in
 * the same order whatever the width. Every method is small enough for C2 to keep its vectors in
 * registers; more columns at once would spill.
 */
final class DotBlocks {
  static final int ROWS = 4;
  static final int LANES = 16;

  private static final int MAX_COLUMNS = 6;
  private static final VectorSpecies<Float> FLOATS = VectorWidth.FLOATS;
  private static final int WIDTH = FLOATS.length();
  private static final VectorSpecies<Float> HALF = FloatVector.SPECIES_256;
  private static final VectorSpecies<Float> QUARTER = FloatVector.SPECIES_128;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private DotBlocks() {}

  /** Floats that {@code lanes} must have room for. */
  static int laneCount() {
    return ROWS * MAX_COLUMNS * LANES;
  }

  /**
   * {@code y[t * yStride + first + r] = dot(w[r], x[t])} for all rows and tokens. A few columns
   * meet all rows before the next.
   *
   * @param w decoded rows, {@code stride} apart
   * @param rows a multiple of {@link #ROWS}
   * @param x {@code tokens} rows of {@code columns}
   * @param lanes scratch of {@link #laneCount()}
   */
  static void multiply(
      float[] w,
      int stride,
      int rows,
      float[] x,
      int columns,
      int tokens,
      float[] lanes,
      MemorySegment y,
      int yStride,
      int first) {
    int block;
    for (int t = 0; t < tokens; t += block) {
      int left = tokens - t;
      block = left >= 6 ? 6 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
      int from = t * columns;
      for (int row = 0; row < rows; row += ROWS) {
        int at = row * stride;
        switch (block) {
          case 6 -> block4x6(w, at, stride, x, from, columns, lanes);
          case 4 -> block4x4(w, at, stride, x, from, columns, lanes);
          case 2 -> block4x2(w, at, stride, x, from, columns, lanes);
          default -> block4x1(w, at, stride, x, from, columns, lanes);
        }
        for (int dot = 0; dot < ROWS * block; dot++) {
          int r = row + dot / block;
          int token = t + dot % block;
          tail(w, r * stride, x, token * columns, columns, lanes, dot * LANES);
          y.setAtIndex(FLOAT, (long) token * yStride + first + r, fold(lanes, dot * LANES));
        }
      }
    }
  }

  /** The dot product of one row and one column. */
  static float single(float[] w, int row, float[] x, int from, int columns, float[] lanes) {
    int whole = columns & -LANES;
    for (int part = 0; part < LANES; part += WIDTH) {
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int k = part; k < whole; k += LANES) {
        FloatVector weights = FloatVector.fromArray(FLOATS, w, row + k);
        sum = weights.fma(FloatVector.fromArray(FLOATS, x, from + k), sum);
      }
      sum.intoArray(lanes, part);
    }
    tail(w, row, x, from, columns, lanes, 0);
    return fold(lanes, 0);
  }

  /** 4 rows and 6 columns. */
  private static void block4x6(
      float[] w, int at, int stride, float[] x, int from, int columns, float[] lanes) {
    int whole = columns & -LANES;
    for (int part = 0; part < LANES; part += WIDTH) {
      FloatVector a0 = FloatVector.zero(FLOATS);
      FloatVector a1 = FloatVector.zero(FLOATS);
      FloatVector a2 = FloatVector.zero(FLOATS);
      FloatVector a3 = FloatVector.zero(FLOATS);
      FloatVector a4 = FloatVector.zero(FLOATS);
      FloatVector a5 = FloatVector.zero(FLOATS);
      FloatVector b0 = FloatVector.zero(FLOATS);
      FloatVector b1 = FloatVector.zero(FLOATS);
      FloatVector b2 = FloatVector.zero(FLOATS);
      FloatVector b3 = FloatVector.zero(FLOATS);
      FloatVector b4 = FloatVector.zero(FLOATS);
      FloatVector b5 = FloatVector.zero(FLOATS);
      FloatVector c0 = FloatVector.zero(FLOATS);
      FloatVector c1 = FloatVector.zero(FLOATS);
      FloatVector c2 = FloatVector.zero(FLOATS);
      FloatVector c3 = FloatVector.zero(FLOATS);
      FloatVector c4 = FloatVector.zero(FLOATS);
      FloatVector c5 = FloatVector.zero(FLOATS);
      FloatVector d0 = FloatVector.zero(FLOATS);
      FloatVector d1 = FloatVector.zero(FLOATS);
      FloatVector d2 = FloatVector.zero(FLOATS);
      FloatVector d3 = FloatVector.zero(FLOATS);
      FloatVector d4 = FloatVector.zero(FLOATS);
      FloatVector d5 = FloatVector.zero(FLOATS);
      for (int k = part; k < whole; k += LANES) {
        FloatVector wa = FloatVector.fromArray(FLOATS, w, at + k);
        FloatVector wb = FloatVector.fromArray(FLOATS, w, at + k + stride);
        FloatVector wc = FloatVector.fromArray(FLOATS, w, at + k + 2 * stride);
        FloatVector wd = FloatVector.fromArray(FLOATS, w, at + k + 3 * stride);
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, from + k);
        a0 = wa.fma(x0, a0);
        b0 = wb.fma(x0, b0);
        c0 = wc.fma(x0, c0);
        d0 = wd.fma(x0, d0);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, from + k + columns);
        a1 = wa.fma(x1, a1);
        b1 = wb.fma(x1, b1);
        c1 = wc.fma(x1, c1);
        d1 = wd.fma(x1, d1);
        FloatVector x2 = FloatVector.fromArray(FLOATS, x, from + k + 2 * columns);
        a2 = wa.fma(x2, a2);
        b2 = wb.fma(x2, b2);
        c2 = wc.fma(x2, c2);
        d2 = wd.fma(x2, d2);
        FloatVector x3 = FloatVector.fromArray(FLOATS, x, from + k + 3 * columns);
        a3 = wa.fma(x3, a3);
        b3 = wb.fma(x3, b3);
        c3 = wc.fma(x3, c3);
        d3 = wd.fma(x3, d3);
        FloatVector x4 = FloatVector.fromArray(FLOATS, x, from + k + 4 * columns);
        a4 = wa.fma(x4, a4);
        b4 = wb.fma(x4, b4);
        c4 = wc.fma(x4, c4);
        d4 = wd.fma(x4, d4);
        FloatVector x5 = FloatVector.fromArray(FLOATS, x, from + k + 5 * columns);
        a5 = wa.fma(x5, a5);
        b5 = wb.fma(x5, b5);
        c5 = wc.fma(x5, c5);
        d5 = wd.fma(x5, d5);
      }
      a0.intoArray(lanes, part);
      a1.intoArray(lanes, part + LANES);
      a2.intoArray(lanes, part + 2 * LANES);
      a3.intoArray(lanes, part + 3 * LANES);
      a4.intoArray(lanes, part + 4 * LANES);
      a5.intoArray(lanes, part + 5 * LANES);
      b0.intoArray(lanes, part + 6 * LANES);
      b1.intoArray(lanes, part + 7 * LANES);
      b2.intoArray(lanes, part + 8 * LANES);
      b3.intoArray(lanes, part + 9 * LANES);
      b4.intoArray(lanes, part + 10 * LANES);
      b5.intoArray(lanes, part + 11 * LANES);
      c0.intoArray(lanes, part + 12 * LANES);
      c1.intoArray(lanes, part + 13 * LANES);
      c2.intoArray(lanes, part + 14 * LANES);
      c3.intoArray(lanes, part + 15 * LANES);
      c4.intoArray(lanes, part + 16 * LANES);
      c5.intoArray(lanes, part + 17 * LANES);
      d0.intoArray(lanes, part + 18 * LANES);
      d1.intoArray(lanes, part + 19 * LANES);
      d2.intoArray(lanes, part + 20 * LANES);
      d3.intoArray(lanes, part + 21 * LANES);
      d4.intoArray(lanes, part + 22 * LANES);
      d5.intoArray(lanes, part + 23 * LANES);
    }
  }

  /** 4 rows and 4 columns. */
  private static void block4x4(
      float[] w, int at, int stride, float[] x, int from, int columns, float[] lanes) {
    int whole = columns & -LANES;
    for (int part = 0; part < LANES; part += WIDTH) {
      FloatVector a0 = FloatVector.zero(FLOATS);
      FloatVector a1 = FloatVector.zero(FLOATS);
      FloatVector a2 = FloatVector.zero(FLOATS);
      FloatVector a3 = FloatVector.zero(FLOATS);
      FloatVector b0 = FloatVector.zero(FLOATS);
      FloatVector b1 = FloatVector.zero(FLOATS);
      FloatVector b2 = FloatVector.zero(FLOATS);
      FloatVector b3 = FloatVector.zero(FLOATS);
      FloatVector c0 = FloatVector.zero(FLOATS);
      FloatVector c1 = FloatVector.zero(FLOATS);
      FloatVector c2 = FloatVector.zero(FLOATS);
      FloatVector c3 = FloatVector.zero(FLOATS);
      FloatVector d0 = FloatVector.zero(FLOATS);
      FloatVector d1 = FloatVector.zero(FLOATS);
      FloatVector d2 = FloatVector.zero(FLOATS);
      FloatVector d3 = FloatVector.zero(FLOATS);
      for (int k = part; k < whole; k += LANES) {
        FloatVector wa = FloatVector.fromArray(FLOATS, w, at + k);
        FloatVector wb = FloatVector.fromArray(FLOATS, w, at + k + stride);
        FloatVector wc = FloatVector.fromArray(FLOATS, w, at + k + 2 * stride);
        FloatVector wd = FloatVector.fromArray(FLOATS, w, at + k + 3 * stride);
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, from + k);
        a0 = wa.fma(x0, a0);
        b0 = wb.fma(x0, b0);
        c0 = wc.fma(x0, c0);
        d0 = wd.fma(x0, d0);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, from + k + columns);
        a1 = wa.fma(x1, a1);
        b1 = wb.fma(x1, b1);
        c1 = wc.fma(x1, c1);
        d1 = wd.fma(x1, d1);
        FloatVector x2 = FloatVector.fromArray(FLOATS, x, from + k + 2 * columns);
        a2 = wa.fma(x2, a2);
        b2 = wb.fma(x2, b2);
        c2 = wc.fma(x2, c2);
        d2 = wd.fma(x2, d2);
        FloatVector x3 = FloatVector.fromArray(FLOATS, x, from + k + 3 * columns);
        a3 = wa.fma(x3, a3);
        b3 = wb.fma(x3, b3);
        c3 = wc.fma(x3, c3);
        d3 = wd.fma(x3, d3);
      }
      a0.intoArray(lanes, part);
      a1.intoArray(lanes, part + LANES);
      a2.intoArray(lanes, part + 2 * LANES);
      a3.intoArray(lanes, part + 3 * LANES);
      b0.intoArray(lanes, part + 4 * LANES);
      b1.intoArray(lanes, part + 5 * LANES);
      b2.intoArray(lanes, part + 6 * LANES);
      b3.intoArray(lanes, part + 7 * LANES);
      c0.intoArray(lanes, part + 8 * LANES);
      c1.intoArray(lanes, part + 9 * LANES);
      c2.intoArray(lanes, part + 10 * LANES);
      c3.intoArray(lanes, part + 11 * LANES);
      d0.intoArray(lanes, part + 12 * LANES);
      d1.intoArray(lanes, part + 13 * LANES);
      d2.intoArray(lanes, part + 14 * LANES);
      d3.intoArray(lanes, part + 15 * LANES);
    }
  }

  /** 4 rows and 2 columns. */
  private static void block4x2(
      float[] w, int at, int stride, float[] x, int from, int columns, float[] lanes) {
    int whole = columns & -LANES;
    for (int part = 0; part < LANES; part += WIDTH) {
      FloatVector a0 = FloatVector.zero(FLOATS);
      FloatVector a1 = FloatVector.zero(FLOATS);
      FloatVector b0 = FloatVector.zero(FLOATS);
      FloatVector b1 = FloatVector.zero(FLOATS);
      FloatVector c0 = FloatVector.zero(FLOATS);
      FloatVector c1 = FloatVector.zero(FLOATS);
      FloatVector d0 = FloatVector.zero(FLOATS);
      FloatVector d1 = FloatVector.zero(FLOATS);
      for (int k = part; k < whole; k += LANES) {
        FloatVector wa = FloatVector.fromArray(FLOATS, w, at + k);
        FloatVector wb = FloatVector.fromArray(FLOATS, w, at + k + stride);
        FloatVector wc = FloatVector.fromArray(FLOATS, w, at + k + 2 * stride);
        FloatVector wd = FloatVector.fromArray(FLOATS, w, at + k + 3 * stride);
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, from + k);
        a0 = wa.fma(x0, a0);
        b0 = wb.fma(x0, b0);
        c0 = wc.fma(x0, c0);
        d0 = wd.fma(x0, d0);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, from + k + columns);
        a1 = wa.fma(x1, a1);
        b1 = wb.fma(x1, b1);
        c1 = wc.fma(x1, c1);
        d1 = wd.fma(x1, d1);
      }
      a0.intoArray(lanes, part);
      a1.intoArray(lanes, part + LANES);
      b0.intoArray(lanes, part + 2 * LANES);
      b1.intoArray(lanes, part + 3 * LANES);
      c0.intoArray(lanes, part + 4 * LANES);
      c1.intoArray(lanes, part + 5 * LANES);
      d0.intoArray(lanes, part + 6 * LANES);
      d1.intoArray(lanes, part + 7 * LANES);
    }
  }

  /** 4 rows and 1 column. */
  private static void block4x1(
      float[] w, int at, int stride, float[] x, int from, int columns, float[] lanes) {
    int whole = columns & -LANES;
    for (int part = 0; part < LANES; part += WIDTH) {
      FloatVector a0 = FloatVector.zero(FLOATS);
      FloatVector b0 = FloatVector.zero(FLOATS);
      FloatVector c0 = FloatVector.zero(FLOATS);
      FloatVector d0 = FloatVector.zero(FLOATS);
      for (int k = part; k < whole; k += LANES) {
        FloatVector wa = FloatVector.fromArray(FLOATS, w, at + k);
        FloatVector wb = FloatVector.fromArray(FLOATS, w, at + k + stride);
        FloatVector wc = FloatVector.fromArray(FLOATS, w, at + k + 2 * stride);
        FloatVector wd = FloatVector.fromArray(FLOATS, w, at + k + 3 * stride);
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, from + k);
        a0 = wa.fma(x0, a0);
        b0 = wb.fma(x0, b0);
        c0 = wc.fma(x0, c0);
        d0 = wd.fma(x0, d0);
      }
      a0.intoArray(lanes, part);
      b0.intoArray(lanes, part + LANES);
      c0.intoArray(lanes, part + 2 * LANES);
      d0.intoArray(lanes, part + 3 * LANES);
    }
  }

  /** Elements after the last whole group of 16; lanes beyond them stay untouched. */
  private static void tail(
      float[] w, int row, float[] x, int from, int columns, float[] lanes, int at) {
    int whole = columns & -LANES;
    for (int k = whole; k < columns; k++) {
      int lane = at + k - whole;
      lanes[lane] = Math.fma(w[row + k], x[from + k], lanes[lane]);
    }
  }

  /** Folds lane i with i+8, i+4, i+2 and i+1; the lanes are overwritten. */
  static float fold(float[] lanes, int at) {
    FloatVector.fromArray(HALF, lanes, at)
        .add(FloatVector.fromArray(HALF, lanes, at + 8))
        .intoArray(lanes, at);
    FloatVector.fromArray(QUARTER, lanes, at)
        .add(FloatVector.fromArray(QUARTER, lanes, at + 4))
        .intoArray(lanes, at);
    return (lanes[at] + lanes[at + 2]) + (lanes[at + 1] + lanes[at + 3]);
  }
}
