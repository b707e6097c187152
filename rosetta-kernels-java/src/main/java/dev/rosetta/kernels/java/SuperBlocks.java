package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorOperators.Conversion;
import jdk.incubator.vector.VectorSpecies;

/**
 * A few rows of Q4_K, Q5_K or Q6_K in one plain form: a signed byte for each element, and float
 * scales (and minima) by groups of elements. Bytes are taken apart 32 at a time, or 64 where a
 * float vector holds 16, and what follows is the same loop for every type. Layouts: {@link
 * BlockDecoder}. Needs vectors of 256 bits; holds scratch memory: one for each thread.
 */
final class SuperBlocks {
  static final int ELEMENTS = 256;

  /**
   * Blocks of Q6_K from which on the wider loop takes over. It saves 6 ns a block, but costs a
   * tenth of a second until it is compiled: more than a short run has to gain.
   */
  private static final long MANY_BLOCKS = 4 << 20;

  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_256;
  private static final int NIBBLES = 0x0f0f0f0f;
  private static final int UPPER = 0x30303030;
  private static final int FIFTH = 0x10101010;

  private static final VectorSpecies<Float> FLOATS = VectorWidth.FLOATS;
  private static final int WIDTH = FLOATS.length();
  private static final VectorSpecies<Byte> QUANTA = VectorWidth.BYTES;

  private static final Conversion<Byte, Float> VALUE = VectorOperators.B2F;

  private final BlockScales scales = new BlockScales();
  private byte[] quanta = {};
  private long blocksRead;

  static boolean holds(ElementType type) {
    return switch (type) {
      case Q4_K, Q5_K, Q6_K -> WIDTH >= 8;
      default -> false;
    };
  }

  /** Takes apart {@code blocks} super-blocks that lie one after the other from byte {@code at}. */
  void read(ElementType type, MemorySegment w, long at, int blocks) {
    if (quanta.length < blocks * ELEMENTS) {
      quanta = new byte[blocks * ELEMENTS];
    }
    switch (type) {
      case Q4_K -> {
        scales.affine(w, at, 144, blocks);
        q4_k(w, at, blocks, quanta);
      }
      case Q5_K -> {
        scales.affine(w, at, 176, blocks);
        q5_k(w, at, blocks, quanta);
      }
      case Q6_K -> {
        scales.signed(w, at, blocks);
        if (WIDTH == 16 && blocksRead >= MANY_BLOCKS) {
          WideQuanta.q6_k(w, at, blocks, quanta);
        } else {
          q6_k(w, at, blocks, quanta);
          blocksRead += blocks;
        }
      }
      default -> throw new IllegalArgumentException("no super-blocks of " + type);
    }
  }

  /** The values of what was read, as float32, from {@code target[at]} on. */
  void expand(ElementType type, int blocks, float[] target, int at) {
    if (type == ElementType.Q6_K) {
      expandScaled(quanta, scales.scales(), blocks, target, at);
    } else {
      expandAffine(quanta, scales.scales(), scales.mins(), blocks, target, at);
    }
  }

  /** Whether {@link #multiplyQ4K} can be used. */
  static boolean isDirect(ElementType type, int columns, int tokens) {
    return WIDTH == 16 && type == ElementType.Q4_K && tokens == 1 && columns % 64 == 0;
  }

  /**
   * Dot products of 4 rows of Q4_K with 1 column, straight from their bytes.
   *
   * @param w rows one after the other from byte {@code at}
   * @param lanes set to 16 for each row
   */
  void multiplyQ4K(MemorySegment w, long at, float[] x, int columns, float[] lanes) {
    int blocks = Math.ceilDiv(columns, ELEMENTS);
    scales.affine(w, at, 144, 4 * blocks);
    Q4KRows.multiply(
        w, at, 144L * blocks, scales.scales(), scales.mins(), 8 * blocks, x, columns, lanes);
  }

  /**
   * Dot products of the first 4 rows read with 1 or 4 columns, decoded in registers.
   *
   * @param columns a multiple of 32
   * @param stride elements from one row to the next
   * @param lanes set to 16 for each sum; those of row r and token t start at {@code (r * tokens +
   *     t) * 16}
   */
  void multiply(ElementType type, int stride, float[] x, int columns, int tokens, float[] lanes) {
    float[] scale = scales.scales();
    float[] min = scales.mins();
    if (type == ElementType.Q6_K && tokens == 1) {
      SuperBlockRows.scaled4x1(quanta, stride, scale, x, columns, lanes);
    } else if (type == ElementType.Q6_K && VectorWidth.FEW_REGISTERS) {
      SuperBlockRows.scaled2x4(quanta, stride, scale, 0, x, columns, lanes);
      SuperBlockRows.scaled2x4(quanta, stride, scale, 2, x, columns, lanes);
    } else if (type == ElementType.Q6_K) {
      SuperBlockRows.scaled4x4(quanta, stride, scale, x, columns, lanes);
    } else if (tokens == 1) {
      SuperBlockRows.affine4x1(quanta, stride, scale, min, x, columns, lanes);
    } else {
      SuperBlockRows.affine2x4(quanta, stride, scale, min, 0, x, columns, lanes);
      SuperBlockRows.affine2x4(quanta, stride, scale, min, 2, x, columns, lanes);
    }
  }

