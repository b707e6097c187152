package dev.rosetta.formats.quant;

import dev.rosetta.formats.quant.ScaleSearch.Affine;
import dev.rosetta.model.ElementType;
import java.util.Arrays;

/** Q2_K, laid out as {@link Q2_KCodec} says. */
final class Q2_KEncoder extends BlockEncoder {
  Q2_KEncoder() {
    super(ElementType.Q2_K);
  }

  @Override
  void encodeBlock(float[] x, int from, byte[] target, int at) {
    Affine[] fits = new Affine[16];
    float maxScale = 0;
    float maxOffset = 0;
    for (int s = 0; s < 16; s++) {
      fits[s] = ScaleSearch.affine(x, from + 16 * s, 16, 3);
      maxScale = Math.max(maxScale, fits[s].scale());
      maxOffset = Math.max(maxOffset, fits[s].offset());
    }
    float d = putHalf(target, at + 80, maxScale / 15);
    float dmin = putHalf(target, at + 82, maxOffset / 15);
    Arrays.fill(target, at + 16, at + 80, (byte) 0);
    for (int s = 0; s < 16; s++) {
      int scale = nearest(fits[s].scale() * inverse(d), 0, 15);
      int offset = nearest(fits[s].offset() * inverse(dmin), 0, 15);
      target[at + s] = (byte) (scale | offset << 4);
      float inverse = inverse(d * scale);
      float min = dmin * offset;
      int qs = at + 16 + 32 * (s >> 3) + 16 * (s & 1);
      int shift = 2 * ((s >> 1) & 3);
      for (int l = 0; l < 16; l++) {
        int q = nearest((x[from + 16 * s + l] + min) * inverse, 0, 3);
        target[qs + l] |= (byte) (q << shift);
      }
    }
  }
}
