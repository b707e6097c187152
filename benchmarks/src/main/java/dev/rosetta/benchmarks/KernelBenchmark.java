package dev.rosetta.benchmarks;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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

/** How long a matrix takes: every back end and tier, type, shape and number of token columns. */
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
public class KernelBenchmark {
  private static final long DISTINCT_BYTES = 300L << 20;

  @Param({"JAVA", "PANAMA_AVX2", "PANAMA_AVX512"})
  Variant variant;

  @Param({"Q4_K", "Q6_K", "Q5_K", "Q8_0", "Q4_0", "F16", "BF16", "F32"})
  ElementType type;

  @Param({"1536x1536", "8960x1536", "1536x8960"})
  String shape;

  @Param({"1", "4", "16", "64"})
  int tokens;

  private final Arena arena = Arena.ofShared();
  private KernelBackend backend;
  private Weights weights;
  private MemorySegment x;
  private MemorySegment tile;
  private MemorySegment y;
  private int next;

  /** Makes the operands and holds the back end to the scalar definition before it is timed. */
  @Setup
  public void prepare() {
    SplittableRandom random = new SplittableRandom(1);
    backend = variant.open();
    weights = new Weights(type, Shape.parse(shape), DISTINCT_BYTES, arena, random);
    x = Weights.activations(tokens, weights.shape().columns(), arena, random);
    tile = arena.allocate(weights.tileBytes(tokens), 64);
    y = arena.allocate((long) tokens * weights.shape().rows() * Float.BYTES, 64);
    weights.crossCheck(Variant.SCALAR.open(), backend, x, tokens, arena);
  }

  /** One matrix, another one each time. */
  @Benchmark
  public void multiply(Blackhole blackhole) {
    weights.multiply(backend, next++ & 0xffff, x, tokens, tile, y);
    blackhole.consume(y);
  }

  /** Gives the memory back. */
  @TearDown
  public void release() {
    arena.close();
  }
}
