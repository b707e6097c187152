package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/**
 * The types with blocks of 32, laid out as their codecs say. The scale follows from the extremes of
 * the block: the value of largest magnitude, or the smallest and the largest, is met exactly.
 */
final class SmallBlockEncoders {
  private static final int SIZE = 32;

  private SmallBlockEncoders() {}

  static final class Q4_0 extends BlockEncoder {
    Q4_0() {
      super(ElementType.Q4_0);
    }

    @Override
    void encodeBlock(float[] x, int from, byte[] target, int at) {
      float inverse = inverse(putHalf(target, at, largest(x, from) / -8));
      for (int j = 0; j < 16; j++) {
        int low = nearest(x[from + j] * inverse, -8, 7) + 8;
        int high = nearest(x[from + 16 + j] * inverse, -8, 7) + 8;
        target[at + 2 + j] = (byte) (low | high << 4);
      }
    }
  }

  static final class Q4_1 extends BlockEncoder {
    Q4_1() {
      super(ElementType.Q4_1);
    }

    @Override
    void encodeBlock(float[] x, int from, byte[] target, int at) {
      float least = least(x, from);
      float inverse = inverse(putHalf(target, at, (greatest(x, from) - least) / 15));
      float min = putHalf(target, at + 2, least);
      for (int j = 0; j < 16; j++) {
        int low = nearest((x[from + j] - min) * inverse, 0, 15);
        int high = nearest((x[from + 16 + j] - min) * inverse, 0, 15);
        target[at + 4 + j] = (byte) (low | high << 4);
      }
    }
  }

  static final class Q5_0 extends BlockEncoder {
    Q5_0() {
      super(ElementType.Q5_0);
    }

    @Override
    void encodeBlock(float[] x, int from, byte[] target, int at) {
      float inverse = inverse(putHalf(target, at, largest(x, from) / -16));
      int fifth = 0;
      for (int j = 0; j < 16; j++) {
        int low = nearest(x[from + j] * inverse, -16, 15) + 16;
        int high = nearest(x[from + 16 + j] * inverse, -16, 15) + 16;
        target[at + 6 + j] = (byte) (low & 15 | high << 4);
        fifth |= low >> 4 << j | high >> 4 << (j + 16);
      }
      I32.set(target, at + 2, fifth);
    }
  }

  static final class Q5_1 extends BlockEncoder {
    Q5_1() {
      super(ElementType.Q5_1);
    }

    @Override
    void encodeBlock(float[] x, int from, byte[] target, int at) {
      float least = least(x, from);
      float inverse = inverse(putHalf(target, at, (greatest(x, from) - least) / 31));
      float min = putHalf(target, at + 2, least);
      int fifth = 0;
      for (int j = 0; j < 16; j++) {
        int low = nearest((x[from + j] - min) * inverse, 0, 31);
        int high = nearest((x[from + 16 + j] - min) * inverse, 0, 31);
        target[at + 8 + j] = (byte) (low & 15 | high << 4);
        fifth |= low >> 4 << j | high >> 4 << (j + 16);
      }
      I32.set(target, at + 4, fifth);
    }
  }

  static final class Q8_0 extends BlockEncoder {
    Q8_0() {
      super(ElementType.Q8_0);
    }

    @Override
    void encodeBlock(float[] x, int from, byte[] target, int at) {
      float inverse = inverse(putHalf(target, at, Math.abs(largest(x, from)) / 127));
      for (int j = 0; j < SIZE; j++) {
        target[at + 2 + j] = (byte) nearest(x[from + j] * inverse, -127, 127);
      }
    }
  }

  /** The value of largest magnitude, with its sign. */
  private static float largest(float[] x, int from) {
    float largest = 0;
    for (int i = from; i < from + SIZE; i++) {
      if (Math.abs(x[i]) > Math.abs(largest)) {
        largest = x[i];
      }
    }
    return largest;
  }

  private static float least(float[] x, int from) {
    float least = x[from];
    for (int i = from + 1; i < from + SIZE; i++) {
      least = Math.min(least, x[i]);
    }
    return least;
  }

  private static float greatest(float[] x, int from) {
    float greatest = x[from];
    for (int i = from + 1; i < from + SIZE; i++) {
      greatest = Math.max(greatest, x[i]);
    }
    return greatest;
  }
}
