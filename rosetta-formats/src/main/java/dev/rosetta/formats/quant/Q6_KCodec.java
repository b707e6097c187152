package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Six bits; 16 sub-blocks of 16 with a signed 8-bit scale each. */
public final class Q6_KCodec extends BlockCodec {
  public Q6_KCodec() {
    super(ElementType.Q6_K);
  }

  // 210 bytes: ql[128] | qh[64] | scales i8[16] | d f16
  // element 128h + 32k + l (h = 0, 1; quarter k = 0…3; l = 0…31): low four bits in ql[64h + 32 * (k
  // mod 2) + l], low nibble for k < 2; high two bits in qh[32h + l], bits 2k, 2k + 1
  // value d * scale * (q - 32)
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at + 208);
    for (int s = 0; s < 16; s++) {
      float step = d * blocks[at + 192 + s];
      int quarter = (s >> 1) & 3;
      int first = 16 * (s & 1);
      int ql = at + 64 * (s >> 3) + 32 * (quarter & 1) + first;
      int lowShift = 4 * (quarter >> 1);
      int qh = at + 128 + 32 * (s >> 3) + first;
      int highShift = 2 * quarter;
      for (int l = 0; l < 16; l++) {
        int low = (u8(blocks, ql + l) >> lowShift) & 15;
        int high = (u8(blocks, qh + l) >> highShift) & 3;
        target[to + 16 * s + l] = step * ((low | high << 4) - 32);
      }
    }
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at + 208));
    for (int s = 0; s < 16; s++) {
      int scale = Math.abs(blocks[at + 192 + s]);
      step[to + s] = d * scale;
      // Scales are themselves rounded, to eight bits and as a half.
      float ends =
          32 * (d / 2 + multiple(blocks, at + 208, scale, 128) * roundedOff(blocks, at + 208));
      reach[to + s] = d * scale / 2 + ends;
    }
    return true;
  }
}
