package dev.rosetta.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Planted faults are found and named, and healthy pairs match. */
final class FaultBenchTests {
  private static final long FIXED_SEED = 20260118;
  private static final int EACH_KIND = -1;
  private static final int PROGRESS = 200;

  /** Makes a case from its number. */
  @FunctionalInterface
  private interface Case {
    Outcome run(int number) throws IOException;
  }

  @Test
  void everyKindOfFaultIsFoundAndHealthyPairsMatch() throws Exception {
    Score score = run(FIXED_SEED, Models.of(FIXED_SEED), EACH_KIND, 8, 96);
    String misses = "seed " + FIXED_SEED + "\n" + score.table() + score.misses();
    assertEquals(1, score.detection(), misses);
    assertEquals(0, score.falseAlarms(), misses);
    assertTrue(score.firstDiagnosis() >= 0.97, misses);
    assertTrue(score.subject() >= 0.97, misses);
    assertEquals(0, score.wrongSides(), misses);
    assertEquals(0, score.wrongProofs(), misses);
    assertTrue(score.proven() >= 0.9, misses);
  }

  @Test
  void healthyPairsOfWeightsLikeTrainedOnesMatch() throws Exception {
    Score score = run(FIXED_SEED, Models.likeTrained(FIXED_SEED), 0, 0, 96);
    assertEquals(0, score.falseAlarms(), "seed " + FIXED_SEED + "\n" + score.misses());
  }

  /** The table of {@code docs/trust.md}; new models and places every time, unless told a seed. */
  @Test
  @Tag("nightly")
  void thousandsOfFaultsAndControls() throws Exception {
    long seed = nightlySeed();
    int cases = Integer.getInteger("rosetta.bench.cases", 2000);
    int several = cases / 10;
    Score score = run(seed, Models.withTrained(seed), cases - several, several, cases);
    String report = "seed " + seed + "\n\n" + score.table() + "\n" + score.misses();
    Path file = Path.of(System.getProperty("rosetta.bench.table", "target/fault-bench.md"));
    Files.writeString(file, report);
    System.out.println(report);
    assertTrue(score.detection() >= 0.995, report);
    assertEquals(0, score.falseAlarms(), report);
    assertEquals(0, score.wrongProofs(), report);
    assertTrue(score.firstDiagnosis() >= 0.97, report);
  }

  /** The table of {@code docs/noise.md}. */
  @Test
  @Tag("nightly")
  void healthyPairsStayWithinWhatTheirTypesExplain() throws Exception {
    long seed = nightlySeed();
    Path folder = folder();
    Calibration calibration = new Calibration();
    try (ExecutorService pool = pool()) {
      Bench bench = new Bench(seed, Models.withDeep(seed), folder);
      all(pool, bench.healthyPairs(), bench::healthy)
          .forEach(outcome -> calibration.add(outcome.name(), outcome));
    } finally {
      Bench.delete(folder);
    }
    String report = "seed " + seed + ", " + calibration.pairs() + " pairs\n" + calibration.table();
    System.out.println(report);
    assertEquals(0, calibration.falseAlarms(), report);
  }

  private static long nightlySeed() {
    String wanted = System.getProperty("rosetta.bench");
    assumeTrue(wanted != null, "only with -Drosetta.bench=SEED, or 'new' for a new one");
    return wanted.equals("new") ? System.nanoTime() & 0x7fff_ffff : Long.parseLong(wanted);
  }

  private static ExecutorService pool() {
    return Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
  }

  /** In memory where the system offers that: every file is forced to disk otherwise. */
  private static Path folder() throws IOException {
    Path memory = Path.of("/dev/shm");
    return Files.isWritable(memory)
        ? Files.createTempDirectory(memory, "rosetta-bench")
        : Files.createTempDirectory("rosetta-bench");
  }

  private static Score run(
      long seed, List<TinyModel> models, int singles, int combinations, int controls)
      throws Exception {
    Path folder = folder();
    try (ExecutorService pool = pool()) {
      Bench bench = new Bench(seed, models, folder);
      List<Outcome> faults =
          all(pool, singles == EACH_KIND ? bench.faults() : singles, bench::fault);
      faults.addAll(all(pool, combinations, bench::combination));
      return new Score(faults, all(pool, controls, bench::control));
    } finally {
      Bench.delete(folder);
    }
  }

  /** Outcomes in order; says every now and then how far it is. */
  private static List<Outcome> all(ExecutorService pool, int count, Case one) throws Exception {
    List<Future<Outcome>> running = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = i;
      running.add(pool.submit(() -> one.run(number)));
    }
    long start = System.nanoTime();
    List<Outcome> outcomes = new ArrayList<>();
    for (Future<Outcome> future : running) {
      outcomes.add(future.get());
      if (outcomes.size() % PROGRESS == 0) {
        System.out.printf(
            "%d of %d cases, %d s%n",
            outcomes.size(), count, (System.nanoTime() - start) / 1_000_000_000);
      }
    }
    return outcomes;
  }
}
