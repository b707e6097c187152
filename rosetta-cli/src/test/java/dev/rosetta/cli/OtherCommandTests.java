package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.cli.Cli.Run;
import dev.rosetta.report.DiagnosisPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OtherCommandTests {
  @TempDir static Path folder;
  private static DemoFiles files;

  @BeforeAll
  static void write() {
    files = DemoFiles.write(folder);
  }

  @Test
  void demoFindsThePlantedFaultAndCleansUp() throws IOException {
    long before = demoFolders();
    Run run = Cli.run("demo");
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.out().contains("healthy.apr against model.gguf: MATCH, 33 of 33"), run.out());
    assertTrue(run.out().contains("FAILED: Layout mismatch detected at Layer 0 QKV"), run.out());
    assertEquals(run.out(), Cli.run("demo").out());
    assertEquals(before, demoFolders());
  }

  private static long demoFolders() throws IOException {
    try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return all.filter(path -> path.getFileName().toString().startsWith("rosetta-demo")).count();
    }
  }

  @Test
  void doctorNamesEveryBackEndAndTestsItself() {
    Run run = Cli.run("doctor");
    assertEquals(0, run.exitCode(), run.toString());
    assertTrue(run.out().contains("  scalar "), run.out());
    assertTrue(run.out().contains(" chosen: "), run.out());
    assertTrue(run.out().contains("\nVector API: "), run.out());
    assertTrue(run.out().contains("Self-test: passed"), run.out());
  }

  @Test
  void explainPrintsTheDocumentedPage() {
    Run run = Cli.run("explain", "qk-permuted");
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(DiagnosisPage.of(DiagnosisCode.QK_PERMUTED).text(80), run.out());
  }

  @Test
  void explainAloneListsEveryCode() {
    Run run = Cli.run("explain");
    assertEquals(0, run.exitCode(), run.err());
    List<String> lines = run.out().lines().toList();
    for (DiagnosisCode code : DiagnosisCode.values()) {
      assertTrue(
          lines.stream().anyMatch(line -> line.split(" ")[0].equals(code.name())), run.out());
    }
    lines.forEach(line -> assertTrue(line.length() <= 80, line));
  }

  @Test
  void explainRefusesAnUnknownCode() {
    Run run = Cli.run("explain", "QK_TRANSPOSED");
    assertEquals(2, run.exitCode());
    assertTrue(run.err().contains("'QK_TRANSPOSED' is no diagnosis code"), run.err());
  }

  @Test
  void inspectTellsWhereEveryConfigFieldCameFrom() {
    Run run = Cli.run("inspect", files.gguf());
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.out().contains("stated by qwen2.block_count"), run.out());
    assertTrue(run.out().contains("blk.0.attn_q.weight"), run.out());
    Map<?, ?> json = JsonText.object(Cli.run("inspect", files.gguf(), "--format", "json").out());
    Map<?, ?> layers = (Map<?, ?>) ((Map<?, ?>) json.get("config")).get("num_layers");
    assertEquals(2L, layers.get("value"));
    assertEquals("stated", layers.get("origin"));
    assertEquals(27, ((List<?>) json.get("tensors")).size());
  }

  @Test
  void inspectionOutlivesItsFile() {
    for (Path file : List.of(files.gguf(), files.healthy())) {
      Run run = Cli.run("inspect", file, "-v");
      assertEquals(0, run.exitCode(), run.err());
      assertTrue(run.out().contains("[!, \", #, $, %, &, ', (] and 252 more"), run.out());
    }
  }

  @Test
  void tokenizeShowsIdsAndPieces() {
    Run run = Cli.run("tokenize", files.gguf(), "2+2=");
    assertEquals(0, run.exitCode(), run.err());
    assertEquals("17,10,17,28", run.out().lines().findFirst().orElseThrow());
    Map<?, ?> json =
        JsonText.object(Cli.run("tokenize", files.healthy(), " the", "--format", "json").out());
    assertEquals(List.of("Ġthe"), json.get("pieces"));
  }

  @Test
  void tokenizeTakesTheLinesOfAFile() throws IOException {
    Path lines = folder.resolve("lines.txt");
    Files.writeString(lines, "2+2=\n\n the\n");
    Run run = Cli.run("tokenize", files.gguf(), "--file", lines.toString());
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(3, run.out().lines().count(), run.out());
    String alone =
        Cli.run("tokenize", files.gguf(), " the").out().lines().findFirst().orElseThrow();
    assertEquals("[" + alone.replace(",", ", ") + "]", run.out().lines().toList().getLast());
    assertEquals(2, Cli.run("tokenize", files.gguf()).exitCode());
    assertEquals(2, Cli.run("tokenize", files.gguf(), "x", "--file", lines.toString()).exitCode());
  }

  @Test
  void traceWritesEveryCapturePoint() {
    Path out = folder.resolve("trace.safetensors");
    Run run = Cli.run("trace", files.gguf(), "--prompt", "2+2=", "-o", out);
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(Files.exists(out));
    assertTrue(run.err().contains("33 capture points of 4 tokens"), run.err());
    Run compared = Cli.run(out, files.healthy(), "--assert-match", "--format", "json");
    assertEquals(0, compared.exitCode(), compared.toString());
    assertFalse(((List<?>) JsonText.object(compared.out()).get("points")).isEmpty());
  }
}
