package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** aprender's 4-bit type: Q4_0 with neighbouring elements in one byte. */
public final class AprQ4Codec extends BlockCodec {
  public AprQ4Codec() {
    super(ElementType.APR_Q4);
  }

  // 18 bytes: d f16 | qs[16]
  // qs[j]: low nibble is element 2j, high nibble element 2j + 1; value (q - 8) * d
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int j = 0; j < 16; j++) {
      int q = u8(blocks, at + 2 + j);
      target[to + 2 * j] = ((q & 15) - 8) * d;
      target[to + 2 * j + 1] = ((q >> 4) - 8) * d;
    }
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at));
    return both(step, reach, to, d, d / 2 + 8 * roundedOff(blocks, at));
  }
}
