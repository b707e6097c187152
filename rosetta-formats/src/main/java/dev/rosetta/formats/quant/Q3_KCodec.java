package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Three bits; 16 sub-blocks of 16 with a 6-bit scale each. */
public final class Q3_KCodec extends BlockCodec {
  public Q3_KCodec() {
    super(ElementType.Q3_K);
  }

  // 110 bytes: hmask[32] | qs[64] | scales[12] | d f16
  // qs[32h + l] holds the low bits of elements 128h + 32j + l in bits 2j, 2j + 1, as in Q2_K;
  // bit 4h + j of hmask[l] is the third bit
  // scale s: low 4 bits in scales[0…7] (low nibbles s < 8, high nibbles s >= 8), high 2 bits in
  // scales[8 + s mod 4], bits 2 * (s / 4); value d * (scale - 32) * (q - 4)
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at + 108);
    for (int s = 0; s < 16; s++) {
      float step = d * scale(blocks, at, s);
      int qs = at + 32 + 32 * (s >> 3) + 16 * (s & 1);
      int hmask = at + 16 * (s & 1);
      int shift = 2 * ((s >> 1) & 3);
      int bit = s >> 1;
      for (int l = 0; l < 16; l++) {
        int q = (u8(blocks, qs + l) >> shift) & 3 | ((u8(blocks, hmask + l) >> bit) & 1) << 2;
        target[to + 16 * s + l] = step * (q - 4);
      }
    }
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at + 108));
    for (int s = 0; s < 16; s++) {
      int scale = Math.abs(scale(blocks, at, s));
      step[to + s] = d * scale;
      // Scales are themselves rounded, to six bits and as a half.
      float ends =
          4 * (d / 2 + multiple(blocks, at + 108, scale, 32) * roundedOff(blocks, at + 108));
      reach[to + s] = d * scale / 2 + ends;
    }
    return true;
  }

  private static int scale(byte[] blocks, int at, int s) {
    int low = s < 8 ? u8(blocks, at + 96 + s) & 15 : u8(blocks, at + 88 + s) >> 4;
    int high = (u8(blocks, at + 104 + (s & 3)) >> 2 * (s >> 2)) & 3;
    return (low | high << 4) - 32;
  }
}
