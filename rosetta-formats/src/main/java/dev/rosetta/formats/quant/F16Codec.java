package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** IEEE half precision, subnormals included. */
public final class F16Codec extends CheckedCodec {
  public F16Codec() {
    super(ElementType.F16);
  }

  @Override
  void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
    short[] halves = shorts(blocks, at, elements);
    for (int i = 0; i < elements; i++) {
      target[to + i] = Float.float16ToFloat(halves[i]);
    }
  }
}
