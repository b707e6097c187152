package dev.rosetta.formats.quant;

import dev.rosetta.formats.quant.ScaleSearch.Affine;
import dev.rosetta.model.ElementType;
import java.util.Arrays;

/** Q4_K and Q5_K, laid out as {@link Q4_KCodec} and {@link Q5_KCodec} say. */
final class Q45_KEncoder extends BlockEncoder {
  private final int greatest;

  /**
   * @param type Q4_K or Q5_K
   */
  Q45_KEncoder(ElementType type) {
    super(type);
    this.greatest = type == ElementType.Q4_K ? 15 : 31;
  }

  @Override
  void encodeBlock(float[] x, int from, byte[] target, int at) {
    Affine[] fits = new Affine[8];
    float maxScale = 0;
    float maxOffset = 0;
    for (int s = 0; s < 8; s++) {
      fits[s] = ScaleSearch.affine(x, from + 32 * s, 32, greatest);
      maxScale = Math.max(maxScale, fits[s].scale());
      maxOffset = Math.max(maxOffset, fits[s].offset());
    }
    float d = putHalf(target, at, maxScale / 63);
    float dmin = putHalf(target, at + 2, maxOffset / 63);
    Arrays.fill(target, at + 4, at + type().blockBytes(), (byte) 0);
    int fifth = at + 16;
    int nibbles = greatest == 15 ? at + 16 : at + 48;
    for (int s = 0; s < 8; s++) {
      int scale = nearest(fits[s].scale() * inverse(d), 0, 63);
      int offset = nearest(fits[s].offset() * inverse(dmin), 0, 63);
      PackedScales.put(target, at + 4, s, scale, offset);
      float inverse = inverse(d * scale);
      float min = dmin * offset;
      int qs = nibbles + 32 * (s >> 1);
      int shift = 4 * (s & 1);
      for (int l = 0; l < 32; l++) {
        int q = nearest((x[from + 32 * s + l] + min) * inverse, 0, greatest);
        target[qs + l] |= (byte) ((q & 15) << shift);
        if (greatest == 31) {
          target[fifth + l] |= (byte) (q >> 4 << s);
        }
      }
    }
  }
}
