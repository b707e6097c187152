package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import java.util.Arrays;

/** Q6_K, laid out as {@link Q6_KCodec} says. */
final class Q6_KEncoder extends BlockEncoder {
  Q6_KEncoder() {
    super(ElementType.Q6_K);
  }

  @Override
  void encodeBlock(float[] x, int from, byte[] target, int at) {
    float[] scales = new float[16];
    float largest = 0;
    for (int s = 0; s < 16; s++) {
      scales[s] = ScaleSearch.symmetric(x, from + 16 * s, 16, 32);
      if (Math.abs(scales[s]) > Math.abs(largest)) {
        largest = scales[s];
      }
    }
    float d = putHalf(target, at + 208, largest / -128);
    Arrays.fill(target, at, at + 192, (byte) 0);
    for (int s = 0; s < 16; s++) {
      int scale = nearest(scales[s] * inverse(d), -128, 127);
      target[at + 192 + s] = (byte) scale;
      float inverse = inverse(d * scale);
      int quarter = (s >> 1) & 3;
      int first = 16 * (s & 1);
      int ql = at + 64 * (s >> 3) + 32 * (quarter & 1) + first;
      int qh = at + 128 + 32 * (s >> 3) + first;
      for (int l = 0; l < 16; l++) {
        int q = nearest(x[from + 16 * s + l] * inverse, -32, 31) + 32;
        target[ql + l] |= (byte) ((q & 15) << 4 * (quarter >> 1));
        target[qh + l] |= (byte) (q >> 4 << 2 * quarter);
      }
    }
  }
}
