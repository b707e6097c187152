package dev.rosetta.kernels.java;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorOperators.Conversion;
import jdk.incubator.vector.VectorSpecies;

/**
 * Dot products of a few rows of Q4_K with one column straight from their bytes: of bytes 32p to 32p
 * + 31 of a row's quanta the low nibbles are sub-block 2p, the high nibbles sub-block 2p + 1.
 * Layout: {@link BlockDecoder}. Needs vectors of 256 bits.
 */
final class Q4KRows {
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
  private static final VectorSpecies<Float> FLOATS = VectorWidth.FLOATS;
  private static final int WIDTH = FLOATS.length();
  private static final VectorSpecies<Integer> INTS = VectorWidth.INTS;
  private static final VectorSpecies<Byte> BYTES = VectorWidth.BYTES;
  private static final Conversion<Byte, Integer> BYTE = VectorOperators.ZERO_EXTEND_B2I;
  private static final Conversion<Integer, Float> FLOAT = VectorOperators.I2F;

  private Q4KRows() {}

  /**
   * Dot products of 4 rows with 1 column.
   *
   * @param at the first row's first byte
   * @param rowBytes from one row to the next
   * @param scales of the rows' sub-blocks, {@code groups} for each row
   * @param mins as many, negative
   * @param columns a multiple of 64
   * @param lanes set to 16 for each sum
   */
  static void multiply(
      MemorySegment w,
      long at,
      long rowBytes,
      float[] scales,
      float[] mins,
      int groups,
      float[] x,
      int columns,
      float[] lanes) {
    for (int part = 0; part < 16; part += WIDTH) {
      FloatVector a = FloatVector.zero(FLOATS);
      FloatVector b = FloatVector.zero(FLOATS);
      FloatVector c = FloatVector.zero(FLOATS);
      FloatVector d = FloatVector.zero(FLOATS);
      long aAt = at + 16 + part;
      long bAt = at + 16 + part + rowBytes;
      long cAt = at + 16 + part + 2 * rowBytes;
      long dAt = at + 16 + part + 3 * rowBytes;
      int bGroup = groups;
      int cGroup = 2 * groups;
      int dGroup = 3 * groups;
      for (int pair = 0; pair < columns / 64; pair++) {
        long from = 32L * pair + 16L * (pair >> 2);
        FloatVector x0 = FloatVector.fromArray(FLOATS, x, 64 * pair + part);
        FloatVector x1 = FloatVector.fromArray(FLOATS, x, 64 * pair + part + 16);
        FloatVector x2 = FloatVector.fromArray(FLOATS, x, 64 * pair + part + 32);
        FloatVector x3 = FloatVector.fromArray(FLOATS, x, 64 * pair + part + 48);
        IntVector aLow =
            (IntVector)
                ByteVector.fromMemorySegment(BYTES, w, from + aAt, LITTLE)
                    .convertShape(BYTE, INTS, 0);
        IntVector aHigh =
            (IntVector)
                ByteVector.fromMemorySegment(BYTES, w, from + aAt + 16, LITTLE)
                    .convertShape(BYTE, INTS, 0);
        IntVector bLow =
            (IntVector)
                ByteVector.fromMemorySegment(BYTES, w, from + bAt, LITTLE)
                    .convertShape(BYTE, INTS, 0);
        IntVector bHigh =
            (IntVector)
                ByteVector.fromMemorySegment(BYTES, w, from + bAt + 16, LITTLE)
                    .convertShape(BYTE, INTS, 0);
        IntVector cLow =
            (IntVector)
                ByteVector.fromMemorySegment(BYTES, w, from + cAt, LITTLE)
                    .convertShape(BYTE, INTS, 0);
        IntVector cHigh =
            (IntVector)
                ByteVector.fromMemorySegment(BYTES, w, from + cAt + 16, LITTLE)
                    .convertShape(BYTE, INTS, 0);
        IntVector dLow =
            (IntVector)
                ByteVector.fromMemorySegment(BYTES, w, from + dAt, LITTLE)
                    .convertShape(BYTE, INTS, 0);
        IntVector dHigh =
            (IntVector)
                ByteVector.fromMemorySegment(BYTES, w, from + dAt + 16, LITTLE)
                    .convertShape(BYTE, INTS, 0);
        FloatVector scale = FloatVector.broadcast(FLOATS, scales[2 * pair]);
        FloatVector min = FloatVector.broadcast(FLOATS, mins[2 * pair]);
        a = ((FloatVector) aLow.and(15).convertShape(FLOAT, FLOATS, 0)).fma(scale, min).fma(x0, a);
        a = ((FloatVector) aHigh.and(15).convertShape(FLOAT, FLOATS, 0)).fma(scale, min).fma(x1, a);
        scale = FloatVector.broadcast(FLOATS, scales[2 * pair + 1]);
        min = FloatVector.broadcast(FLOATS, mins[2 * pair + 1]);
        a =
            ((FloatVector) aLow.lanewise(VectorOperators.LSHR, 4).convertShape(FLOAT, FLOATS, 0))
                .fma(scale, min)
                .fma(x2, a);
        a =
            ((FloatVector) aHigh.lanewise(VectorOperators.LSHR, 4).convertShape(FLOAT, FLOATS, 0))
                .fma(scale, min)
                .fma(x3, a);
        scale = FloatVector.broadcast(FLOATS, scales[bGroup + 2 * pair]);
        min = FloatVector.broadcast(FLOATS, mins[bGroup + 2 * pair]);
        b = ((FloatVector) bLow.and(15).convertShape(FLOAT, FLOATS, 0)).fma(scale, min).fma(x0, b);
        b = ((FloatVector) bHigh.and(15).convertShape(FLOAT, FLOATS, 0)).fma(scale, min).fma(x1, b);
        scale = FloatVector.broadcast(FLOATS, scales[bGroup + 2 * pair + 1]);
        min = FloatVector.broadcast(FLOATS, mins[bGroup + 2 * pair + 1]);
        b =
            ((FloatVector) bLow.lanewise(VectorOperators.LSHR, 4).convertShape(FLOAT, FLOATS, 0))
                .fma(scale, min)
                .fma(x2, b);
        b =
            ((FloatVector) bHigh.lanewise(VectorOperators.LSHR, 4).convertShape(FLOAT, FLOATS, 0))
                .fma(scale, min)
                .fma(x3, b);
        scale = FloatVector.broadcast(FLOATS, scales[cGroup + 2 * pair]);
        min = FloatVector.broadcast(FLOATS, mins[cGroup + 2 * pair]);
        c = ((FloatVector) cLow.and(15).convertShape(FLOAT, FLOATS, 0)).fma(scale, min).fma(x0, c);
        c = ((FloatVector) cHigh.and(15).convertShape(FLOAT, FLOATS, 0)).fma(scale, min).fma(x1, c);
        scale = FloatVector.broadcast(FLOATS, scales[cGroup + 2 * pair + 1]);
        min = FloatVector.broadcast(FLOATS, mins[cGroup + 2 * pair + 1]);
        c =
            ((FloatVector) cLow.lanewise(VectorOperators.LSHR, 4).convertShape(FLOAT, FLOATS, 0))
                .fma(scale, min)
                .fma(x2, c);
        c =
            ((FloatVector) cHigh.lanewise(VectorOperators.LSHR, 4).convertShape(FLOAT, FLOATS, 0))
                .fma(scale, min)
                .fma(x3, c);
        scale = FloatVector.broadcast(FLOATS, scales[dGroup + 2 * pair]);
        min = FloatVector.broadcast(FLOATS, mins[dGroup + 2 * pair]);
        d = ((FloatVector) dLow.and(15).convertShape(FLOAT, FLOATS, 0)).fma(scale, min).fma(x0, d);
        d = ((FloatVector) dHigh.and(15).convertShape(FLOAT, FLOATS, 0)).fma(scale, min).fma(x1, d);
        scale = FloatVector.broadcast(FLOATS, scales[dGroup + 2 * pair + 1]);
        min = FloatVector.broadcast(FLOATS, mins[dGroup + 2 * pair + 1]);
        d =
            ((FloatVector) dLow.lanewise(VectorOperators.LSHR, 4).convertShape(FLOAT, FLOATS, 0))
                .fma(scale, min)
                .fma(x2, d);
        d =
            ((FloatVector) dHigh.lanewise(VectorOperators.LSHR, 4).convertShape(FLOAT, FLOATS, 0))
                .fma(scale, min)
                .fma(x3, d);
      }
      a.intoArray(lanes, part);
      b.intoArray(lanes, part + 16);
      c.intoArray(lanes, part + 32);
      d.intoArray(lanes, part + 48);
    }
  }
}
