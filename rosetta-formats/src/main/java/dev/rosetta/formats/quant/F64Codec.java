package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;

/** IEEE double precision, rounded to float32. */
public final class F64Codec extends CheckedCodec {
  public F64Codec() {
    super(ElementType.F64);
  }

  @Override
  void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
    for (int i = 0; i < elements; i++) {
      target[to + i] = (float) blocks.get(F64, at + 8L * i);
    }
  }
}
