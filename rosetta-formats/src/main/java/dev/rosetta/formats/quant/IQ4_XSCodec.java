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
      int low = (u8(blocks, at + 4 + (s >> 1)) >> 4 * (s & 1)) & 15;
      int high = (scalesHigh >> 2 * s) & 3;
      float step = d * ((low | high << 4) - 32);
      int qs = at + 8 + 16 * s;
      for (int j = 0; j < 16; j++) {
        int q = u8(blocks, qs + j);
        target[to + 32 * s + j] = NonLinear4.value(q & 15) * step;
        target[to + 32 * s + 16 + j] = NonLinear4.value(q >> 4) * step;
      }
    }
  }
}
