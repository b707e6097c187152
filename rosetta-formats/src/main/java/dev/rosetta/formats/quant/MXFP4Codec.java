package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Four-bit floats (E2M1) and a shared power of two for 32 elements. */
public final class MXFP4Codec extends BlockCodec {
  public MXFP4Codec() {
    super(ElementType.MXFP4);
  }

  // 17 bytes: e u8 | qs[16]
  // qs[j]: low nibble is element j, high nibble element j + 16; value 2^(e - 128) * doubled
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    // Exponents 0 and 1 give scales that are subnormal in float32.
    int e = u8(blocks, at);
    float step = Float.intBitsToFloat(e < 2 ? 0x0020_0000 << e : (e - 1) << 23);
    for (int j = 0; j < 16; j++) {
      int q = u8(blocks, at + 1 + j);
      target[to + j] = FourBitFloat.doubled(q & 15) * step;
      target[to + 16 + j] = FourBitFloat.doubled(q >> 4) * step;
    }
  }
}
