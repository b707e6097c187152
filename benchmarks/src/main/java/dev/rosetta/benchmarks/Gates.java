package dev.rosetta.benchmarks;

import com.sun.management.ThreadMXBean;
import dev.rosetta.kernels.panama.PanamaBackend;
import dev.rosetta.kernels.panama.Tier;
import dev.rosetta.kernels.panama.generated.RosettaKernels;
import dev.rosetta.model.ElementType;
import dev.rosetta.spi.KernelBackend;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;

/**
 * Measures the kernels against the processor's limits and against each other, and says which floors
 * and goals they meet. One JSON object per line on standard output.
 *
 * <p>Variants take turns repetition by repetition on the same weights, with probes of multiply-adds
 * and of memory between them, so that a figure is a ratio within one process and one moment. One
 * thread is timed by its processor time, which a busy neighbour does not lengthen. A disturbed
 * sample is taken again.
 */
public final class Gates {
  private static final List<Integer> TOKENS = List.of(1, 4, 16, 64);
  private static final long DISTINCT_BYTES = 300L << 20;
  private static final int REPETITIONS = 11;
  private static final int ATTEMPTS = 4;
  private static final double MOST_SPREAD = 0.15;
  private static final double LEAST_OF_PEAK = 0.8;

  /** Until C2 has compiled the kernel. */
  private static final long JAVA_WARM_UP_NANOS = 1_000_000_000L;

  private static final long NATIVE_WARM_UP_NANOS = 50_000_000L;

  /** Speed of two threads relative to one. */
  private static final double LEAST_SCALING = 1.85;

  /** Heap bytes for each matrix that a kernel may allocate; more means that C2 boxes vectors. */
  private static final long MOST_ALLOCATED = 64 << 10;

  /** Multiply-adds of a round of the probe. */
  private static final long PROBE_FMAS = 384;

  private static final long PROBE_ROUNDS = 20_000;
  private static final long PROBE_BYTES = 64L << 20;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final PrintStream out;
  private final List<Contender> contenders;
  private final Contender best;
  private final KernelBackend scalar = Variant.SCALAR.open();
  private boolean allFloorsMet = true;

  /** One contender's series at one number of token columns. */
  private record Result(int tokens, Contender contender, Series series) {}

  /**
   * @param contenders the best native tier last
   */
  Gates(PrintStream out, List<Contender> contenders) {
    this.out = out;
    this.contenders = List.copyOf(contenders);
    best = contenders.getLast();
  }

  /**
   * Arguments: element types, or none for those of a Q4_K_M file. Exits with 1 if a floor is missed
   * and 3 if nothing can be measured.
   */
  public static void main(String[] args) {
    System.exit(run(args.length == 0 ? List.of("Q4_K", "Q6_K") : List.of(args), List.of()));
  }

  /**
   * Measures with kernels of other projects beside our own, each on the types that it supports.
   *
   * @param types names of element types
   * @return the exit code: 1 if a floor is missed, 3 if nothing can be measured
   */
  public static int run(List<String> types, List<KernelBackend> peers) {
    PanamaBackend backend = new PanamaBackend();
    if (backend.tier().isEmpty()) {
      System.err.println(backend.availability().reason());
      return 3;
    }
    Tier widest = backend.tier().orElseThrow();
    boolean met = true;
    for (String name : types) {
      ElementType type = ElementType.valueOf(name.toUpperCase(Locale.ROOT));
      List<KernelBackend> able = peers.stream().filter(peer -> peer.supports(type)).toList();
      if (able.size() < peers.size()) {
        System.err.println("benchmarks: not every peer multiplies " + type);
      }
      Gates gates = new Gates(System.out, Contender.usable(widest, able));
      gates.measure(type, Shape.OF_MODEL, TOKENS, DISTINCT_BYTES);
      met &= gates.allFloorsMet;
    }
    return met ? 0 : 1;
  }

  /** The figures of one variant at one shape, repetition by repetition. */
  private record Series(
      double[] gflops, double[] ofPeak, double[] ofBandwidth, double[] ofBest, double[] allocated) {
    Series(int repetitions) {
      this(
          new double[repetitions],
          new double[repetitions],
          new double[repetitions],
          new double[repetitions],
          new double[repetitions]);
    }

    /** Whether nothing disturbed it: figures agree, and no probe fell far below the best. */
    boolean isSteady() {
      double[] peaks = new double[gflops.length];
      for (int i = 0; i < peaks.length; i++) {
        peaks[i] = gflops[i] / ofPeak[i];
      }
      Sample probes = new Sample(peaks);
      return new Sample(ofPeak).spread() <= MOST_SPREAD
          && probes.quantile(0) >= LEAST_OF_PEAK * probes.quantile(1);
    }
  }

  boolean allFloorsMet() {
    return allFloorsMet;
  }

