package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Groups of eight from 1024 points, each element with a sign of its own. */
public final class IQ2_SCodec extends BlockCodec {
  public IQ2_SCodec() {
    super(ElementType.IQ2_S);
  }

  // 82 bytes: d f16 | points[32] | signs[32] | high[8] | scales[8]
  // points[p]: low eight bits of the point of elements 8p…8p + 7, signs[p] their signs
  // high[g]: upper two bits of points 4g + l in bits 2l, 2l + 1
  // scales[g]: low nibble for elements 32g…32g + 15, high nibble for 32g + 16…32g + 31
  // value d * (scale + 1/2) / 4 * element
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int p = 0; p < 32; p++) {
      int high = u8(blocks, at + 66 + p / 4) >> 2 * (p & 3) & 3;
      int point = u8(blocks, at + 2 + p) | high << 8;
      int scale = u8(blocks, at + 74 + p / 4) >> 4 * (p / 2 & 1) & 15;
      float step = d * (0.5f + scale) * 0.25f;
      Grid.IQ2_S.signed(point, u8(blocks, at + 34 + p), step, target, to + 8 * p);
    }
  }
}
