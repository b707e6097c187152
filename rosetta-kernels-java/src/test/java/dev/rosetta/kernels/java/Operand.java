package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.random.RandomGenerator;

/** Random operands of a matmul, free of NaN. */
final class Operand {

  /** What the block scales look like. */
  enum Scales {
    /** Around 2^-7, as in real models. */
    USUAL,
    /** Zeros, subnormal and largest halves, both signs. */
    EXTREME
  }

  private static final short[] EXTREMES = {
    0, (short) 0x8000, 1, (short) 0x8001, 0x03ff, (short) 0x83ff, 0x7bff, (short) 0xfbff, 0x0400
  };

  private Operand() {}

  /** Native memory of exactly {@code rows} encoded rows; every bit pattern of quants occurs. */
  static MemorySegment weights(
      ElementType type, int rows, int columns, Scales scales, RandomGenerator random) {
    long bytes = rows * type.byteSize(columns);
    MemorySegment w = Arena.ofAuto().allocate(Math.max(bytes, 1), 64).asSlice(0, bytes);
    for (long at = 0; at < bytes; at += type.blockBytes()) {
      for (int i = 0; i < type.blockBytes(); i++) {
        w.set(ValueLayout.JAVA_BYTE, at + i, (byte) random.nextInt());
      }
      switch (type) {
        case F32 ->
            w.set(ValueLayout.JAVA_INT_UNALIGNED, at, Float.floatToIntBits(value(random, scales)));
        case BF16 -> put(w, at, (short) (Float.floatToIntBits(value(random, scales)) >>> 16));
        case Q6_K -> put(w, at + 208, half(random, scales));
        case Q4_K, Q5_K -> {
          put(w, at, half(random, scales));
          put(w, at + 2, half(random, scales));
        }
        default -> put(w, at, half(random, scales));
      }
    }
    return w;
  }

  static MemorySegment columns(int tokens, int columns, Scales scales, RandomGenerator random) {
    MemorySegment x = floats((long) tokens * columns);
    for (long i = 0; i < (long) tokens * columns; i++) {
      x.setAtIndex(ValueLayout.JAVA_FLOAT, i, value(random, scales));
    }
    return x;
  }

  static MemorySegment floats(long count) {
    long bytes = count * Float.BYTES;
    return Arena.ofAuto().allocate(Math.max(bytes, 1), 64).asSlice(0, bytes);
  }

  private static float value(RandomGenerator random, Scales scales) {
    if (scales == Scales.USUAL) {
      return (float) random.nextGaussian();
    }
    return switch (random.nextInt(6)) {
      case 0 -> 0f;
      case 1 -> -0f;
      case 2 -> Float.MIN_VALUE * random.nextInt(-1000, 1000);
      case 3 -> (float) random.nextGaussian() * 1e-30f;
      case 4 -> (float) random.nextGaussian() * 1e12f;
      default -> (float) random.nextGaussian();
    };
  }

  private static short half(RandomGenerator random, Scales scales) {
    return scales == Scales.USUAL
        ? Float.floatToFloat16((float) random.nextGaussian() / 128)
        : EXTREMES[random.nextInt(EXTREMES.length)];
  }

  private static void put(MemorySegment w, long at, short value) {
    w.set(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), at, value);
  }
}
