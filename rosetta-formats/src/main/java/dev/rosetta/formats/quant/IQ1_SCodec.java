package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Groups of eight from 2048 points of -1, 0 and 1, shifted by an eighth. */
public final class IQ1_SCodec extends BlockCodec {
  public IQ1_SCodec() {
    super(ElementType.IQ1_S);
  }

  // 50 bytes: d f16 | points[32] | high u16[8]
  // points[p]: low eight bits of the point of elements 8p…8p + 7
  // high[g], for 32 elements: bits 3l…3l + 2 upper three bits of point 4g + l, bits 12…14 the
  // scale, bit 15 whether the shift is negative
  // value d * (2 * scale + 1) * (element ± 1/8)
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int p = 0; p < 32; p++) {
      int high = i16(blocks, at + 34 + 2 * (p / 4)) & 0xffff;
      int point = u8(blocks, at + 2 + p) | (high >> 3 * (p & 3) & 7) << 8;
      float shift = high < 0x8000 ? 0.125f : -0.125f;
      float step = d * (1 + 2 * (high >> 12 & 7));
      Grid.IQ1.shifted(point, shift, step, target, to + 8 * p);
    }
  }
}
