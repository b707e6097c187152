package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import dev.rosetta.formats.safetensors.SafeTensorsTraceFormat;
import dev.rosetta.formats.safetensors.SafeTensorsTraceWriter;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CompareCommandTests {
  @TempDir static Path folder;
  private static DemoFiles files;

  @BeforeAll
  static void write() {
    files = DemoFiles.write(folder);
  }

  @Test
  void healthyTwinIsAMatchAndExitsWithZero() {
    Run run = Cli.run(files.healthy(), files.gguf(), "--assert-match");
    assertEquals(0, run.exitCode(), run.toString());
    assertTrue(run.out().contains("[ROSETTA] MATCH: "), run.out());
    assertTrue(run.out().contains("33/33 capture points"), run.out());
  }

  @Test
  void fileIsAMatchOfItself() {
    for (Path file : List.of(files.gguf(), files.healthy(), files.planted())) {
      assertEquals(0, Cli.run(file, file, "--assert-match").exitCode(), file.toString());
    }
  }

  @Test
  void layoutFaultReadsLikeTheOriginalRequest() {
    Run run = Cli.run(files.planted(), files.gguf(), "--prompt", "2+2=", "--assert-match");
    assertEquals(1, run.exitCode());
    List<String> expected =
        List.of(
            "[ROSETTA] Loading APR: " + files.planted(),
            "[ROSETTA] Loading GGUF: " + files.gguf(),
            "[ROSETTA] Prompt: \"2+2=\"",
            "[ROSETTA] Token IDs: [17, 10, 17, 28]",
            "[ROSETTA] === Embedding ===",
            "[ROSETTA] APR dims: [4, 64], GGUF dims: [4, 64] ✓",
            "[ROSETTA] max_diff=0, mean_diff=0 ✓",
            "[ROSETTA] === Layer 0 ===",
            "[ROSETTA] QKV APR dims: [64, 128], GGUF dims: [128, 64]",
            "[ROSETTA] ⚠️ LAYOUT MISMATCH: APR=[in,out] GGUF=[out,in]",
            "[ROSETTA] DIAGNOSIS: APR QKV weight needs transpose (GGML convention)",
            "[ROSETTA] === Summary ===",
            "[ROSETTA] FAILED: Layout mismatch detected at Layer 0 QKV",
            "[ROSETTA] Recommendation: Transpose weight matrices during APR load");
    List<String> lines = run.out().lines().toList();
    int at = 0;
    for (String line : expected) {
      int found = lines.subList(at, lines.size()).indexOf(line);
      assertTrue(found >= 0, () -> "missing or out of order: " + line + "\n" + run.out());
      at += found + 1;
    }
    assertTrue(
        lines.stream().anyMatch(l -> l.matches("\\[ROSETTA] QKV max_diff=[\\d.]+ ✗ DIVERGENCE!")));
  }

  @Test
  void divergenceWithoutAssertMatchExitsWithZero() {
    Run run = Cli.run("compare", files.planted(), files.gguf());
    assertEquals(0, run.exitCode());
    assertTrue(run.out().contains("FAILED"), run.out());
  }

  @Test
  void jsonSaysTheSameAsTheExitCode() {
    Run run = Cli.run(files.planted(), files.gguf(), "--assert-match", "--format", "json");
    assertEquals(1, run.exitCode());
    Map<?, ?> json = JsonText.object(run.out());
    assertEquals("rosetta-report/1", json.get("schema"));
    assertEquals("DIVERGED", json.get("verdict"));
    assertEquals(1L, json.get("exitCode"));
    assertEquals("layers.0.q", ((Map<?, ?>) json.get("firstDivergence")).get("point"));
    Map<?, ?> diagnosis = (Map<?, ?>) ((List<?>) json.get("diagnoses")).getFirst();
    assertEquals("WEIGHT_TRANSPOSED", diagnosis.get("code"));
    assertEquals("A", diagnosis.get("side"));
  }

  @Test
  void unequalCapturesAreInconclusiveAndExitWithFour() {
    Path recorded = folder.resolve("recorded.safetensors");
    Path partial = folder.resolve("partial.safetensors");
    assertEquals(0, Cli.run("trace", files.gguf(), "--tokens", "17,10", "-o", recorded).exitCode());
    CapturePoint embedding = CapturePoint.of(Site.EMBEDDING);
    Activation values = new SafeTensorsTraceFormat().open(recorded).points().get(embedding);
    try (SafeTensorsTraceWriter writer =
        SafeTensorsTraceWriter.create(
            partial, new int[] {17, 10}, Map.of(embedding, DemoModel.HIDDEN))) {
      writer.write(embedding, values);
      writer.commit();
    }
    Run run = Cli.run(recorded, partial, "--assert-match", "--format", "json");
    assertEquals(4, run.exitCode(), run.toString());
    assertEquals("INCONCLUSIVE", JsonText.object(run.out()).get("verdict"));
    assertEquals(0, Cli.run(recorded, recorded, "--assert-match").exitCode());
  }

  @Test
  void loadLogNamesTheLayoutOfEveryAprTensor() {
    Run run = Cli.run(files.planted(), files.gguf());
    List<String> log = run.err().lines().filter(line -> line.startsWith("[APR-LOAD] ")).toList();
    long tensors = log.stream().filter(line -> line.contains(" Tensor '")).count();
    assertEquals(3 * tensors, log.size());
    assertEquals(19, tensors);
    int at =
        log.indexOf(
            "[APR-LOAD] Tensor 'model.layers.0.self_attn.qkv_proj.weight': dims=[64, 128],"
                + " dtype=F32");
    assertTrue(at >= 0, run.err());
    assertEquals("[APR-LOAD] Expected layout: [out_dim, in_dim] for matmul", log.get(at + 1));
    assertEquals("[APR-LOAD] Actual layout: [64, 128] - TRANSPOSE NEEDED", log.get(at + 2));
    assertEquals(1, log.stream().filter(line -> line.endsWith("TRANSPOSE NEEDED")).count());
  }

  @Test
  void quietRunLogsNothing() {
    Run run = Cli.run(files.planted(), files.gguf(), "--quiet");
    assertEquals("", run.err());
    assertFalse(run.out().isEmpty());
  }

  @Test
  void verboseRunListsEveryPoint() {
    Run run = Cli.run(files.healthy(), files.gguf(), "-v");
    for (String point : List.of("Q_ROPE", "ATTN_CONTEXT", "FFN_ACT", "LOGITS")) {
      assertTrue(run.out().contains("[ROSETTA] " + point + " max_diff=0"), point);
    }
  }

  @Test
  void filterLimitsWhatIsCompared() {
    Run run =
        Cli.run(files.healthy(), files.gguf(), "--filter", "layers\\.1\\.q$", "--format", "json");
    List<?> points = (List<?>) JsonText.object(run.out()).get("points");
    long compared = points.stream().filter(p -> "ok".equals(((Map<?, ?>) p).get("status"))).count();
    assertEquals(1, compared, run.out());
  }

  @Test
  void reportsGoToTheFilesThatWereAskedFor() throws IOException {
    Path text = folder.resolve("report.txt");
    Path json = folder.resolve("report.json");
    Run run = Cli.run(files.healthy(), files.gguf(), "-o", text, "--report", "json=" + json);
    assertEquals(0, run.exitCode(), run.err());
    assertEquals("", run.out());
    assertTrue(Files.readString(text).contains("[ROSETTA] MATCH: "));
    assertEquals("MATCH", JsonText.object(Files.readString(json)).get("verdict"));
  }

  @Test
  void olderReportIsNotLeftBehindByAFailure() throws IOException {
    Path json = folder.resolve("stale.json");
    Files.writeString(json, "{\"verdict\":\"MATCH\"}");
    Run run = Cli.run(folder.resolve("gone.apr"), files.gguf(), "--report", "json=" + json);
    assertEquals(3, run.exitCode());
    assertEquals("NOT_FOUND", JsonText.object(Files.readString(json)).get("code"));
  }

  @Test
  void colourIsGivenWhenAskedForAndNeverElse() {
    assertTrue(
        Cli.run(files.planted(), files.gguf(), "--color", "always").out().contains("\u001b["));
    assertFalse(Cli.run(files.planted(), files.gguf()).out().contains("\u001b"));
  }

  @Test
  void diffRunsNothingAndSaysSo() {
    Run match = Cli.run("diff", files.healthy(), files.gguf(), "--assert-match");
    assertEquals(0, match.exitCode(), match.toString());
    assertTrue(match.out().contains("nothing was run"), match.out());
    Run diverged = Cli.run("diff", files.planted(), files.gguf(), "--assert-match");
    assertEquals(1, diverged.exitCode(), diverged.toString());
  }
}
