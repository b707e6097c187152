package dev.rosetta.kernels.java;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorOperators.Conversion;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The 16 float scales of each of a few super-blocks, which are exact products. */
final class BlockScales {
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE);

  private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_64;
  private static final VectorSpecies<Integer> HEADER = IntVector.SPECIES_128;

  // Scales 0-3 and 4-7, then as many minima, come from first, nibbles, second and nibbles.
  private static final VectorShuffle<Integer> LOW = VectorShuffle.fromValues(HEADER, 1, 3, 2, 3);
  private static final IntVector LOW_FROM = IntVector.fromArray(HEADER, new int[] {0, 0, 0, 4}, 0);
  private static final IntVector LOW_MASK =
      IntVector.fromArray(HEADER, new int[] {0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f}, 0);

  // The upper bits of those that have nibbles.
  private static final VectorShuffle<Integer> HIGH = VectorShuffle.fromValues(HEADER, 0, 1, 0, 2);
  private static final IntVector HIGH_MASK =
      IntVector.fromArray(HEADER, new int[] {0, 0x30303030, 0, 0x30303030}, 0);

  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;

  private static final Conversion<Byte, Float> VALUE = VectorOperators.B2F;

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
    for (int block = 0; block < blocks; block++) {
      // Words: d and dmin, then first, second and nibbles.
      IntVector header =
          IntVector.fromMemorySegment(HEADER, w, offset + (long) block * blockBytes, LITTLE);
      int halves = header.lane(0);
      IntVector low = header.rearrange(LOW).lanewise(VectorOperators.LSHR, LOW_FROM).and(LOW_MASK);
      IntVector high = header.rearrange(HIGH).lanewise(VectorOperators.LSHR, 2).and(HIGH_MASK);
      ByteVector sixes = low.or(high).reinterpretAsBytes();
      ((FloatVector) sixes.convertShape(VALUE, FLOATS, 0))
          .mul(Float.float16ToFloat((short) halves))
          .intoArray(scales, 8 * block);
      ((FloatVector) sixes.convertShape(VALUE, FLOATS, 1))
          .mul(-Float.float16ToFloat((short) (halves >> 16)))
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
    if (mins.length < 8 * blocks) {
      scales = new float[16 * blocks];
      mins = new float[8 * blocks];
    }
  }
}
