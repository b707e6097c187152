package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Four bits into a table of sixteen values, and a scale for 32 elements. */
public final class IQ4_NLCodec extends BlockCodec {
  public IQ4_NLCodec() {
    super(ElementType.IQ4_NL);
  }

  // 18 bytes: d f16 | qs[16]
  // qs[j]: low nibble is element j, high nibble element j + 16; value table[q] * d
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at);
    for (int j = 0; j < 16; j++) {
      int q = u8(blocks, at + 2 + j);
      target[to + j] = NonLinear4.value(q & 15) * d;
      target[to + 16 + j] = NonLinear4.value(q >> 4) * d;
    }
  }

  @Override
  boolean blockRounding(byte[] blocks, int at, float[] step, float[] reach, int to) {
    float d = Math.abs(half(blocks, at));
    return both(
        step,
        reach,
        to,
        NonLinear4.MEAN_GAP * d,
        NonLinear4.WIDEST_GAP / 2 * d + 127 * roundedOff(blocks, at));
  }
}
