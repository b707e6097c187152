package org.example.plugin;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicLong;

/** A third party's back end: float32 alone, in the order of sums that the interface prescribes. */
public final class ExampleBackend implements KernelBackend {
  /** Calls of {@link #matmul} in this JVM. */
  public static final AtomicLong CALLS = new AtomicLong();

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final int LANES = 16;

  @Override
  public String name() {
    return "example";
  }

  @Override
  public int priority() {
    return Integer.MIN_VALUE;
  }

  @Override
  public Availability availability() {
    return new Availability.Usable("an example");
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
    CALLS.incrementAndGet();
    for (int t = 0; t < tokens; t++) {
      for (int r = 0; r < rows; r++) {
        float[] lanes = new float[LANES];
        for (int k = 0; k < columns; k++) {
          float a = w.get(FLOAT, 4L * ((long) r * columns + k));
          float b = x.get(FLOAT, 4L * ((long) t * columns + k));
          lanes[k % LANES] = Math.fma(a, b, lanes[k % LANES]);
        }
        for (int half = LANES / 2; half > 0; half /= 2) {
          for (int lane = 0; lane < half; lane++) {
            lanes[lane] += lanes[lane + half];
          }
        }
        y.set(FLOAT, 4L * ((long) t * yStride + r), lanes[0]);
      }
    }
  }
}
