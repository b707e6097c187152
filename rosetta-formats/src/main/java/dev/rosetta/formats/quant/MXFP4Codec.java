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
    float step = scale(blocks, at);
    for (int j = 0; j < 16; j++) {
      int q = u8(blocks, at + 1 + j);
      target[to + j] = FourBitFloat.doubled(q & 15) * step;
      target[to + 16 + j] = FourBitFloat.doubled(q >> 4) * step;
    }
  }

  // Exponents 0 and 1 give scales that are subnormal in float32.
  private static float scale(byte[] blocks, int at) {
    int e = u8(blocks, at);
    return Float.intBitsToFloat(e < 2 ? 0x0020_0000 << e : (e - 1) << 23);
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float scale = scale(blocks, at);
    for (int run = 0; run < 2; run++) {
      double gaps = 0;
      double reached = 0;
      for (int j = 0; j < 16; j++) {
        int q = u8(blocks, at + 1 + j) >> 4 * run & 15;
        float half = FourBitFloat.halfGap(q);
        gaps += 4 * half * half;
        // A power of two as the scale leaves values of up to 4/3 of the largest level.
        reached += (q & 7) == 7 ? 4 * half * half : half * half;
      }
      step[to + run] = scale * (float) Math.sqrt(gaps / 16);
      reach[to + run] = scale * (float) Math.sqrt(reached / 16);
    }
    return true;
  }
}
