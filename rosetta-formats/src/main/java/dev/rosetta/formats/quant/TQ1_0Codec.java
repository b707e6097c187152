package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** Ternary: five elements in a byte, as the leading digits of a fraction in base three. */
public final class TQ1_0Codec extends BlockCodec {
  public TQ1_0Codec() {
    super(ElementType.TQ1_0);
  }

  // 54 bytes: qs[48] | qh[4] | d f16
  // A byte q stands for the fraction q / 256; multiplying it by 3 pushes out one ternary digit.
  // qs[m] (m = 0…31): digit n is element 32n + m; qs[32 + m] (m = 0…15): element 160 + 16n + m;
  // qh[m] (m = 0…3, four digits): element 240 + 4n + m
  // value d * (digit - 1)
  @Override
  void decodeBlock(byte[] blocks, int at, float[] target, int to) {
    float d = half(blocks, at + 52);
    digits(blocks, at, 32, 5, d, target, to);
    digits(blocks, at + 32, 16, 5, d, target, to + 160);
    digits(blocks, at + 48, 4, 4, d, target, to + 240);
  }

  private static void digits(
      byte[] blocks, int at, int bytes, int digits, float d, float[] target, int to) {
    for (int m = 0; m < bytes; m++) {
      int fraction = u8(blocks, at + m);
      for (int n = 0; n < digits; n++) {
        fraction *= 3;
        target[to + bytes * n + m] = ((fraction >> 8) - 1) * d;
        fraction &= 255;
      }
    }
  }
}
