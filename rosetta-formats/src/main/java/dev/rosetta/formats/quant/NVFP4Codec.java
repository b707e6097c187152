package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Four-bit floats (E2M1) with an 8-bit float (E4M3) as the scale of each 16 elements. */
public final class NVFP4Codec extends BlockCodec {
  public NVFP4Codec() {
    super(ElementType.NVFP4);
  }

  // 36 bytes: scales[4] | qs[32]
  // qs[8s + j]: low nibble is element 16s + j, high nibble element 16s + 8 + j
  // value scale / 2 * doubled
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    for (int s = 0; s < 4; s++) {
      float step = scale(u8(blocks, at + s)) / 2;
      for (int j = 0; j < 8; j++) {
        int q = u8(blocks, at + 4 + 8 * s + j);
        target[to + 16 * s + j] = FourBitFloat.doubled(q & 15) * step;
        target[to + 16 * s + 8 + j] = FourBitFloat.doubled(q >> 4) * step;
      }
    }
  }

  // Exponent bias 7. A scale has no sign: ggml ignores that bit, and takes the NaN 0x7f as 0.
  private static float scale(int bits) {
    int exponent = bits >> 3 & 15;
    int mantissa = bits & 7;
    if (bits == 0x7f) {
      return 0;
    }
    return exponent == 0 ? mantissa * 0x1p-9f : Math.scalb(8 + mantissa, exponent - 10);
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    for (int s = 0; s < 4; s++) {
      float scale = scale(u8(blocks, at + s)) / 2;
      // The scale is itself rounded, to three bits behind the point, or below 2^-6 to 2^-10.
      float roundedOff = Math.max(scale / 16, 0x1p-11f);
      double gaps = 0;
      double reached = 0;
      for (int j = 0; j < 16; j++) {
        int q = u8(blocks, at + 4 + 8 * s + (j & 7)) >> 4 * (j >> 3) & 15;
        float half = FourBitFloat.halfGap(q) * scale;
        float off = half + Math.abs(FourBitFloat.doubled(q)) * roundedOff;
        gaps += 4 * half * half;
        reached += off * off;
      }
      step[to + s] = (float) Math.sqrt(gaps / 16);
      reach[to + s] = (float) Math.sqrt(reached / 16);
    }
    return true;
  }
}
