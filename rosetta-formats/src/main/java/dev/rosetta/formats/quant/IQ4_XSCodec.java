package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Four bits into a table of sixteen values; 8 sub-blocks of 32 with a 6-bit scale each. */
public final class IQ4_XSCodec extends BlockCodec {
  public IQ4_XSCodec() {
    super(ElementType.IQ4_XS);
  }

  // 136 bytes: d f16 | scalesHigh u16 | scalesLow[4] | qs[128]
  // scale s: low four bits in nibble s mod 2 of scalesLow[s / 2], high two in bits 2s of scalesHigh
  // qs[16s + j]: low nibble is element 32s + j, high nibble element 32s + 16 + j
  // value d * (scale - 32) * table[q]
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    int scalesHigh = i16(blocks, at + 2);
    for (int s = 0; s < 8; s++) {
      float step = d * scale(blocks, at, scalesHigh, s);
      int qs = at + 8 + 16 * s;
      for (int j = 0; j < 16; j++) {
        int q = u8(blocks, qs + j);
        target[to + 32 * s + j] = NonLinear4.value(q & 15) * step;
        target[to + 32 * s + 16 + j] = NonLinear4.value(q >> 4) * step;
      }
    }
  }

  private static int scale(byte[] blocks, int at, int scalesHigh, int s) {
    int low = (u8(blocks, at + 4 + (s >> 1)) >> 4 * (s & 1)) & 15;
    return (low | (scalesHigh >> 2 * s & 3) << 4) - 32;
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at));
    int scalesHigh = i16(blocks, at + 2);
    for (int s = 0; s < 8; s++) {
      int scale = Math.abs(scale(blocks, at, scalesHigh, s));
      // Scales are themselves rounded, to six bits and as a half.
      float ends = 127 * (d / 2 + multiple(blocks, at, scale, 32) * roundedOff(blocks, at));
      float reached = NonLinear4.WIDEST_GAP / 2 * d * scale + ends;
      both(step, reach, to + 2 * s, NonLinear4.MEAN_GAP * d * scale, reached);
    }
    return true;
  }
}
