package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** The unquantised types, rounded to nearest, ties to even. */
final class FloatEncoders {
  private FloatEncoders() {}

  static final class F32 extends BlockEncoder {
    F32() {
      super(ElementType.F32);
    }

    @Override
    void encodeBlock(float[] source, int from, byte[] target, int at) {
      I32.set(target, at, Float.floatToRawIntBits(source[from]));
    }
  }

  static final class F16 extends BlockEncoder {
    F16() {
      super(ElementType.F16);
    }

    @Override
    void encodeBlock(float[] source, int from, byte[] target, int at) {
      I16.set(target, at, Float.floatToFloat16(source[from]));
    }
  }

  static final class BF16 extends BlockEncoder {
    BF16() {
      super(ElementType.BF16);
    }

    @Override
    void encodeBlock(float[] source, int from, byte[] target, int at) {
      int bits = Float.floatToRawIntBits(source[from]);
      // A NaN is cut off, not rounded, and stays one by its quiet bit.
      int rounded =
          Float.isNaN(source[from])
              ? bits >>> 16 | 0x40
              : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
      I16.set(target, at, (short) rounded);
    }
  }
}
