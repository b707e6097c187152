package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/**
 * The 8-bit floats, as in the OCP 8-bit floating point specification and, for the FNUZ forms, as in
 * ONNX's description of them. Every value is exact in float32.
 */
public final class F8Codecs {
  private F8Codecs() {}

  /** Sign, 4 exponent bits with bias 7, 3 mantissa bits; no infinities, 0x7f and 0xff are NaN. */
  public static final class E4M3 extends Table {
    public E4M3() {
      super(ElementType.F8_E4M3);
    }

    @Override
    float value(int bits) {
      return (bits & 0x7f) == 0x7f ? Float.NaN : minifloat(bits, 3, 7);
    }
  }

  /** Sign, 5 exponent bits with bias 15, 2 mantissa bits: the upper byte of an IEEE half. */
  public static final class E5M2 extends Table {
    public E5M2() {
      super(ElementType.F8_E5M2);
    }

    @Override
    float value(int bits) {
      return Float.float16ToFloat((short) (bits << 8));
    }
  }

  /** A power of two, 2^(e - 127); 0xff is NaN. */
  public static final class E8M0 extends Table {
    public E8M0() {
      super(ElementType.F8_E8M0);
    }

    @Override
    float value(int bits) {
      return bits == 0xff ? Float.NaN : Math.scalb(1f, bits - 127);
    }
  }

  /** As E4M3 with bias 8; 0x80 is NaN, there is no negative zero. */
  public static final class E4M3Fnuz extends Table {
    public E4M3Fnuz() {
      super(ElementType.F8_E4M3FNUZ);
    }

    @Override
    float value(int bits) {
      return bits == 0x80 ? Float.NaN : minifloat(bits, 3, 8);
    }
  }

  /** As E5M2 with bias 16; no infinities, 0x80 is NaN, there is no negative zero. */
  public static final class E5M2Fnuz extends Table {
    public E5M2Fnuz() {
      super(ElementType.F8_E5M2FNUZ);
    }

    @Override
    float value(int bits) {
      return bits == 0x80 ? Float.NaN : minifloat(bits, 2, 16);
    }
  }

  /** Sign, exponent and {@code mantissaBits}; exponent 0 is subnormal, no other is special. */
  private static float minifloat(int bits, int mantissaBits, int bias) {
    int exponent = (bits & 0x7f) >> mantissaBits;
    int mantissa = bits & ((1 << mantissaBits) - 1);
    int significand = exponent == 0 ? mantissa : mantissa | 1 << mantissaBits;
    float magnitude = Math.scalb(significand, Math.max(exponent, 1) - bias - mantissaBits);
    return (bits & 0x80) == 0 ? magnitude : -magnitude;
  }

  /** Decodes through the 256 values. */
  abstract static class Table extends CheckedCodec {
    private final float[] values = new float[256];

    Table(ElementType type) {
      super(type);
      for (int bits = 0; bits < 256; bits++) {
        values[bits] = value(bits);
      }
    }

    abstract float value(int bits);

    @Override
    final void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = values[u8(blocks, at + i)];
      }
    }
  }
}
