package dev.rosetta.kernels.java;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Takes super-blocks of Q6_K apart 64 bytes at a time, into a byte for each element in their order.
 * Beside 64 bytes of nibbles stand the 32 with their upper bits, twice. Layout: {@link
 * BlockDecoder}. Needs vectors of 512 bits.
 */
final class WideQuanta {
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_512;
  private static final VectorShuffle<Integer> FIRST_TWICE =
      VectorShuffle.fromValues(INTS, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
  private static final VectorShuffle<Integer> SECOND_TWICE =
      VectorShuffle.fromValues(INTS, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);

  private static final int NIBBLES = 0x0f0f0f0f;
  private static final int UPPER = 0x30303030;

  private static final IntVector UP_4_2 = halves(4, 2);
  private static final IntVector DOWN_0_2 = halves(0, 2);

  private WideQuanta() {}

  private static IntVector halves(int first, int second) {
    int[] lanes = new int[INTS.length()];
    for (int i = 0; i < lanes.length; i++) {
      lanes[i] = i < lanes.length / 2 ? first : second;
    }
    return IntVector.fromArray(INTS, lanes, 0);
  }

  /** Stored quanta stand for 32 less. */
  static void q6_k(MemorySegment w, long at, int blocks, byte[] quanta) {
    for (int block = 0; block < blocks; block++) {
      long from = at + 210L * block;
      IntVector upper = IntVector.fromMemorySegment(INTS, w, from + 128, LITTLE);
      IntVector q = IntVector.fromMemorySegment(INTS, w, from, LITTLE);
      IntVector up = upper.rearrange(FIRST_TWICE);
      q.and(NIBBLES)
          .or(up.lanewise(VectorOperators.LSHL, UP_4_2).and(UPPER))
          .reinterpretAsBytes()
          .sub((byte) 32)
          .intoArray(quanta, 256 * block);
      q.lanewise(VectorOperators.LSHR, 4)
          .and(NIBBLES)
          .or(up.lanewise(VectorOperators.LSHR, DOWN_0_2).and(UPPER))
          .reinterpretAsBytes()
          .sub((byte) 32)
          .intoArray(quanta, 256 * block + 64);
      q = IntVector.fromMemorySegment(INTS, w, from + 64, LITTLE);
      up = upper.rearrange(SECOND_TWICE);
      q.and(NIBBLES)
          .or(up.lanewise(VectorOperators.LSHL, UP_4_2).and(UPPER))
          .reinterpretAsBytes()
          .sub((byte) 32)
          .intoArray(quanta, 256 * block + 128);
      q.lanewise(VectorOperators.LSHR, 4)
          .and(NIBBLES)
          .or(up.lanewise(VectorOperators.LSHR, DOWN_0_2).and(UPPER))
          .reinterpretAsBytes()
          .sub((byte) 32)
          .intoArray(quanta, 256 * block + 192);
    }
  }
}
