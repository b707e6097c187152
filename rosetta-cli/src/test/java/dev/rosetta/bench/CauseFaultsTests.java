package dev.rosetta.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each of the causes that people report is found, named, placed and proven, several times over. */
final class CauseFaultsTests {
  private static final long SEED = 20261201;
  private static final int EACH = 4;

  @TempDir private Path folder;

  @Test
  void everyCauseIsNamed() throws Exception {
    List<Fault> faults = CauseFaults.all();
    Bench bench = new Bench(SEED, Models.of(SEED), folder, faults);
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < EACH * faults.size(); i++) {
      outcomes.add(bench.fault(i));
    }
    Score score = new Score(outcomes, List.of());
    String misses = "seed " + SEED + "\n" + score.table() + score.misses();
    assertEquals(1, score.detection(), misses);
    assertEquals(1, score.firstDiagnosis(), misses);
    assertEquals(1, score.subject(), misses);
    assertEquals(0, score.wrongSides(), misses);
    assertEquals(1, score.proven(), misses);
  }
}
