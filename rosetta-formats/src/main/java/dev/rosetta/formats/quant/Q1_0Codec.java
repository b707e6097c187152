package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** One bit: plus or minus the scale of 128 elements. */
public final class Q1_0Codec extends BlockCodec {
  public Q1_0Codec() {
    super(ElementType.Q1_0);
  }

  // 18 bytes: d f16 | qs[16]
  // bit k of qs[j] is element 8j + k; value d where it is set, else -d
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int k = 0; k < 128; k++) {
      target[to + k] = (u8(blocks, at + 2 + k / 8) >> (k & 7) & 1) == 1 ? d : -d;
    }
  }
}
