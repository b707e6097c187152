package dev.rosetta.kernels.panama;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;

/** Random weights and activations, usual and extreme. */
final class Operands {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** What the float16 scales of blocks are like. */
  enum Scales {
    USUAL(0x1c00, 0x2fff),
    SUBNORMAL(0x0001, 0x03ff),
    EXTREME(0x7b00, 0x7bff),
    ZERO(0, 0),
    /** Infinities and NaN among them. */
    ANY(0, 0x7fff);

    private final int least;
    private final int most;

    Scales(int least, int most) {
      this.least = least;
      this.most = most;
    }

    private short next(Random random) {
      int sign = random.nextBoolean() ? 0x8000 : 0;
      return (short) (sign | random.nextInt(least, most + 1));
    }
  }

  private Operands() {}

  /** Random quanta below scales of one kind. */
  static void fillWeights(MemorySegment w, ElementType type, Scales scales, Random random) {
    byte[] bytes = new byte[Math.toIntExact(w.byteSize())];
    random.nextBytes(bytes);
    MemorySegment.copy(bytes, 0, w, ValueLayout.JAVA_BYTE, 0, bytes.length);
    for (long at = 0; at < w.byteSize(); at += type.blockBytes()) {
      switch (type) {
        case F32 -> w.set(INT, at, Float.floatToRawIntBits(widened(scales.next(random))));
        case BF16 ->
            w.set(SHORT, at, (short) (Float.floatToRawIntBits(widened(scales.next(random))) >> 16));
        case F16, Q8_0, Q4_0 -> w.set(SHORT, at, scales.next(random));
        case Q6_K -> w.set(SHORT, at + 208, scales.next(random));
        default -> {
          w.set(SHORT, at, scales.next(random));
          w.set(SHORT, at + 2, scales.next(random));
        }
      }
    }
  }

  private static float widened(short half) {
    return Float.float16ToFloat(half);
  }

  /** Mostly of order 1, some zero of either sign, tiny or large. */
  static void fillActivations(MemorySegment x, Random random) {
    for (long at = 0; at < x.byteSize(); at += Float.BYTES) {
      float unit = random.nextFloat(-1, 1);
      float value =
          switch (random.nextInt(16)) {
            case 0 -> 0f;
            case 1 -> -0f;
            case 2 -> unit * 0x1p-130f;
            case 3 -> unit * 0x1p20f;
            default -> unit;
          };
      x.set(FLOAT, at, value);
    }
  }
}
