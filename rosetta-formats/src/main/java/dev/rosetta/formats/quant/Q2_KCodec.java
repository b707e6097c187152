package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Two bits; 16 sub-blocks of 16 with a 4-bit scale and a 4-bit minimum each. */
public final class Q2_KCodec extends BlockCodec {
  public Q2_KCodec() {
    super(ElementType.Q2_K);
  }

  // 84 bytes: scales[16] | qs[64] | d f16 | dmin f16
  // scales[s]: low nibble scale, high nibble minimum of sub-block s
  // qs[32h + l] holds elements 128h + 32j + l in bits 2j, 2j + 1 (h = 0, 1; j = 0…3; l = 0…31)
  // value d * scale * q - dmin * minimum
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at + 80);
    float dmin = half(blocks, at + 82);
    for (int s = 0; s < 16; s++) {
      int scale = u8(blocks, at + s);
      float step = d * (scale & 15);
      float min = dmin * (scale >> 4);
      int qs = at + 16 + 32 * (s >> 3) + 16 * (s & 1);
      int shift = 2 * ((s >> 1) & 3);
      for (int l = 0; l < 16; l++) {
        target[to + 16 * s + l] = step * ((u8(blocks, qs + l) >> shift) & 3) - min;
      }
    }
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at + 80));
    float dmin = Math.abs(half(blocks, at + 82));
    for (int s = 0; s < 16; s++) {
      int scale = u8(blocks, at + s) & 15;
      int minimum = u8(blocks, at + s) >> 4;
      step[to + s] = d * scale;
      // Scales and minimums are themselves rounded, to four bits and as halves.
      float ends = 3 * (d / 2 + multiple(blocks, at + 80, scale, 15) * roundedOff(blocks, at + 80));
      float lowest =
          dmin / 2 + multiple(blocks, at + 82, minimum, 15) * roundedOff(blocks, at + 82);
      reach[to + s] = d * scale / 2 + ends + lowest;
    }
    return true;
  }
}