  private static void q4_k(MemorySegment w, long at, int blocks, byte[] quanta) {
    for (int block = 0; block < blocks; block++) {
      for (int pair = 0; pair < 4; pair++) {
        long from = at + 144L * block + 16 + 32L * pair;
        IntVector q = IntVector.fromMemorySegment(INTS, w, from, LITTLE);
        IntVector high = q.lanewise(VectorOperators.LSHR, 4).and(NIBBLES);
        int to = 256 * block + 64 * pair;
        q.and(NIBBLES).reinterpretAsBytes().intoArray(quanta, to);
        high.reinterpretAsBytes().intoArray(quanta, to + 32);
      }
    }
  }

  private static void q5_k(MemorySegment w, long at, int blocks, byte[] quanta) {
    for (int pair = 0; pair < 4 * blocks; pair++) {
      long block = at + 176L * (pair >> 2);
      long from = block + 48 + 32L * (pair & 3);
      IntVector q = IntVector.fromMemorySegment(INTS, w, from, LITTLE);
      // Bit 0 and bit 1 of each byte: the fifth bits of this pair; what crosses bytes is masked.
      IntVector fifth =
          IntVector.fromMemorySegment(INTS, w, block + 16, LITTLE)
              .lanewise(VectorOperators.LSHR, 2 * (pair & 3));
      IntVector low = q.and(NIBBLES).or(fifth.lanewise(VectorOperators.LSHL, 4).and(FIFTH));
      IntVector high =
          q.lanewise(VectorOperators.LSHR, 4)
              .and(NIBBLES)
              .or(fifth.lanewise(VectorOperators.LSHL, 3).and(FIFTH));
      int to = 64 * pair;
      low.reinterpretAsBytes().intoArray(quanta, to);
      high.reinterpretAsBytes().intoArray(quanta, to + 32);
    }
  }

  /** Stored quanta stand for 32 less. */
  static void q6_k(MemorySegment w, long at, int blocks, byte[] quanta) {
    for (int pair = 0; pair < 4 * blocks; pair++) {
      int half = pair >> 1;
      int part = pair & 1;
      long block = at + 210L * (pair >> 2);
      long from = block + 32L * (pair & 3);
      IntVector q = IntVector.fromMemorySegment(INTS, w, from, LITTLE);
      // Bits 0-1 of each byte: the upper bits of this part; bits 4-5: those two parts on.
      IntVector upper =
          IntVector.fromMemorySegment(INTS, w, block + 128 + 32L * (half & 1), LITTLE)
              .lanewise(VectorOperators.LSHR, 2 * part);
      IntVector low = q.and(NIBBLES).or(upper.lanewise(VectorOperators.LSHL, 4).and(UPPER));
      IntVector high = q.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).or(upper.and(UPPER));
      int to = 128 * half + 32 * part;
      low.reinterpretAsBytes().sub((byte) 32).intoArray(quanta, to);
      high.reinterpretAsBytes().sub((byte) 32).intoArray(quanta, to + 64);
    }
  }

  private static void expandAffine(
      byte[] quanta, float[] scales, float[] mins, int blocks, float[] target, int at) {
    for (int group = 0; group < 8 * blocks; group++) {
      FloatVector scale = FloatVector.broadcast(FLOATS, scales[group]);
      FloatVector min = FloatVector.broadcast(FLOATS, mins[group]);
      for (int i = 0; i < 32; i += WIDTH) {
        ((FloatVector)
                ByteVector.fromArray(QUANTA, quanta, 32 * group + i).convertShape(VALUE, FLOATS, 0))
            .fma(scale, min)
            .intoArray(target, at + 32 * group + i);
      }
    }
  }

  private static void expandScaled(
      byte[] quanta, float[] scales, int blocks, float[] target, int at) {
    for (int group = 0; group < 16 * blocks; group++) {
      FloatVector scale = FloatVector.broadcast(FLOATS, scales[group]);
      for (int i = 0; i < 16; i += WIDTH) {
        ((FloatVector)
                ByteVector.fromArray(QUANTA, quanta, 16 * group + i).convertShape(VALUE, FLOATS, 0))
            .mul(scale)
            .intoArray(target, at + 16 * group + i);
      }
    }
  }
}
