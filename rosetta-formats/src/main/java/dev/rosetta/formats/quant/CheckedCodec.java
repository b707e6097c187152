package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.ElementCodec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/** Checks the ranges of source and target once, in front of the decoding loop. */
abstract class CheckedCodec implements ElementCodec {
  private final ElementType type;

  CheckedCodec(ElementType type) {
    this.type = type;
  }

  @Override
  public final ElementType type() {
    return type;
  }

  @Override
  public final void decode(
      byte[] blocks, int offset, float[] target, int targetOffset, int elements) {
    if (elements % type.blockElements() != 0) {
      throw new IllegalArgumentException(
          elements + " elements are no multiple of the " + type.blockElements() + " in a block");
    }
    Objects.checkFromIndexSize(targetOffset, elements, target.length);
    Objects.checkFromIndexSize(offset, type.byteSize(elements), (long) blocks.length);
    decodeChecked(blocks, offset, target, targetOffset, elements);
  }

  /** Decodes {@code elements} values at byte {@code at}; both ranges are valid. */
  abstract void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements);

  /** The IEEE half at byte {@code at}. */
  static float half(byte[] blocks, int at) {
    return Float.float16ToFloat(i16(blocks, at));
  }

  /**
   * {@code count} little-endian 16-bit integers at byte {@code at}: C2 makes vectors of a loop over
   * them.
   */
  static short[] shorts(byte[] blocks, int at, int count) {
    short[] values = new short[count];
    ByteBuffer.wrap(blocks, at, Short.BYTES * count)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asShortBuffer()
        .get(values);
    return values;
  }

  /** The unsigned byte at {@code at}. */
  static int u8(byte[] blocks, int at) {
    return blocks[at] & 0xff;
  }

  /** The little-endian integers at byte {@code at}. */
  static short i16(byte[] blocks, int at) {
    return (short) (u8(blocks, at) | blocks[at + 1] << 8);
  }

  static int i32(byte[] blocks, int at) {
    return i16(blocks, at) & 0xffff | i16(blocks, at + 2) << 16;
  }

  static long i64(byte[] blocks, int at) {
    return i32(blocks, at) & 0xffff_ffffL | (long) i32(blocks, at + 4) << 32;
  }
}
