package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Matmul with the Vector API.
 *
 * <p>The 16 lanes of a dot product are taken {@link #WIDTH} at a time: a pass over the row with
 * 512-bit vectors, two with 256-bit ones, four with 128-bit ones. Each lane thus sees the same
 * elements in the same order whatever the width.
 */
final class VectorKernels {
  /** Forces a vector width in bits: 128, 256 or 512. For tests. */
  static final String BITS_PROPERTY = "rosetta.vector.bits";

  private static final VectorSpecies<Float> FLOATS = species();
  private static final int WIDTH = FLOATS.length();
  private static final int LANES = 16;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::new);

  /** What one thread needs beside the operands. */
  private static final class Buffers {
    float[] weights = {};
    float[] columns = {};
    final float[] lanes = new float[24 * LANES];

    float[] weights(int length) {
      if (weights.length < length) {
        weights = new float[length];
      }
      return weights;
    }

    float[] columns(int length) {
      if (columns.length < length) {
        columns = new float[length];
      }
      return columns;
    }
  }

  private VectorKernels() {}

  static int bits() {
    return FLOATS.vectorBitSize();
  }

  private static VectorSpecies<Float> species() {
    int preferred = Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
    int bits = Integer.getInteger(BITS_PROPERTY, preferred);
    return VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
  }

  static void matmul(
      ElementType type,
      MemorySegment w,
      int rows,
      int columns,
      MemorySegment x,
      int tokens,
      MemorySegment y,
      int yStride) {
    Buffers buffers = BUFFERS.get();
    int stride = BlockDecoder.paddedColumns(type, columns);
    long rowBytes = type.byteSize(columns);
    float[] weights = buffers.weights(Math.multiplyExact(4, stride));
    float[] xs = buffers.columns(Math.multiplyExact(tokens, columns));
    MemorySegment.copy(x, FLOAT, 0, xs, 0, tokens * columns);
    float[] lanes = buffers.lanes;
    for (int r = 0; r < rows; r += 4) {
      int block = Math.min(4, rows - r);
      for (int i = 0; i < block; i++) {
        BlockDecoder.decodeRow(type, w, (r + i) * rowBytes, columns, weights, i * stride);
      }
      int t = 0;
      if (block == 4) {
        for (; t + 6 <= tokens; t += 6) {
          block4x6(weights, stride, xs, t * columns, columns, lanes);
          for (int dot = 0; dot < 24; dot++) {
            y.setAtIndex(FLOAT, (long) (t + dot % 6) * yStride + r + dot / 6, fold(lanes, dot));
          }
        }
      }
      for (; t < tokens; t++) {
        for (int i = 0; i < block; i++) {
          single(weights, i * stride, xs, t * columns, columns, lanes);
          y.setAtIndex(FLOAT, (long) t * yStride + r + i, fold(lanes, 0));
        }
      }
    }
  }

  /** The lanes of the dot products of 4 rows and 6 columns, row by row. */
  private static void block4x6(
      float[] w, int stride, float[] x, int from, int columns, float[] lanes) {
    int whole = columns & -LANES;
    for (int part = 0; part < LANES; part += WIDTH) {
      FloatVector a0 = FloatVector.zero(FLOATS), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0;
      FloatVector b0 = a0, b1 = a0, b2 = a0, b3 = a0, b4 = a0, b5 = a0;
      FloatVector c0 = a0, c1 = a0, c2 = a0, c3 = a0, c4 = a0, c5 = a0;
      FloatVector d0 = a0, d1 = a0, d2 = a0, d3 = a0, d4 = a0, d5 = a0;
      for (int k = 0; k < whole; k += LANES) {
        int wk = part + k;
        int xk = from + wk;
        FloatVector wa = FloatVector.fromArray(FLOATS, w, wk);
        FloatVector wb = FloatVector.fromArray(FLOATS, w, wk + stride);
        FloatVector wc = FloatVector.fromArray(FLOATS, w, wk + 2 * stride);
        FloatVector wd = FloatVector.fromArray(FLOATS, w, wk + 3 * stride);
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, xk);
        a0 = wa.fma(x0, a0);
        b0 = wb.fma(x0, b0);
        c0 = wc.fma(x0, c0);
        d0 = wd.fma(x0, d0);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, xk + columns);
        a1 = wa.fma(x1, a1);
        b1 = wb.fma(x1, b1);
        c1 = wc.fma(x1, c1);
        d1 = wd.fma(x1, d1);
        FloatVector x2 = FloatVector.fromArray(FLOATS, x, xk + 2 * columns);
        a2 = wa.fma(x2, a2);
        b2 = wb.fma(x2, b2);
        c2 = wc.fma(x2, c2);
        d2 = wd.fma(x2, d2);
        FloatVector x3 = FloatVector.fromArray(FLOATS, x, xk + 3 * columns);
        a3 = wa.fma(x3, a3);
        b3 = wb.fma(x3, b3);
        c3 = wc.fma(x3, c3);
        d3 = wd.fma(x3, d3);
        FloatVector x4 = FloatVector.fromArray(FLOATS, x, xk + 4 * columns);
        a4 = wa.fma(x4, a4);
        b4 = wb.fma(x4, b4);
        c4 = wc.fma(x4, c4);
        d4 = wd.fma(x4, d4);
        FloatVector x5 = FloatVector.fromArray(FLOATS, x, xk + 5 * columns);
        a5 = wa.fma(x5, a5);
        b5 = wb.fma(x5, b5);
        c5 = wc.fma(x5, c5);
        d5 = wd.fma(x5, d5);
      }
      store(a0, a1, a2, a3, a4, a5, lanes, part);
      store(b0, b1, b2, b3, b4, b5, lanes, part + 6 * LANES);
      store(c0, c1, c2, c3, c4, c5, lanes, part + 12 * LANES);
      store(d0, d1, d2, d3, d4, d5, lanes, part + 18 * LANES);
    }
    for (int dot = 0; dot < 24; dot++) {
      tail(w, dot / 6 * stride, x, from + dot % 6 * columns, whole, columns, lanes, dot);
    }
  }

  private static void store(
      FloatVector v0,
      FloatVector v1,
      FloatVector v2,
      FloatVector v3,
      FloatVector v4,
      FloatVector v5,
      float[] lanes,
      int at) {
    v0.intoArray(lanes, at);
    v1.intoArray(lanes, at + LANES);
    v2.intoArray(lanes, at + 2 * LANES);
    v3.intoArray(lanes, at + 3 * LANES);
    v4.intoArray(lanes, at + 4 * LANES);
    v5.intoArray(lanes, at + 5 * LANES);
  }

  /** The lanes of one dot product. */
  private static void single(float[] w, int row, float[] x, int from, int columns, float[] lanes) {
    int whole = columns & -LANES;
    for (int part = 0; part < LANES; part += WIDTH) {
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int k = part; k < whole; k += LANES) {
        FloatVector a = FloatVector.fromArray(FLOATS, w, row + k);
        sum = a.fma(FloatVector.fromArray(FLOATS, x, from + k), sum);
      }
      sum.intoArray(lanes, part);
    }
    tail(w, row, x, from, whole, columns, lanes, 0);
  }

  /** Elements after the last whole group of 16; lanes beyond them stay untouched. */
  private static void tail(
      float[] w, int row, float[] x, int from, int whole, int columns, float[] lanes, int dot) {
    for (int k = whole; k < columns; k++) {
      int lane = dot * LANES + k - whole;
      lanes[lane] = Math.fma(w[row + k], x[from + k], lanes[lane]);
    }
  }

  private static float fold(float[] lanes, int dot) {
    int i = dot * LANES;
    float t0 = (lanes[i] + lanes[i + 8]) + (lanes[i + 4] + lanes[i + 12]);
    float t1 = (lanes[i + 1] + lanes[i + 9]) + (lanes[i + 5] + lanes[i + 13]);
    float t2 = (lanes[i + 2] + lanes[i + 10]) + (lanes[i + 6] + lanes[i + 14]);
    float t3 = (lanes[i + 3] + lanes[i + 11]) + (lanes[i + 7] + lanes[i + 15]);
    return (t0 + t2) + (t1 + t3);
  }
}
