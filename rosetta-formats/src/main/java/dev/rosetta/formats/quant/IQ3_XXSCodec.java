package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Groups of four from 256 points; of two groups, an even number of elements is negative. */
public final class IQ3_XXSCodec extends BlockCodec {
  public IQ3_XXSCodec() {
    super(ElementType.IQ3_XXS);
  }

  // 98 bytes: d f16 | points[64] | u32[8], one for each 32 elements
  // points[p]: the point of elements 4p…4p + 3
  // u32: bits 7l…7l + 6 the signs of eight elements from 8l, bits 28…31 the scale
  // value d * (scale + 1/2) / 2 * element
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int p = 0; p < 64; p += 2) {
      int signs = i32(blocks, at + 66 + 4 * (p / 8));
      float step = d * (0.5f + (signs >>> 28)) * 0.5f;
      int even = Grid.evenSigns(signs >> 7 * (p / 2 & 3) & 127);
      Grid.IQ3_XXS.signed(u8(blocks, at + 2 + p), even, step, target, to + 4 * p);
      Grid.IQ3_XXS.signed(u8(blocks, at + 3 + p), even >> 4, step, target, to + 4 * p + 4);
    }
  }
}
