package dev.rosetta.benchmarks;

import dev.rosetta.spi.KernelBackend;
import dev.rosetta.spi.RowDifference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** How long it takes to sum up how a tile of decoded rows differs: every back end and tier. */
@NullUnmarked // JMH calls prepare() before anything else.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 3,
    jvmArgsAppend = {
      "--add-modules=jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "--sun-misc-unsafe-memory-access=allow"
    })
public class DifferenceBenchmark {
  /** As many as are summed up between two reads of a file: both sides stay in a core's cache. */
  private static final int TILE_ELEMENTS = 32 << 10;

  @Param({"SCALAR", "JAVA", "PANAMA_AVX2", "PANAMA_AVX512"})
  Variant variant;

  @Param({"1536", "8960"})
  int columns;

  private final Arena arena = Arena.ofShared();
  private KernelBackend backend;
  private MemorySegment a;
  private MemorySegment b;
  private MemorySegment sums;
  private int rows;

  /** Makes the operands and holds the back end to the plain definition before it is timed. */
  @Setup
  public void prepare() {
    SplittableRandom random = new SplittableRandom(1);
    backend = variant.open();
    rows = TILE_ELEMENTS / columns;
    a = Weights.activations(rows, columns, arena, random);
    b = Weights.activations(rows, columns, arena, random);
    long results = (long) rows * RowDifference.length(columns);
    sums = arena.allocate(results * Double.BYTES, 64);
    MemorySegment expected = arena.allocate(results * Double.BYTES, 64);
    Variant.SCALAR.open().difference(a, b, rows, columns, expected);
    backend.difference(a, b, rows, columns, sums);
    long mismatch = expected.mismatch(sums);
    if (mismatch >= 0) {
      long sum = mismatch / Double.BYTES;
      throw new IllegalStateException(
          variant
              + ": sum "
              + sum
              + " is "
              + sums.getAtIndex(ValueLayout.JAVA_DOUBLE, sum)
              + ", by definition "
              + expected.getAtIndex(ValueLayout.JAVA_DOUBLE, sum));
    }
  }

  /** One tile, the same each time. */
  @Benchmark
  public void difference(Blackhole blackhole) {
    backend.difference(a, b, rows, columns, sums);
    blackhole.consume(sums);
  }

  /** Gives the memory back. */
  @TearDown
  public void release() {
    arena.close();
  }
}
