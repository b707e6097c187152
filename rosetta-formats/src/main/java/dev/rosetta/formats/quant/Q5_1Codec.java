package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Five bits, a scale and a minimum for 32 elements. */
public final class Q5_1Codec extends BlockCodec {
  public Q5_1Codec() {
    super(ElementType.Q5_1);
  }

  // 24 bytes: d f16 | m f16 | qh u32 | qs[16]
  // qs[j]: low nibble is element j, high nibble element j + 16; bit k of qh is the fifth bit of
  // element k; value q * d + m
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    float m = half(blocks, at + 2);
    int qh = i32(blocks, at + 4);
    for (int j = 0; j < 16; j++) {
      int q = u8(blocks, at + 8 + j);
      int low = (q & 15) | ((qh >>> j) & 1) << 4;
      int high = (q >> 4) | ((qh >>> (j + 16)) & 1) << 4;
      target[to + j] = low * d + m;
      target[to + 16 + j] = high * d + m;
    }
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at));
    float scales = 31 * roundedOff(blocks, at) + roundedOff(blocks, at + 2);
    return both(step, reach, to, d, d / 2 + scales);
  }
}
