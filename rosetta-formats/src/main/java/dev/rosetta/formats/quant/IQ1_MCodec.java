package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** As IQ1_S with a shift for each eight elements and a scale for each sixteen. */
public final class IQ1_MCodec extends BlockCodec {
  public IQ1_MCodec() {
    super(ElementType.IQ1_M);
  }

  // 56 bytes: points[32] | high[16] | scales u16[4]
  // points[p]: low eight bits of the point of elements 8p…8p + 7
  // high, nibble p: upper three bits of point p, and in bit 3 whether its shift is negative
  // scales[w]: bits 3i…3i + 2 the scale of elements 64w + 16i…64w + 16i + 15 (i = 0…3); bits
  // 12…15 are bits 4w…4w + 3 of d, an f16
  // value d * (2 * scale + 1) * (element ± 1/8)
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    int bits = 0;
    for (int w = 0; w < 4; w++) {
      bits |= (i16(blocks, at + 48 + 2 * w) >> 12 & 15) << 4 * w;
    }
    float d = Float.float16ToFloat((short) bits);
    for (int p = 0; p < 32; p++) {
      int high = u8(blocks, at + 32 + p / 2) >> 4 * (p & 1) & 15;
      int point = u8(blocks, at + p) | (high & 7) << 8;
      float shift = high < 8 ? 0.125f : -0.125f;
      int scale = i16(blocks, at + 48 + 2 * (p / 8)) >> 3 * (p / 2 & 3) & 7;
      Grid.IQ1.shifted(point, shift, d * (1 + 2 * scale), target, to + 8 * p);
    }
  }
}
