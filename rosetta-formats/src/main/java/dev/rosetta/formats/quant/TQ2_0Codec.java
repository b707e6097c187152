package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Ternary: two bits an element; their fourth value counts as 2. */
public final class TQ2_0Codec extends BlockCodec {
  public TQ2_0Codec() {
    super(ElementType.TQ2_0);
  }

  // 66 bytes: qs[64] | d f16
  // qs[32h + m] holds elements 128h + 32l + m in bits 2l, 2l + 1 (h = 0, 1; l = 0…3; m = 0…31)
  // value d * (q - 1)
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at + 64);
    for (int m = 0; m < 64; m++) {
      int q = u8(blocks, at + m);
      for (int l = 0; l < 4; l++) {
        target[to + 128 * (m / 32) + 32 * l + m % 32] = ((q >> 2 * l & 3) - 1) * d;
      }
    }
  }
}
