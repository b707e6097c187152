package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Groups of eight from 512 points with an even number of negative elements. */
public final class IQ2_XSCodec extends BlockCodec {
  public IQ2_XSCodec() {
    super(ElementType.IQ2_XS);
  }

  // 74 bytes: d f16 | points u16[32] | scales[8]
  // points[p]: bits 0…8 the point of elements 8p…8p + 7, bits 9…15 their signs
  // scales[g]: low nibble for elements 32g…32g + 15, high nibble for 32g + 16…32g + 31
  // value d * (scale + 1/2) / 4 * element
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int p = 0; p < 32; p++) {
      int point = i16(blocks, at + 2 + 2 * p) & 0xffff;
      int scale = u8(blocks, at + 66 + p / 4) >> 4 * (p / 2 & 1) & 15;
      float step = d * (0.5f + scale) * 0.25f;
      Grid.IQ2_XS.signed(point & 511, Grid.evenSigns(point >> 9), step, target, to + 8 * p);
    }
  }
}
