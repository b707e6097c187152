package dev.rosetta.cli;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Measures whether C2 compiled the Vector API kernels to vector instructions. Where it did not,
 * every vector is an object on the heap: the results are the same, and nothing else tells. Healthy
 * kernels allocate nothing and run at 1.2 (128-bit vectors) to 30 times the speed of the scalar
 * loop; without C2, the slowest is at 0.1 to 0.5.
 *
 * @param scalar what the speed is relative to
 * @param vectors what is checked
 * @param patience nanoseconds that C2 is waited for; two seconds do on an idle machine
 */
record VectorCheck(KernelBackend scalar, KernelBackend vectors, Meter meter, long patience) {
  private static final double LEAST_SPEED = 1;

  /** A kernel in boxes takes more than that for a few rows. */
  private static final long MOST_ALLOCATED = 1 << 10;

  /** How long the scalar loop has at least to get its own compiled form. */
  private static final long WARM_UP_NANOS = 800_000_000L;

  private static final int ROWS = 16;
  private static final int COLUMNS = 1024;
  private static final int CALLS = 8;
  private static final List<ElementType> TYPES = List.of(ElementType.Q4_K, ElementType.Q6_K);

  /** One and four columns are decoded in registers, others through a scratch. */
  private static final List<Integer> TOKENS = List.of(1, 4, 16);

  /**
   * How one kernel does.
   *
   * @param ofScalar speed relative to the scalar loop
   * @param allocated heap bytes that a call takes; 0 where the JVM does not tell
   * @param sameBits whether its results are those of the scalar loop
   */
  record Kernel(ElementType type, int tokens, double ofScalar, long allocated, boolean sameBits) {

    boolean isVectorised() {
      return ofScalar >= LEAST_SPEED && allocated <= MOST_ALLOCATED;
    }

    /** What it multiplies: {@code Q4_K with 4 columns}. */
    String name() {
      return type + " with " + tokens + (tokens == 1 ? " column" : " columns");
    }
  }

  /**
   * The kernel that does worst: one with wrong results, else one that is not vectorised, else the
   * slowest. Waits until C2 has compiled all of them.
   */
  Kernel worst() {
    try (Arena arena = Arena.ofConfined()) {
      List<Race> races = new ArrayList<>();
      for (ElementType type : TYPES) {
        for (int tokens : TOKENS) {
          races.add(new Race(type, tokens, arena));
        }
      }
      long start = meter.nanos();
      long passed;
      do {
        races.forEach(Race::run);
        passed = meter.nanos() - start;
      } while (passed < WARM_UP_NANOS
          || passed < patience && !races.stream().allMatch(r -> r.kernel().isVectorised()));
      return races.stream()
          .map(Race::kernel)
          .min(
              Comparator.comparing(Kernel::sameBits)
                  .thenComparing(Kernel::isVectorised)
                  .thenComparingDouble(Kernel::ofScalar))
          .orElseThrow();
    }
  }

  /** The best times of both back ends on one small matrix. */
  private final class Race {
    private final ElementType type;
    private final int tokens;
    private final MemorySegment w;
    private final MemorySegment x;
    private final MemorySegment expected;
    private final MemorySegment actual;
    private long scalarNanos = Long.MAX_VALUE;
    private long vectorNanos = Long.MAX_VALUE;
    private long allocated = Long.MAX_VALUE;
    private boolean sameBits = true;

    Race(ElementType type, int tokens, Arena arena) {
      this.type = type;
      this.tokens = tokens;
      w = arena.allocate(ROWS * type.byteSize(COLUMNS), Long.BYTES);
      for (long i = 0; i < w.byteSize(); i++) {
        // As scales, half floats from 0 to 1.8.
        w.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 37 & 0x3f));
      }
      x = arena.allocate((long) tokens * COLUMNS * Float.BYTES, Long.BYTES);
      for (int i = 0; i < tokens * COLUMNS; i++) {
        x.setAtIndex(ValueLayout.JAVA_FLOAT, i, i % 7 - 3);
      }
      expected = arena.allocate((long) tokens * ROWS * Float.BYTES, Long.BYTES);
      actual = arena.allocate(expected.byteSize(), Long.BYTES);
    }

    void run() {
      scalarNanos = Math.min(scalarNanos, nanos(scalar, expected));
      for (int i = 0; i < CALLS; i++) {
        long before = meter.allocated();
        vectorNanos = Math.min(vectorNanos, nanos(vectors, actual));
        allocated = Math.min(allocated, meter.allocated() - before);
        sameBits &= expected.mismatch(actual) == -1;
      }
    }

    private long nanos(KernelBackend backend, MemorySegment y) {
      long start = meter.nanos();
      backend.matmul(type, w, ROWS, COLUMNS, x, tokens, y, ROWS);
      return Math.max(1, meter.nanos() - start);
    }

    Kernel kernel() {
      return new Kernel(type, tokens, (double) scalarNanos / vectorNanos, allocated, sameBits);
    }
  }
}
