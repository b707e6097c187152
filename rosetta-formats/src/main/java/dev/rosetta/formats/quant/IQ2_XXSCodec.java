package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Groups of eight from 256 points with an even number of negative elements. */
public final class IQ2_XXSCodec extends BlockCodec {
  public IQ2_XXSCodec() {
    super(ElementType.IQ2_XXS);
  }

  // 66 bytes: d f16 | 8 groups of 32 elements: points[4] | u32
  // u32: bits 7l…7l + 6 the signs of point l, bits 28…31 the scale
  // value d * (scale + 1/2) / 4 * element
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int group = 0; group < 8; group++) {
      int points = at + 2 + 8 * group;
      int signs = i32(blocks, points + 4);
      float step = d * (0.5f + (signs >>> 28)) * 0.25f;
      for (int l = 0; l < 4; l++) {
        int even = Grid.evenSigns(signs >> 7 * l & 127);
        Grid.IQ2_XXS.signed(u8(blocks, points + l), even, step, target, to + 32 * group + 8 * l);
      }
    }
  }
}
