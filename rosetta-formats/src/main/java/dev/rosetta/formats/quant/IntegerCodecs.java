package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;

/** The integer types, little-endian, each value rounded to the nearest float32. */
public final class IntegerCodecs {
  private IntegerCodecs() {}

  /** Signed bytes. */
  public static final class OfI8 extends CheckedCodec {
    public OfI8() {
      super(ElementType.I8);
    }

    @Override
    void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = blocks.get(I8, at + i);
      }
    }
  }

  /** Unsigned bytes. */
  public static final class OfU8 extends CheckedCodec {
    public OfU8() {
      super(ElementType.U8);
    }

    @Override
    void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
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
    void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = blocks.get(I16, at + 2L * i);
      }
    }
  }

  /** Unsigned 16-bit integers. */
  public static final class OfU16 extends CheckedCodec {
    public OfU16() {
      super(ElementType.U16);
    }

    @Override
    void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = blocks.get(I16, at + 2L * i) & 0xffff;
      }
    }
  }

  /** Signed 32-bit integers. */
  public static final class OfI32 extends CheckedCodec {
    public OfI32() {
      super(ElementType.I32);
    }

    @Override
    void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = (float) blocks.get(I32, at + 4L * i);
      }
    }
  }

  /** Unsigned 32-bit integers. */
  public static final class OfU32 extends CheckedCodec {
    public OfU32() {
      super(ElementType.U32);
    }

    @Override
    void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = (float) (blocks.get(I32, at + 4L * i) & 0xffff_ffffL);
      }
    }
  }

  /** Signed 64-bit integers. */
  public static final class OfI64 extends CheckedCodec {
    public OfI64() {
      super(ElementType.I64);
    }

    @Override
    void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = (float) blocks.get(I64, at + 8L * i);
      }
    }
  }

  /** Unsigned 64-bit integers. */
  public static final class OfU64 extends CheckedCodec {
    public OfU64() {
      super(ElementType.U64);
    }

    @Override
    void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = unsigned(blocks.get(I64, at + 8L * i));
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
    void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
      for (int i = 0; i < elements; i++) {
        target[to + i] = blocks.get(I8, at + i) == 0 ? 0 : 1;
      }
    }
  }
}
