package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Four bits, a scale and a minimum for 32 elements. */
public final class Q4_1Codec extends BlockCodec {
  public Q4_1Codec() {
    super(ElementType.Q4_1);
  }

  // 20 bytes: d f16 | m f16 | qs[16]
  // qs[j]: low nibble is element j, high nibble element j + 16; value q * d + m
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    float m = half(blocks, at + 2);
    for (int j = 0; j < 16; j++) {
      int q = u8(blocks, at + 4 + j);
      target[to + j] = (q & 15) * d + m;
      target[to + 16 + j] = (q >> 4) * d + m;
    }
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at));
    float scales = 15 * roundedOff(blocks, at) + roundedOff(blocks, at + 2);
    return both(step, reach, to, d, d / 2 + scales);
  }
}