  /** Measures every contender on {@code bytes} of weights of each shape. */
  void measure(ElementType type, List<Shape> shapes, List<Integer> columns, long bytes) {
    List<Result> results = new ArrayList<>();
    for (Shape shape : shapes) {
      try (Arena arena = Arena.ofShared()) {
        RandomGenerator random = new SplittableRandom(1);
        Weights weights = new Weights(type, shape, bytes, arena, random);
        for (int tokens : columns) {
          MemorySegment x = Weights.activations(tokens, shape.columns(), arena, random);
          for (Contender contender : contenders) {
            if (contender.isPeer()) {
              weights.crossCheckPeer(scalar, contender.backend(), x, tokens, arena);
            } else {
              weights.crossCheck(scalar, contender.backend(), x, tokens, arena);
            }
            warmUp(contender.backend(), weights, x, tokens, arena);
          }
          List<Series> sample = undisturbed(weights, x, tokens, arena);
          for (int i = 0; i < sample.size(); i++) {
            results.add(new Result(tokens, contenders.get(i), sample.get(i)));
            print(contenders.get(i), type, shape.toString(), tokens, List.of(sample.get(i)));
          }
          if (tokens >= 16) {
            scaling(weights, type, x, tokens, arena);
          }
        }
      }
    }
    for (int tokens : columns) {
      for (Contender contender : contenders) {
        List<Series> ofShapes =
            results.stream()
                .filter(r -> r.tokens() == tokens && r.contender().equals(contender))
                .map(Result::series)
                .toList();
        print(contender, type, "geomean", tokens, ofShapes);
      }
    }
  }

  private static void warmUp(
      KernelBackend backend, Weights weights, MemorySegment x, int tokens, Arena arena) {
    MemorySegment tile = arena.allocate(weights.tileBytes(tokens), 64);
    MemorySegment y = arena.allocate((long) tokens * weights.shape().rows() * Float.BYTES, 64);
    long span = backend instanceof PanamaBackend ? NATIVE_WARM_UP_NANOS : JAVA_WARM_UP_NANOS;
    long end = THREADS.getCurrentThreadCpuTime() + span;
    for (int i = 0; THREADS.getCurrentThreadCpuTime() < end; i++) {
      weights.multiply(backend, i, x, tokens, tile, y);
    }
  }

  private List<Series> undisturbed(Weights weights, MemorySegment x, int tokens, Arena arena) {
    List<Series> sample = sample(weights, x, tokens, arena);
    for (int i = 1; i < ATTEMPTS && !sample.stream().allMatch(Series::isSteady); i++) {
      sample = sample(weights, x, tokens, arena);
    }
    return sample;
  }

  /** A series for each contender, in their order. */
  private List<Series> sample(Weights weights, MemorySegment x, int tokens, Arena arena) {
    List<Series> sample = contenders.stream().map(c -> new Series(REPETITIONS)).toList();
    MemorySegment tile = arena.allocate(weights.tileBytes(tokens), 64);
    MemorySegment y = arena.allocate((long) tokens * weights.shape().rows() * Float.BYTES, 64);
    int batch = Math.ceilDiv(weights.count(), REPETITIONS);
    double flops = 2.0 * weights.shape().rows() * weights.shape().columns() * tokens * batch;
    double bytes = (double) weights.matrixBytes() * batch;
    for (int repetition = 0; repetition < REPETITIONS; repetition++) {
      double bandwidth = probeBandwidth(weights);
      for (int i = 0; i < sample.size(); i++) {
        Contender contender = contenders.get(i);
        double peak = probePeak(contender.limit());
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        long start = THREADS.getCurrentThreadCpuTime();
        for (int matrix = 0; matrix < batch; matrix++) {
          weights.multiply(contender.backend(), repetition * batch + matrix, x, tokens, tile, y);
        }
        double seconds = (THREADS.getCurrentThreadCpuTime() - start) / 1e9;
        Series series = sample.get(i);
        series.allocated()[repetition] =
            (THREADS.getCurrentThreadAllocatedBytes() - allocated) / (double) batch;
        series.gflops()[repetition] = flops / seconds / 1e9;
        series.ofPeak()[repetition] = flops / seconds / peak;
        series.ofBandwidth()[repetition] = bytes / seconds / bandwidth;
      }
      double reference = sample.getLast().gflops()[repetition];
      for (Series series : sample) {
        series.ofBest()[repetition] = series.gflops()[repetition] / reference;
      }
    }
    return sample;
  }

  /** Multiply-adds a second, counted as two operations. */
  private static double probePeak(Tier tier) {
    long start = THREADS.getCurrentThreadCpuTime();
    RosettaKernels.rosetta_probe_fma(tier.code(), PROBE_ROUNDS);
    return 2e9 * PROBE_ROUNDS * PROBE_FMAS / (THREADS.getCurrentThreadCpuTime() - start);
  }

  /** Bytes a second that one thread reads from memory. */
  private static double probeBandwidth(Weights weights) {
    MemorySegment memory = weights.memory(PROBE_BYTES);
    long start = THREADS.getCurrentThreadCpuTime();
    RosettaKernels.rosetta_probe_read(memory, memory.byteSize());
    return 1e9 * memory.byteSize() / (THREADS.getCurrentThreadCpuTime() - start);
  }

