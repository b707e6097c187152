package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** IEEE double precision, rounded to float32. */
public final class F64Codec extends CheckedCodec {
  public F64Codec() {
    super(ElementType.F64);
  }

  @Override
  void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
    for (int i = 0; i < elements; i++) {
      target[to + i] = (float) Double.longBitsToDouble(i64(blocks, at + 8 * i));
    }
  }
}
