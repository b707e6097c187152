package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** The upper half of a float32. */
public final class BF16Codec extends CheckedCodec {
  public BF16Codec() {
    super(ElementType.BF16);
  }

  @Override
  void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
    short[] halves = shorts(blocks, at, elements);
    for (int i = 0; i < elements; i++) {
      target[to + i] = Float.intBitsToFloat(halves[i] << 16);
    }
  }
}
