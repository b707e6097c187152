package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/** Checks ranges and values once, in front of the encoding of each block. */
abstract class BlockEncoder implements ElementEncoder {
  static final VarHandle I16 =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle I32 =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final ElementType type;

  BlockEncoder(ElementType type) {
    this.type = type;
  }

  @Override
  public final ElementType type() {
    return type;
  }

  @Override
  public final void encode(float[] source, int from, int elements, byte[] target, int at) {
    int blockElements = type.blockElements();
    if (elements % blockElements != 0) {
      throw new IllegalArgumentException(
          elements + " elements are no multiple of the " + blockElements + " in a block");
    }
    Objects.checkFromIndexSize(from, elements, source.length);
    Objects.checkFromIndexSize(at, type.byteSize(elements), (long) target.length);
    for (int done = 0; done < elements; done += blockElements) {
      if (type.isQuantized()) {
        checkFinite(source, from + done, blockElements);
      }
      encodeBlock(source, from + done, target, at);
      at += type.blockBytes();
    }
  }

  /** Encodes the block whose values begin at {@code source[from]}. */
  abstract void encodeBlock(float[] source, int from, byte[] target, int at);

  private static void checkFinite(float[] source, int from, int count) {
    for (int i = from; i < from + count; i++) {
      if (!Float.isFinite(source[i])) {
        throw new IllegalArgumentException(
            "element " + i + " is " + source[i] + "; a quantised block has no such value");
      }
    }
  }

  /** Stores {@code value} as an IEEE half and returns what was stored. */
  static float putHalf(byte[] target, int at, float value) {
    // + 0 makes the scale of a block of zeros positive.
    short half = Float.floatToFloat16(value + 0f);
    float stored = Float.float16ToFloat(half);
    if (!Float.isFinite(stored)) {
      throw new IllegalArgumentException(
          "the block scale " + value + " is no 16-bit float; its values are too large");
    }
    I16.set(target, at, half);
    return stored;
  }

  /** 1 / step, or 0 for a block of zeros; an infinite inverse is left to the clamping. */
  static float inverse(float step) {
    return step == 0 ? 0 : 1 / step;
  }

  /** The integer nearest to {@code value}, limited to {@code [least, greatest]}. */
  static int nearest(float value, int least, int greatest) {
    // Half up: adding before the floor keeps the loop free of calls; clamped first, so exact.
    float limited = Math.min(Math.max(value, least), greatest);
    return (int) (limited - least + 0.5f) + least;
  }
}
