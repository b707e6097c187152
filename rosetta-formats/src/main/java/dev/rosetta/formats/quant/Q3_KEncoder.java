package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import java.util.Arrays;

/** Q3_K, laid out as {@link Q3_KCodec} says. */
final class Q3_KEncoder extends BlockEncoder {
  Q3_KEncoder() {
    super(ElementType.Q3_K);
  }

  @Override
  void encodeBlock(float[] x, int from, byte[] target, int at) {
    float[] scales = new float[16];
    float largest = 0;
    for (int s = 0; s < 16; s++) {
      scales[s] = ScaleSearch.symmetric(x, from + 16 * s, 16, 4);
      if (Math.abs(scales[s]) > Math.abs(largest)) {
        largest = scales[s];
      }
    }
    float d = putHalf(target, at + 108, largest / -32);
    Arrays.fill(target, at, at + 108, (byte) 0);
    for (int s = 0; s < 16; s++) {
      int scale = nearest(scales[s] * inverse(d), -32, 31);
      int stored = scale + 32;
      target[at + 96 + (s & 7)] |= (byte) ((stored & 15) << 4 * (s >> 3));
      target[at + 104 + (s & 3)] |= (byte) (stored >> 4 << 2 * (s >> 2));
      float inverse = inverse(d * scale);
      int qs = at + 32 + 32 * (s >> 3) + 16 * (s & 1);
      int hmask = at + 16 * (s & 1);
      int shift = 2 * ((s >> 1) & 3);
      for (int l = 0; l < 16; l++) {
        int q = nearest(x[from + 16 * s + l] * inverse, -4, 3) + 4;
        target[qs + l] |= (byte) ((q & 3) << shift);
        target[hmask + l] |= (byte) (q >> 2 << (s >> 1));
      }
    }
  }
}
