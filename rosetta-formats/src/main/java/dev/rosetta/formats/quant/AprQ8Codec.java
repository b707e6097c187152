package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;

/** aprender's 8-bit type: signed bytes, whose one scale for the whole tensor the caller applies. */
public final class AprQ8Codec extends CheckedCodec {
  public AprQ8Codec() {
    super(ElementType.APR_Q8);
  }

  @Override
  void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
    for (int i = 0; i < elements; i++) {
      target[to + i] = blocks[at + i];
    }
  }
}
