package dev.rosetta.kernels.java;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorOperators.Conversion;
import jdk.incubator.vector.VectorSpecies;

/**
 * Dot products of a few rows of super-blocks, taken apart by {@link SuperBlocks}, with one or four
 * tokens. {@code quanta} has a byte for each element, rows {@code stride} apart; affine types have
 * a scale and a minimum for 32 elements, scaled ones a scale for 16. Columns are a multiple of 32.
 * The 16 lanes of row r and token t start at {@code (r * tokens + t) * 16}.
 */
final class SuperBlockRows {
  private static final VectorSpecies<Float> FLOATS = VectorWidth.FLOATS;
  private static final int WIDTH = FLOATS.length();
  private static final VectorSpecies<Byte> QUANTA = VectorWidth.BYTES;
  private static final Conversion<Byte, Float> VALUE = VectorOperators.B2F;

  private SuperBlockRows() {}

  static void affine4x1(
      byte[] quanta,
      int stride,
      float[] scales,
      float[] mins,
      float[] x,
      int columns,
      float[] lanes) {
    int groups = stride / 32;
    for (int part = 0; part < 16; part += WIDTH) {
      FloatVector a = FloatVector.zero(FLOATS);
      FloatVector b = FloatVector.zero(FLOATS);
      FloatVector c = FloatVector.zero(FLOATS);
      FloatVector d = FloatVector.zero(FLOATS);
      for (int group = 0; group < columns / 32; group++) {
        int k = 32 * group + part;
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, k);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, k + 16);
        FloatVector scale = FloatVector.broadcast(FLOATS, scales[group]);
        FloatVector min = FloatVector.broadcast(FLOATS, mins[group]);
        a =
            ((FloatVector) ByteVector.fromArray(QUANTA, quanta, k).convertShape(VALUE, FLOATS, 0))
                .fma(scale, min)
                .fma(x0, a);
        a =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 16).convertShape(VALUE, FLOATS, 0))
                .fma(scale, min)
                .fma(x1, a);
        scale = FloatVector.broadcast(FLOATS, scales[group + groups]);
        min = FloatVector.broadcast(FLOATS, mins[group + groups]);
        b =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + stride).convertShape(VALUE, FLOATS, 0))
                .fma(scale, min)
                .fma(x0, b);
        b =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + stride + 16)
                        .convertShape(VALUE, FLOATS, 0))
                .fma(scale, min)
                .fma(x1, b);
        scale = FloatVector.broadcast(FLOATS, scales[group + 2 * groups]);
        min = FloatVector.broadcast(FLOATS, mins[group + 2 * groups]);
        c =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 2 * stride)
                        .convertShape(VALUE, FLOATS, 0))
                .fma(scale, min)
                .fma(x0, c);
        c =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 2 * stride + 16)
                        .convertShape(VALUE, FLOATS, 0))
                .fma(scale, min)
                .fma(x1, c);
        scale = FloatVector.broadcast(FLOATS, scales[group + 3 * groups]);
        min = FloatVector.broadcast(FLOATS, mins[group + 3 * groups]);
        d =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 3 * stride)
                        .convertShape(VALUE, FLOATS, 0))
                .fma(scale, min)
                .fma(x0, d);
        d =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 3 * stride + 16)
                        .convertShape(VALUE, FLOATS, 0))
                .fma(scale, min)
                .fma(x1, d);
      }
      a.intoArray(lanes, part);
      b.intoArray(lanes, part + 16);
      c.intoArray(lanes, part + 32);
      d.intoArray(lanes, part + 48);
    }
  }

  static void scaled4x1(
      byte[] quanta, int stride, float[] scales, float[] x, int columns, float[] lanes) {
    int groups = stride / 16;
    for (int part = 0; part < 16; part += WIDTH) {
      FloatVector a = FloatVector.zero(FLOATS);
      FloatVector b = FloatVector.zero(FLOATS);
      FloatVector c = FloatVector.zero(FLOATS);
      FloatVector d = FloatVector.zero(FLOATS);
      for (int pair = 0; pair < columns / 32; pair++) {
        int group = 2 * pair;
        int k = 32 * pair + part;
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, k);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, k + 16);
        a =
            ((FloatVector) ByteVector.fromArray(QUANTA, quanta, k).convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group]))
                .fma(x0, a);
        a =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 16).convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group + 1]))
                .fma(x1, a);
        group += groups;
        b =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + stride).convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group]))
                .fma(x0, b);
        b =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + stride + 16)
                        .convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group + 1]))
                .fma(x1, b);
        group += groups;
        c =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 2 * stride)
                        .convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group]))
                .fma(x0, c);
        c =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 2 * stride + 16)
                        .convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group + 1]))
                .fma(x1, c);
        group += groups;
        d =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 3 * stride)
                        .convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group]))
                .fma(x0, d);
        d =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 3 * stride + 16)
                        .convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group + 1]))
                .fma(x1, d);
      }
      a.intoArray(lanes, part);
      b.intoArray(lanes, part + 16);
      c.intoArray(lanes, part + 32);
      d.intoArray(lanes, part + 48);
    }
  }

  /** Rows {@code first} and the next. */
  static void affine2x4(
      byte[] quanta,
      int stride,
      float[] scales,
      float[] mins,
      int first,
      float[] x,
      int columns,
      float[] lanes) {
    int groups = stride / 32;
    int row = first * stride;
    int rowGroup = first * groups;
    int sums = first * 4 * 16;
    for (int part = 0; part < 16; part += WIDTH) {
      FloatVector a0 = FloatVector.zero(FLOATS);
      FloatVector a1 = FloatVector.zero(FLOATS);
      FloatVector a2 = FloatVector.zero(FLOATS);
      FloatVector a3 = FloatVector.zero(FLOATS);
      FloatVector b0 = FloatVector.zero(FLOATS);
      FloatVector b1 = FloatVector.zero(FLOATS);
      FloatVector b2 = FloatVector.zero(FLOATS);
      FloatVector b3 = FloatVector.zero(FLOATS);
      for (int group = 0; group < columns / 32; group++) {
        int k = 32 * group + part;
        FloatVector scaleA = FloatVector.broadcast(FLOATS, scales[rowGroup + group]);
        FloatVector minA = FloatVector.broadcast(FLOATS, mins[rowGroup + group]);
        FloatVector scaleB = FloatVector.broadcast(FLOATS, scales[rowGroup + group + groups]);
        FloatVector minB = FloatVector.broadcast(FLOATS, mins[rowGroup + group + groups]);
        FloatVector wa =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, row + k).convertShape(VALUE, FLOATS, 0))
                .fma(scaleA, minA);
        FloatVector wb =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, row + k + stride)
                        .convertShape(VALUE, FLOATS, 0))
                .fma(scaleB, minB);
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, k);
        a0 = wa.fma(x0, a0);
        b0 = wb.fma(x0, b0);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, k + columns);
        a1 = wa.fma(x1, a1);
        b1 = wb.fma(x1, b1);
        FloatVector x2 = FloatVector.fromArray(FLOATS, x, k + 2 * columns);
        a2 = wa.fma(x2, a2);
        b2 = wb.fma(x2, b2);
        FloatVector x3 = FloatVector.fromArray(FLOATS, x, k + 3 * columns);
        a3 = wa.fma(x3, a3);
        b3 = wb.fma(x3, b3);
        wa =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, row + k + 16)
                        .convertShape(VALUE, FLOATS, 0))
                .fma(scaleA, minA);
        wb =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, row + k + stride + 16)
                        .convertShape(VALUE, FLOATS, 0))
                .fma(scaleB, minB);
        x0 = FloatVector.fromArray(FLOATS, x, k + 16);
        a0 = wa.fma(x0, a0);
        b0 = wb.fma(x0, b0);
        x1 = FloatVector.fromArray(FLOATS, x, k + columns + 16);
        a1 = wa.fma(x1, a1);
        b1 = wb.fma(x1, b1);
        x2 = FloatVector.fromArray(FLOATS, x, k + 2 * columns + 16);
        a2 = wa.fma(x2, a2);
        b2 = wb.fma(x2, b2);
        x3 = FloatVector.fromArray(FLOATS, x, k + 3 * columns + 16);
        a3 = wa.fma(x3, a3);
        b3 = wb.fma(x3, b3);
      }
      a0.intoArray(lanes, sums + part);
      a1.intoArray(lanes, sums + part + 16);
      a2.intoArray(lanes, sums + part + 32);
      a3.intoArray(lanes, sums + part + 48);
      b0.intoArray(lanes, sums + part + 64);
      b1.intoArray(lanes, sums + part + 80);
      b2.intoArray(lanes, sums + part + 96);
      b3.intoArray(lanes, sums + part + 112);
    }
  }

  /** Rows {@code first} and the next. */
  static void scaled2x4(
      byte[] quanta, int stride, float[] scales, int first, float[] x, int columns, float[] lanes) {
    int groups = stride / 16;
    int row = first * stride;
    int sums = first * 4 * 16;
    for (int part = 0; part < 16; part += WIDTH) {
      FloatVector a0 = FloatVector.zero(FLOATS);
      FloatVector a1 = FloatVector.zero(FLOATS);
      FloatVector a2 = FloatVector.zero(FLOATS);
      FloatVector a3 = FloatVector.zero(FLOATS);
      FloatVector b0 = FloatVector.zero(FLOATS);
      FloatVector b1 = FloatVector.zero(FLOATS);
      FloatVector b2 = FloatVector.zero(FLOATS);
      FloatVector b3 = FloatVector.zero(FLOATS);
      for (int step = 0; step < columns / 16; step++) {
        int k = 16 * step + part;
        int group = step + first * groups;
        FloatVector wa =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, row + k).convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group]));
        FloatVector wb =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, row + k + stride)
                        .convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group + groups]));
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, k);
        a0 = wa.fma(x0, a0);
        b0 = wb.fma(x0, b0);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, k + columns);
        a1 = wa.fma(x1, a1);
        b1 = wb.fma(x1, b1);
        FloatVector x2 = FloatVector.fromArray(FLOATS, x, k + 2 * columns);
        a2 = wa.fma(x2, a2);
        b2 = wb.fma(x2, b2);
        FloatVector x3 = FloatVector.fromArray(FLOATS, x, k + 3 * columns);
        a3 = wa.fma(x3, a3);
        b3 = wb.fma(x3, b3);
      }
      a0.intoArray(lanes, sums + part);
      a1.intoArray(lanes, sums + part + 16);
      a2.intoArray(lanes, sums + part + 32);
      a3.intoArray(lanes, sums + part + 48);
      b0.intoArray(lanes, sums + part + 64);
      b1.intoArray(lanes, sums + part + 80);
      b2.intoArray(lanes, sums + part + 96);
      b3.intoArray(lanes, sums + part + 112);
    }
  }

  static void scaled4x4(
      byte[] quanta, int stride, float[] scales, float[] x, int columns, float[] lanes) {
    int groups = stride / 16;
    for (int part = 0; part < 16; part += WIDTH) {
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
      for (int step = 0; step < columns / 16; step++) {
        int k = 16 * step + part;
        int group = step;
        FloatVector wa =
            ((FloatVector) ByteVector.fromArray(QUANTA, quanta, k).convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group]));
        FloatVector wb =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + stride).convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group + groups]));
        FloatVector wc =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 2 * stride)
                        .convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group + 2 * groups]));
        FloatVector wd =
            ((FloatVector)
                    ByteVector.fromArray(QUANTA, quanta, k + 3 * stride)
                        .convertShape(VALUE, FLOATS, 0))
                .mul(FloatVector.broadcast(FLOATS, scales[group + 3 * groups]));
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, k);
        a0 = wa.fma(x0, a0);
        b0 = wb.fma(x0, b0);
        c0 = wc.fma(x0, c0);
        d0 = wd.fma(x0, d0);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, k + columns);
        a1 = wa.fma(x1, a1);
        b1 = wb.fma(x1, b1);
        c1 = wc.fma(x1, c1);
        d1 = wd.fma(x1, d1);
        FloatVector x2 = FloatVector.fromArray(FLOATS, x, k + 2 * columns);
        a2 = wa.fma(x2, a2);
        b2 = wb.fma(x2, b2);
        c2 = wc.fma(x2, c2);
        d2 = wd.fma(x2, d2);
        FloatVector x3 = FloatVector.fromArray(FLOATS, x, k + 3 * columns);
        a3 = wa.fma(x3, a3);
        b3 = wb.fma(x3, b3);
        c3 = wc.fma(x3, c3);
        d3 = wd.fma(x3, d3);
      }
      a0.intoArray(lanes, part);
      a1.intoArray(lanes, part + 16);
      a2.intoArray(lanes, part + 32);
      a3.intoArray(lanes, part + 48);
      b0.intoArray(lanes, part + 64);
      b1.intoArray(lanes, part + 80);
      b2.intoArray(lanes, part + 96);
      b3.intoArray(lanes, part + 112);
      c0.intoArray(lanes, part + 128);
      c1.intoArray(lanes, part + 144);
      c2.intoArray(lanes, part + 160);
      c3.intoArray(lanes, part + 176);
      d0.intoArray(lanes, part + 192);
      d1.intoArray(lanes, part + 208);
      d2.intoArray(lanes, part + 224);
      d3.intoArray(lanes, part + 240);
    }
  }
}
