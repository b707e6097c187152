package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Five bits; 8 sub-blocks of 32 with a 6-bit scale and a 6-bit minimum each. */
public final class Q5_KCodec extends BlockCodec {
  public Q5_KCodec() {
    super(ElementType.Q5_K);
  }

  // 176 bytes: d f16 | dmin f16 | scales[12], see PackedScales | qh[32] | qs[128]
  // qs[32g…32g + 31]: low nibbles are sub-block 2g, high nibbles sub-block 2g + 1; bit s of qh[l]
  // is the fifth bit of element l of sub-block s; value d * scale * q - dmin * minimum
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    float dmin = half(blocks, at + 2);
    for (int s = 0; s < 8; s++) {
      float step = d * PackedScales.scale(blocks, at + 4, s);
      float min = dmin * PackedScales.minimum(blocks, at + 4, s);
      int qs = at + 48 + 32 * (s >> 1);
      int qh = at + 16;
      int shift = 4 * (s & 1);
      for (int l = 0; l < 32; l++) {
        int q = (u8(blocks, qs + l) >> shift) & 15 | ((u8(blocks, qh + l) >> s) & 1) << 4;
        target[to + 32 * s + l] = step * q - min;
      }
    }
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at));
    float dmin = Math.abs(half(blocks, at + 2));
    for (int s = 0; s < 8; s++) {
      int scale = PackedScales.scale(blocks, at + 4, s);
      int minimum = PackedScales.minimum(blocks, at + 4, s);
      // Scales and minimums are themselves rounded, to six bits and as halves.
      float ends = 31 * (d / 2 + multiple(blocks, at, scale, 63) * roundedOff(blocks, at));
      float lowest = dmin / 2 + multiple(blocks, at + 2, minimum, 63) * roundedOff(blocks, at + 2);
      both(step, reach, to + 2 * s, d * scale, d * scale / 2 + ends + lowest);
    }
    return true;
  }
}
