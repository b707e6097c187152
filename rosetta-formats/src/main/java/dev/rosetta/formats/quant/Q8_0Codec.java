package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** A signed byte each and a scale for 32 elements. */
public final class Q8_0Codec extends BlockCodec {
  public Q8_0Codec() {
    super(ElementType.Q8_0);
  }

  // 34 bytes: d f16 | qs i8[32]; value q * d
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int j = 0; j < 32; j++) {
      target[to + j] = blocks[at + 2 + j] * d;
    }
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at));
    return both(step, reach, to, d, d / 2 + 127 * roundedOff(blocks, at));
  }
}
