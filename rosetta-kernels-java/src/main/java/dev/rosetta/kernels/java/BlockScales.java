package dev.rosetta.kernels.java;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorOperators.Conversion;
import jdk.incubator.vector.VectorSpecies;

/**
 * The 16 float scales of each of a few super-blocks, which are exact products. In passes, because
 * bytes just written one by one cannot be read as a vector without a stall.
 */
final class BlockScales {
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE);

  private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_64;
  private static final VectorSpecies<Integer> HEADER = IntVector.SPECIES_128;
  private static final VectorSpecies<Integer> PAIR = IntVector.SPECIES_64;
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;

  private static final Conversion<Byte, Float> VALUE = VectorOperators.B2F;

  private int[] integers = {};
  private float[] factors = {};
  private float[] scales = {};
  private float[] mins = {};

  /** Of every block 8 after {@link #affine}, 16 after {@link #signed}. */
  float[] scales() {
    return scales;
  }

  /** Of every block 8 after {@link #affine}. */
  float[] mins() {
    return mins;
  }

  /**
   * Scales of Q4_K and Q5_K: {@code d * scale} and {@code -dmin * min}. The 6-bit integers are
   * unpacked four at a time; {@link BlockDecoder#scale6} defines their layout.
   *
   * @param blockBytes from one block to the next
   */
  void affine(MemorySegment w, long offset, int blockBytes, int blocks) {
    reserve(blocks);
    // To an array first: bounds of a segment are checked at each access.
    for (int block = 0; block < blocks; block++) {
      IntVector.fromMemorySegment(HEADER, w, offset + (long) block * blockBytes, LITTLE)
          .intoArray(integers, 4 * block);
    }
    for (int block = 0; block < blocks; block++) {
      int at = 4 * block;
      int halves = integers[at];
      int first = integers[at + 1];
      int second = integers[at + 2];
      int nibbles = integers[at + 3];
      factors[2 * block] = Float.float16ToFloat((short) halves);
      factors[2 * block + 1] = -Float.float16ToFloat((short) (halves >> 16));
      integers[at] = first & 0x3f3f3f3f;
      integers[at + 1] = nibbles & 0x0f0f0f0f | first >>> 2 & 0x30303030;
      integers[at + 2] = second & 0x3f3f3f3f;
      integers[at + 3] = nibbles >>> 4 & 0x0f0f0f0f | second >>> 2 & 0x30303030;
    }
    for (int block = 0; block < blocks; block++) {
      ((FloatVector)
              IntVector.fromArray(PAIR, integers, 4 * block)
                  .reinterpretAsBytes()
                  .convertShape(VALUE, FLOATS, 0))
          .mul(factors[2 * block])
          .intoArray(scales, 8 * block);
      ((FloatVector)
              IntVector.fromArray(PAIR, integers, 4 * block + 2)
                  .reinterpretAsBytes()
                  .convertShape(VALUE, FLOATS, 0))
          .mul(factors[2 * block + 1])
          .intoArray(mins, 8 * block);
    }
  }

  /** Scales of Q6_K: {@code d * scale}. */
  void signed(MemorySegment w, long offset, int blocks) {
    reserve(blocks);
    for (int block = 0; block < blocks; block++) {
      long from = offset + 210L * block;
      float d = Float.float16ToFloat(w.get(SHORT, from + 208));
      for (int half = 0; half < 16; half += 8) {
        ((FloatVector)
                ByteVector.fromMemorySegment(BYTES, w, from + 192 + half, LITTLE)
                    .convertShape(VALUE, FLOATS, 0))
            .mul(d)
            .intoArray(scales, 16 * block + half);
      }
    }
  }

  private void reserve(int blocks) {
    if (factors.length < 2 * blocks) {
      integers = new int[4 * blocks];
      factors = new float[2 * blocks];
      scales = new float[16 * blocks];
      mins = new float[8 * blocks];
    }
  }
}
