package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import java.util.Objects;

/** Decodes a type whose elements come in blocks, one block after the other. */
abstract class BlockCodec extends CheckedCodec {
  BlockCodec(ElementType type) {
    super(type);
  }

  @Override
  final void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
    int blockElements = type().blockElements();
    int blockBytes = type().blockBytes();
    for (int done = 0; done < elements; done += blockElements) {
      decodeBlock(blocks, at, target, to + done);
      at += blockBytes;
    }
  }

  /** Decodes the block at byte {@code at} to {@code target[to…]}. */
  abstract void decodeBlock(byte[] blocks, int at, float[] target, int to);

  @Override
  public final boolean rounding(
      byte[] blocks, int offset, float[] step, float[] reach, int to, int elements) {
    int blockElements = type().blockElements();
    if (elements % blockElements != 0 || elements % RUN != 0) {
      throw new IllegalArgumentException(
          elements + " elements are no multiple of " + blockElements + " and " + RUN);
    }
    Objects.checkFromIndexSize(to, elements / RUN, Math.min(step.length, reach.length));
    Objects.checkFromIndexSize(offset, type().byteSize(elements), (long) blocks.length);
    int at = offset;
    for (int done = 0; done < elements; done += blockElements) {
      if (!blockRounding(blocks, at, step, reach, to + done / RUN)) {
        return false;
      }
      at += type().blockBytes();
    }
    return true;
  }

  /** As {@link #rounding}, for the block at byte {@code at}; false unless a type knows better. */
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    return false;
  }

  /**
   * Half a unit in the last place of the half at byte {@code at}: how far it can be rounded off.
   */
  static float roundedOff(byte[] blocks, int at) {
    int exponent = u8(blocks, at + 1) >> 2 & 31;
    return Math.scalb(1f, Math.max(exponent, 1) - 26);
  }

  /**
   * The scale or minimum of a sub-block that counts for the rounding of the half at byte {@code at}
   * which multiplies it: where that became zero, the largest that it can have been.
   */
  static int multiple(byte[] blocks, int at, int stored, int largest) {
    return half(blocks, at) == 0 ? largest : Math.abs(stored);
  }

  /** The same figures for the two runs of a block of 32. */
  static boolean both(float[] step, float[] reach, int to, float s, float r) {
    step[to] = s;
    step[to + 1] = s;
    reach[to] = r;
    reach[to + 1] = r;
    return true;
  }
}
