package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** The integer types, little-endian, each value rounded to the nearest float32. */
public final class IntegerCodecs {
  private IntegerCodecs() {}

  /** Signed bytes. */
  public static final class OfI8 extends CheckedCodec {
    public OfI8() {
      super(ElementType.I8);
    }

    @Override
    void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = blocks[at + i];
      }
    }
  }

  /** Unsigned bytes. */
  public static final class OfU8 extends CheckedCodec {
    public OfU8() {
      super(ElementType.U8);
    }

    @Override
    void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = u8(blocks, at + i);
      }
    }
  }

  /** Signed 16-bit integers. */
  public static final class OfI16 extends CheckedCodec {
    public OfI16() {
      super(ElementType.I16);
    }

    @Override
    void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = i16(blocks, at + 2 * i);
      }
    }
  }

  /** Unsigned 16-bit integers. */
  public static final class OfU16 extends CheckedCodec {
    public OfU16() {
      super(ElementType.U16);
    }

    @Override
    void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = i16(blocks, at + 2 * i) & 0xffff;
      }
    }
  }

  /** Signed 32-bit integers. */
  public static final class OfI32 extends CheckedCodec {
    public OfI32() {
      super(ElementType.I32);
    }

    @Override
    void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = (float) i32(blocks, at + 4 * i);
      }
    }
  }

  /** Unsigned 32-bit integers. */
  public static final class OfU32 extends CheckedCodec {
    public OfU32() {
      super(ElementType.U32);
    }

    @Override
    void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = (float) (i32(blocks, at + 4 * i) & 0xffff_ffffL);
      }
    }
  }

  /** Signed 64-bit integers. */
  public static final class OfI64 extends CheckedCodec {
    public OfI64() {
      super(ElementType.I64);
    }

    @Override
    void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = (float) i64(blocks, at + 8 * i);
      }
    }
  }

  /** Unsigned 64-bit integers. */
  public static final class OfU64 extends CheckedCodec {
    public OfU64() {
      super(ElementType.U64);
    }

    @Override
    void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = unsigned(i64(blocks, at + 8 * i));
      }
    }

    // Above the signed range one bit is shifted out; kept sticky, it still decides the rounding.
    private static float unsigned(long value) {
      return value >= 0 ? (float) value : 2f * ((value >>> 1) | (value & 1));
    }
  }

  /** Bytes that are true unless zero, as 1 and 0. */
  public static final class OfBool extends CheckedCodec {
    public OfBool() {
      super(ElementType.BOOL);
    }

    @Override
    void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = blocks[at + i] == 0 ? 0 : 1;
      }
    }
  }
}
