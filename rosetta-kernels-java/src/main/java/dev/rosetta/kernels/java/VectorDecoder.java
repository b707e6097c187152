package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link BlockDecoder} with vectors: the same values from the same layouts. Every product is exact
 * in float32 and only the last addition rounds, so fused and separate operations agree. Holds
 * scratch memory: one for each thread.
 */
final class VectorDecoder {
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE);

  private static final VectorSpecies<Float> FLOATS = VectorWidth.FLOATS;
  private static final int WIDTH = FLOATS.length();
  private static final VectorSpecies<Integer> INTS = VectorWidth.INTS;
  private static final VectorSpecies<Byte> BYTES = VectorWidth.BYTES;

  /** 128-bit machines decode without vectors. */
  private static final boolean WIDE = WIDTH >= 8;

  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(WIDTH * Short.SIZE));

  private final SuperBlocks superBlocks;

  VectorDecoder(SuperBlocks superBlocks) {
    this.superBlocks = superBlocks;
  }

  /**
   * Decodes a few rows, the padding of each one's last block included.
   *
   * @param w encoded rows, one after the other from byte {@code offset} on
   * @param target rows of {@link BlockDecoder#paddedColumns} from {@code at} on, one after the
   *     other
   */
  void decode(
      ElementType type,
      MemorySegment w,
      long offset,
      int rows,
      int columns,
      float[] target,
      int at) {
    int blocks = Math.ceilDiv(columns, type.blockElements());
    if (SuperBlocks.holds(type)) {
      superBlocks.read(type, w, offset, rows * blocks);
      superBlocks.expand(type, rows * blocks, target, at);
      return;
    }
    long rowBytes = type.byteSize(columns);
    for (int r = 0; r < rows; r++) {
      long from = offset + r * rowBytes;
      int to = at + r * blocks * type.blockElements();
      if (type == ElementType.F32) {
        MemorySegment.copy(w, FLOAT, from, target, to, columns);
      } else if (!WIDE) {
        BlockDecoder.decodeRow(type, w, from, columns, target, to);
      } else {
        switch (type) {
          case Q4_0 -> q4_0(w, from, blocks, target, to);
          case Q8_0 -> q8_0(w, from, blocks, target, to);
          case F16 -> f16(w, from, columns, target, to);
          case BF16 -> bf16(w, from, columns, target, to);
          default -> throw new IllegalArgumentException("no kernel for " + type);
        }
      }
    }
  }

  private static void f16(MemorySegment w, long offset, int columns, float[] t, int at) {
    int whole = columns - columns % WIDTH;
    for (int i = 0; i < whole; i += WIDTH) {
      IntVector bits =
          (IntVector)
              ShortVector.fromMemorySegment(SHORTS, w, offset + 2L * i, LITTLE)
                  .convertShape(VectorOperators.S2I, INTS, 0);
      // Sign, exponent and mantissa moved into place; the product rebases the exponent, subnormals
      // too.
      FloatVector finite =
          bits.lanewise(VectorOperators.LSHL, 13)
              .and(0x8fffe000)
              .reinterpretAsFloats()
              .mul(0x1p112f);
      IntVector special = finite.reinterpretAsInts().or(0x7f800000);
      finite
          .reinterpretAsInts()
          .blend(special, bits.and(0x7c00).compare(VectorOperators.EQ, 0x7c00))
          .reinterpretAsFloats()
          .intoArray(t, at + i);
    }
    for (int i = whole; i < columns; i++) {
      t[at + i] = Float.float16ToFloat(w.get(SHORT, offset + 2L * i));
    }
  }

  private static void bf16(MemorySegment w, long offset, int columns, float[] t, int at) {
    int whole = columns - columns % WIDTH;
    for (int i = 0; i < whole; i += WIDTH) {
      IntVector bits =
          (IntVector)
              ShortVector.fromMemorySegment(SHORTS, w, offset + 2L * i, LITTLE)
                  .convertShape(VectorOperators.S2I, INTS, 0);
      bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(t, at + i);
    }
    for (int i = whole; i < columns; i++) {
      t[at + i] = Float.intBitsToFloat(w.get(SHORT, offset + 2L * i) << 16);
    }
  }

  private static void q4_0(MemorySegment w, long offset, int blocks, float[] target, int at) {
    for (int block = 0; block < blocks; block++, offset += 18, at += 32) {
      // Not a vector: C2 boxes one that lives across the inner loop.
      float d = Float.float16ToFloat(w.get(SHORT, offset));
      for (int i = 0; i < 16; i += WIDTH) {
        IntVector q =
            (IntVector)
                ByteVector.fromMemorySegment(BYTES, w, offset + 2 + i, LITTLE)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
        IntVector low = q.and(15).sub(8);
        IntVector high = q.lanewise(VectorOperators.LSHR, 4).sub(8);
        ((FloatVector) low.convertShape(VectorOperators.I2F, FLOATS, 0))
            .mul(d)
            .intoArray(target, at + i);
        ((FloatVector) high.convertShape(VectorOperators.I2F, FLOATS, 0))
            .mul(d)
            .intoArray(target, at + 16 + i);
      }
    }
  }

  private static void q8_0(MemorySegment w, long offset, int blocks, float[] target, int at) {
    for (int block = 0; block < blocks; block++, offset += 34, at += 32) {
      float d = Float.float16ToFloat(w.get(SHORT, offset));
      for (int i = 0; i < 32; i += WIDTH) {
        ((FloatVector)
                ByteVector.fromMemorySegment(BYTES, w, offset + 2 + i, LITTLE)
                    .convertShape(VectorOperators.B2F, FLOATS, 0))
            .mul(d)
            .intoArray(target, at + i);
      }
    }
  }
}
