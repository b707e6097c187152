package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** IEEE single precision. */
public final class F32Codec extends CheckedCodec {
  public F32Codec() {
    super(ElementType.F32);
  }

  @Override
  void decodeChecked(byte[] blocks, int at, float[] target, int to, int elements) {
    ByteBuffer.wrap(blocks, at, Float.BYTES * elements)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(target, to, elements);
  }
}