  /** Two threads that take tiles as they come, against one, by the clock. */
  private void scaling(
      Weights weights, ElementType type, MemorySegment x, int tokens, Arena arena) {
    if (Runtime.getRuntime().availableProcessors() < 2) {
      return;
    }
    KernelBackend backend = best.backend();
    double[] ratios = new double[REPETITIONS];
    double[] gflops = new double[REPETITIONS];
    int batch = Math.ceilDiv(weights.count(), REPETITIONS);
    double flops = 2.0 * weights.shape().rows() * weights.shape().columns() * tokens * batch;
    for (int repetition = 0; repetition < REPETITIONS; repetition++) {
      long one = clock(backend, weights, x, tokens, arena, 1, repetition * batch, batch);
      long two = clock(backend, weights, x, tokens, arena, 2, repetition * batch, batch);
      ratios[repetition] = (double) one / two;
      gflops[repetition] = flops / two;
    }
    Sample ratio = new Sample(ratios);
    boolean met = ratio.median() >= LEAST_SCALING;
    allFloorsMet &= met;
    out.printf(
        Locale.ROOT,
        "{\"backend\":\"panama\",\"tier\":\"%s\",\"type\":\"%s\",\"shape\":\"%s\",\"columns\":%d,"
            + "\"threads\":2,\"gflops\":%.1f,\"ofOneThread\":%.3f,\"spread\":%.3f,\"floor\":%.2f,"
            + "\"met\":\"%s\"}%n",
        best.tier(),
        type,
        weights.shape(),
        tokens,
        new Sample(gflops).median(),
        ratio.median(),
        ratio.spread(),
        LEAST_SCALING,
        met ? "floor" : "none");
  }

  private static long clock(
      KernelBackend backend,
      Weights weights,
      MemorySegment x,
      int tokens,
      Arena arena,
      int threads,
      int first,
      int batch) {
    int tileRows = weights.tileRows(tokens);
    int tiles = Math.ceilDiv(weights.shape().rows(), tileRows);
    AtomicInteger next = new AtomicInteger();
    MemorySegment y = arena.allocate((long) tokens * weights.shape().rows() * Float.BYTES, 64);
    Runnable work =
        () -> {
          MemorySegment tile = arena.allocate(weights.tileBytes(tokens), 64);
          for (int i = next.getAndIncrement(); i < batch * tiles; i = next.getAndIncrement()) {
            weights.multiplyTile(
                backend, first + i / tiles, i % tiles * tileRows, x, tokens, tile, y);
          }
        };
    long start = System.nanoTime();
    Thread other = threads == 2 ? Thread.ofPlatform().start(work) : Thread.currentThread();
    work.run();
    if (threads == 2) {
      try {
        other.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }
    return System.nanoTime() - start;
  }

  private void print(
      Contender contender, ElementType type, String shape, int tokens, List<Series> series) {
    double gflops = geometricMean(series.stream().map(Series::gflops).toList());
    double ofPeak = geometricMean(series.stream().map(Series::ofPeak).toList());
    double ofBandwidth = geometricMean(series.stream().map(Series::ofBandwidth).toList());
    double ofBest = geometricMean(series.stream().map(Series::ofBest).toList());
    double spread =
        series.stream().mapToDouble(s -> new Sample(s.ofPeak()).spread()).max().orElse(0);
    double allocated =
        series.stream().mapToDouble(s -> new Sample(s.allocated()).median()).max().orElse(0);
    boolean boxes = allocated > MOST_ALLOCATED;
    allFloorsMet &= !boxes || contender.isPeer();
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT,
            "{\"backend\":\"%s\",\"peer\":%b,\"tier\":\"%s\",\"type\":\"%s\",\"shape\":\"%s\",\"columns\":%d,"
                + "\"threads\":1,\"gflops\":%.1f,\"ofFmaPeak\":%.3f,\"ofBandwidth\":%.3f,"
                + "\"ofBestNative\":%.3f,\"spread\":%.3f,\"boxes\":%b,\"disturbed\":%b",
            contender.backend().name(),
            contender.isPeer(),
            contender.tier(),
            type,
            shape,
            tokens,
            gflops,
            ofPeak,
            ofBandwidth,
            ofBest,
            spread,
            boxes,
            !series.stream().allMatch(Series::isSteady)));
    if (shape.equals("geomean") && !contender.isPeer()) {
      boolean java = contender.isJava();
      Targets targets = java ? Targets.ofNative(tokens) : Targets.ofPeak(contender.limit(), tokens);
      String met = targets.met(java ? ofBest : ofPeak);
      allFloorsMet &= !met.equals("none");
      line.append(
          String.format(
              Locale.ROOT,
              ",\"floor\":%.3f,\"goal\":%.3f,\"met\":\"%s\"",
              targets.floor(),
              targets.goal(),
              met));
    }
    out.println(line.append('}'));
  }

  private static double geometricMean(List<double[]> samples) {
    double logarithms = 0;
    for (double[] sample : samples) {
      logarithms += Math.log(new Sample(sample).median());
    }
    return Math.exp(logarithms / samples.size());
  }
}
