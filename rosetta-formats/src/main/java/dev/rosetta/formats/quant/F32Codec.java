package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;

/** IEEE single precision. */
public final class F32Codec extends CheckedCodec {
  public F32Codec() {
    super(ElementType.F32);
  }

  @Override
  void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
    MemorySegment.copy(blocks, F32, at, target, to, elements);
  }
}
