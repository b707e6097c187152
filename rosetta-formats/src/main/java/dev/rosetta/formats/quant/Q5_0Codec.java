package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Five bits and a scale for 32 elements. */
public final class Q5_0Codec extends BlockCodec {
  public Q5_0Codec() {
    super(ElementType.Q5_0);
  }

  // 22 bytes: d f16 | qh u32 | qs[16]
  // qs[j]: low nibble is element j, high nibble element j + 16; bit k of qh is the fifth bit of
  // element k; value (q - 16) * d
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    int qh = i32(blocks, at + 2);
    for (int j = 0; j < 16; j++) {
      int q = u8(blocks, at + 6 + j);
      int low = (q & 15) | ((qh >>> j) & 1) << 4;
      int high = (q >> 4) | ((qh >>> (j + 16)) & 1) << 4;
      target[to + j] = (low - 16) * d;
      target[to + 16 + j] = (high - 16) * d;
    }
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at));
    return both(step, reach, to, d, d / 2 + 16 * roundedOff(blocks, at));
  }
}
