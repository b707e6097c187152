package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;

/** The upper half of a float32. */
public final class BF16Codec extends CheckedCodec {
  public BF16Codec() {
    super(ElementType.BF16);
  }

  @Override
  void decodeChecked(MemorySegment blocks, long at, float[] target, int to, int elements) {
    for (int i = 0; i < elements; i++) {
      target[to + i] = Float.intBitsToFloat(blocks.get(I16, at + 2L * i) << 16);
    }
  }
}
