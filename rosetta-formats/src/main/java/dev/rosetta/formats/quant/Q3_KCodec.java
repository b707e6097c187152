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
      int low = s < 8 ? u8(blocks, at + 96 + s) & 15 : u8(blocks, at + 88 + s) >> 4;
      int high = (u8(blocks, at + 104 + (s & 3)) >> 2 * (s >> 2)) & 3;
      float step = d * ((low | high << 4) - 32);
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
}
