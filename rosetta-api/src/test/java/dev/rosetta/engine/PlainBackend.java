package dev.rosetta.engine;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;

/** A back end in a few lines; takes the given element types as they are, float32 at least. */
record PlainBackend(Set<ElementType> types) implements KernelBackend {

  PlainBackend() {
    this(Set.of(ElementType.F32));
  }

  @Override
  public String name() {
    return "plain";
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Availability availability() {
    return new Availability.Usable("a test");
  }

  @Override
  public boolean supports(ElementType type) {
    return types.contains(type);
  }

  @Override
  public void matmul(
      ElementType type,
      MemorySegment w,
      int rows,
      int columns,
      MemorySegment x,
      int tokens,
      MemorySegment y,
      int yStride) {
    for (int t = 0; t < tokens; t++) {
      for (int r = 0; r < rows; r++) {
        float[] lanes = new float[16];
        for (int k = 0; k < columns; k++) {
          float weight = w.getAtIndex(ValueLayout.JAVA_FLOAT, (long) r * columns + k);
          float value = x.getAtIndex(ValueLayout.JAVA_FLOAT, (long) t * columns + k);
          lanes[k % 16] = Math.fma(weight, value, lanes[k % 16]);
        }
        for (int half = 8; half > 0; half /= 2) {
          for (int i = 0; i < half; i++) {
            lanes[i] += lanes[i + half];
          }
        }
        y.setAtIndex(ValueLayout.JAVA_FLOAT, (long) t * yStride + r, lanes[0]);
      }
    }
  }

  @Override
  public boolean dequantizes(ElementType type) {
    return type == ElementType.F32;
  }

  @Override
  public void dequantize(
      ElementType type, MemorySegment blocks, MemorySegment values, long elements) {
    MemorySegment.copy(blocks, 0, values, 0, elements * Float.BYTES);
  }
}
