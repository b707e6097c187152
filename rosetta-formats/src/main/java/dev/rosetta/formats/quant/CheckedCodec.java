package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.ElementCodec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/** Checks the ranges of source and target once, in front of the decoding loop. */
abstract class CheckedCodec implements ElementCodec {
  static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;
  static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble F64 =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

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
      MemorySegment blocks, long offset, float[] target, int targetOffset, int elements) {
    if (elements % type.blockElements() != 0) {
      throw new IllegalArgumentException(
          elements + " elements are no multiple of the " + type.blockElements() + " in a block");
    }
    Objects.checkFromIndexSize(targetOffset, elements, target.length);
    Objects.checkFromIndexSize(offset, type.byteSize(elements), blocks.byteSize());
    decodeChecked(blocks, offset, target, targetOffset, elements);
  }

  /** Decodes {@code elements} values at byte {@code at}; both ranges are valid. */
  abstract void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements);

  /** The IEEE half at byte {@code at}. */
  static float half(MemorySegment blocks, long at) {
    return Float.float16ToFloat(blocks.get(I16, at));
  }

  /** The unsigned byte at {@code at}. */
  static int u8(MemorySegment blocks, long at) {
    return blocks.get(I8, at) & 0xff;
  }
}
