package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Two bits: -1, 0, 1 or 2 times the scale of 64 elements. */
public final class Q2_0Codec extends BlockCodec {
  public Q2_0Codec() {
    super(ElementType.Q2_0);
  }

  // 18 bytes: d f16 | qs[16]
  // bits 2k, 2k + 1 of qs[j] are element 4j + k; value d * (q - 1)
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int k = 0; k < 64; k++) {
      target[to + k] = ((u8(blocks, at + 2 + k / 4) >> 2 * (k & 3) & 3) - 1) * d;
    }
  }
}
