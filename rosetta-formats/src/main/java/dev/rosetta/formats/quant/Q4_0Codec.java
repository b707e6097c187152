package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Four bits and a scale for 32 elements. */
public final class Q4_0Codec extends BlockCodec {
  public Q4_0Codec() {
    super(ElementType.Q4_0);
  }

  // 18 bytes: d f16 | qs[16]
  // qs[j]: low nibble is element j, high nibble element j + 16; value (q - 8) * d
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int j = 0; j < 16; j++) {
      int q = u8(blocks, at + 2 + j);
      target[to + j] = ((q & 15) - 8) * d;
      target[to + 16 + j] = ((q >> 4) - 8) * d;
    }
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at));
    return both(step, reach, to, d, d / 2 + 8 * roundedOff(blocks, at));
  }
}
