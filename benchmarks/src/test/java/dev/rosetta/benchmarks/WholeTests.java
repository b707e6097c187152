package dev.rosetta.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class WholeTests {
  private static final WholeGoal GOAL = new WholeGoal("panama", 4, 0.9);
  private static final long MIB = 1 << 20;

  private static WholeRun run(double wall, long anonymous, String report) {
    return new WholeRun(0, wall, 1, 0.5, 900 * MIB, anonymous, report);
  }

  private static String report(long parametersOfB, String typeOfB) {
    String side = "\"parameters\" : %d, \"elementTypes\" : { \"%s\" : 168, \"F32\" : 141 }";
    return "{\"a\" : {"
        + side.formatted(1_543_714_304L, "Q4_K")
        + "}, \"b\" : {"
        + side.formatted(parametersOfB, typeOfB)
        + "}, \"timings\" : { \"open\" : 0.125, \"layers\" : 5.0E-1 }, \"x\" : 1}";
  }

  @Test
  void slowRunMissesTheGoal() {
    String report = report(1_543_714_304L, "Q4_K");
    assertTrue(GOAL.meetsTime(run(0.9, 0, report)));
    assertFalse(GOAL.meetsTime(run(0.91, 0, report)));
    assertEquals(
        "\"backend\":\"panama\",\"columns\":4,\"goal\":0.9,\"met\":false",
        GOAL.members(run(0.91, 0, report)));
  }

  @Test
  void otherModelsAreNotJudgedByTheClock() {
    for (String report : List.of(report(8_000_000_000L, "Q4_K"), report(1_543_714_304L, "F16"))) {
      assertFalse(WholeGoal.isFor(report));
      assertTrue(GOAL.members(run(60, 0, report)).endsWith("\"goal\":null,\"met\":null"));
    }
  }

  @Test
  void memoryBeyondThePageCacheIsJudgedForEveryModel() {
    assertTrue(WholeGoal.meetsMemory(run(60, 300 * MIB, "")));
    assertFalse(WholeGoal.meetsMemory(run(0.1, 300 * MIB + 1, "")));
  }

  @Test
  void pagesOfMappedFilesAreResidentButNotAnonymous() {
    String status =
        """
        Name:\tjava
        VmHWM:\t  900000 kB
        VmRSS:\t  800000 kB
        RssAnon:\t  150000 kB
        RssFile:\t  650000 kB
        RssShmem:\t      8 kB
        """;
    assertEquals(new WholeRun.Memory(900_000 << 10, 150_008 << 10), WholeRun.Memory.of(status));
    assertEquals(new WholeRun.Memory(0, 0), WholeRun.Memory.of(""));
  }

  @Test
  void phasesComeFromTheReport() {
    assertEquals(Map.of("open", 0.125, "layers", 0.5), run(1, 0, report(1, "F32")).phases());
  }

  @Test
  void medianTakesTheMostMemoryOfAnyRun() {
    WholeRun median = WholeRun.median(List.of(run(3, 10, "c"), run(1, 30, "a"), run(2, 20, "b")));
    assertEquals(2, median.wall());
    assertEquals("b", median.report());
    assertEquals(30, median.anonymous());
  }

  @Test
  void aProcessIsMeasuredToItsEnd() throws IOException, InterruptedException {
    WholeRun run = WholeRun.of(List.of("sh", "-c", "sleep 0.2; printf done; exit 4"));
    assertEquals(4, run.exit());
    assertEquals("done", run.report());
    assertTrue(run.wall() >= 0.2, run.toString());
    assertTrue(run.resident() > 0 && run.anonymous() > 0, run.toString());
  }
}
