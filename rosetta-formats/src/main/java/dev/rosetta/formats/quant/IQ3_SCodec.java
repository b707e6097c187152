package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Groups of four from 512 points, each element with a sign of its own. */
public final class IQ3_SCodec extends BlockCodec {
  public IQ3_SCodec() {
    super(ElementType.IQ3_S);
  }

  // 110 bytes: d f16 | points[64] | high[8] | signs[32] | scales[4]
  // points[p]: low eight bits of the point of elements 4p…4p + 3
  // high[g]: ninth bit of points 8g + k in bit k
  // signs[i]: signs of elements 8i…8i + 7
  // scales[s]: low nibble for elements 64s…64s + 31, high nibble for 64s + 32…64s + 63
  // value d * (2 * scale + 1) * element
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int p = 0; p < 64; p++) {
      int point = u8(blocks, at + 2 + p) | (u8(blocks, at + 66 + p / 8) >> (p & 7) & 1) << 8;
      int signs = u8(blocks, at + 74 + p / 2) >> 4 * (p & 1);
      int scale = u8(blocks, at + 106 + p / 16) >> 4 * (p / 8 & 1) & 15;
      Grid.IQ3_S.signed(point, signs, d * (1 + 2 * scale), target, to + 4 * p);
    }
  }
}
