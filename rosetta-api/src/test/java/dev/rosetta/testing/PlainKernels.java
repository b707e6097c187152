package dev.rosetta.testing;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A back end for float32 in a few lines. */
public final class PlainKernels implements KernelBackend {
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
    return type == ElementType.F32;
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
        float sum = 0;
        for (int k = 0; k < columns; k++) {
          float weight = w.getAtIndex(ValueLayout.JAVA_FLOAT, (long) r * columns + k);
          sum = Math.fma(weight, x.getAtIndex(ValueLayout.JAVA_FLOAT, (long) t * columns + k), sum);
        }
        y.setAtIndex(ValueLayout.JAVA_FLOAT, (long) t * yStride + r, sum);
      }
    }
  }
}
