package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.apr.AprWriter;
import dev.rosetta.model.ElementType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FailureTests {
  @TempDir static Path folder;
  private static DemoFiles files;

  @BeforeAll
  static void write() {
    files = DemoFiles.write(folder);
  }

  @Test
  void missingInputExitsWithThreeInOneLine() {
    Path missing = folder.resolve("missing.apr");
    Run text = Cli.run(missing, files.gguf());
    assertEquals(3, text.exitCode());
    assertEquals("", text.out());
    assertEquals(1, text.messages().size());
    assertTrue(text.err().contains(missing.toString()), text.err());
    assertTrue(text.err().contains("NOT_FOUND"), text.err());

    Run json = Cli.run(missing, files.gguf(), "--format=json");
    assertEquals(3, json.exitCode());
    Map<?, ?> object = JsonText.object(json.out());
    assertEquals("rosetta-error/1", object.get("schema"));
    assertEquals(3L, object.get("exitCode"));
    assertEquals("NOT_FOUND", object.get("code"));
    assertEquals(missing.toString(), object.get("path"));
  }

  @Test
  void everyCommandThatReadsExitsWithThreeOnWhatIsNoModel() throws IOException {
    Path noise = Files.writeString(folder.resolve("noise.gguf"), "this is no model at all");
    Path out = folder.resolve("noise.safetensors");
    assertEquals(3, Cli.run(noise, files.gguf()).exitCode());
    assertEquals(3, Cli.run("diff", noise, files.gguf()).exitCode());
    assertEquals(3, Cli.run("inspect", noise).exitCode());
    assertEquals(3, Cli.run("tokenize", noise, "x").exitCode());
    assertEquals(3, Cli.run("trace", noise, "-o", out).exitCode());
    assertFalse(Files.exists(out));
  }

  @Test
  void truncatedFileIsNeverAMatch() throws IOException {
    byte[] whole = Files.readAllBytes(files.healthy());
    for (int length : new int[] {0, 3, 64, 512, whole.length / 2, whole.length - 1000}) {
      Path cut = folder.resolve("cut.apr");
      Files.write(cut, Arrays.copyOf(whole, length));
      Run run = Cli.run(cut, files.gguf(), "--assert-match", "--format", "json");
      assertTrue(run.exitCode() == 1 || run.exitCode() == 3, length + ": " + run);
      assertEquals((long) run.exitCode(), JsonText.object(run.out()).get("exitCode"));
    }
  }

  @Test
  void namesFromAFileReachTheTerminalEscaped() {
    String evil = "evil\u001b]8;;http://x\u0007\u202e\u200b\nfake: MATCH";
    List<TensorEntry> tensors =
        new ArrayList<>(DemoFiles.aprTensors(new DemoModel(), DemoFiles.Fault.NONE));
    tensors.add(TensorEntry.of(evil, ElementType.F32, List.of(1L), new byte[4]));
    Map<String, Object> metadata = new LinkedHashMap<>(DemoFiles.aprMetadata(new DemoModel()));
    metadata.put("evil\u001b[2Jkey\u009b", "value\u001b[31m");
    Path hostile = folder.resolve("hostile.apr");
    AprWriter.write(hostile, metadata, tensors);
    for (Run run :
        List.of(
            Cli.run(hostile, files.gguf(), "-v"),
            Cli.run(hostile, files.gguf(), "--format", "json"),
            Cli.run("inspect", hostile, "-v"),
            Cli.run("inspect", hostile, "--format", "json"),
            Cli.run("diff", hostile, files.gguf(), "-v"),
            Cli.run("evil\u001b[31m", files.gguf()),
            Cli.run(hostile, files.gguf(), "--evil\u001b[31m"),
            Cli.run(hostile, files.gguf(), "--filter", "\u001b[31m\u202e"))) {
      assertTrue(run.exitCode() < 5, run.err());
      assertHarmless(run.out());
      assertHarmless(run.err());
      assertFalse(run.out().isEmpty() && run.err().isEmpty());
    }
    assertTrue(Cli.run("inspect", hostile).out().contains("evil\\u001b]8;;http://x\\u0007"));
  }

  private static void assertHarmless(String text) {
    text.codePoints()
        .forEach(
            c ->
                assertTrue(
                    c == '\n'
                        || Character.getType(c) != Character.CONTROL
                            && Character.getType(c) != Character.FORMAT,
                    () -> "U+" + Integer.toHexString(c) + " in " + text));
    assertFalse(text.lines().anyMatch(line -> line.startsWith("fake")), text);
  }

  @Test
  void reportThatCannotBeWrittenIsNoSuccess() {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int exitCode =
        Rosetta.execute(
            new String[] {files.healthy().toString(), files.gguf().toString(), "--quiet"},
            failing("No space left on device"),
            err);
    String message = err.toString(StandardCharsets.UTF_8);
    assertEquals(5, exitCode);
    assertEquals(
        "rosetta: error: cannot write to standard output: No space left on device\n", message);
    assertEquals(
        5, Rosetta.execute(new String[] {"--help"}, failing("No space left on device"), err));
  }

  @Test
  void readerThatWentAwayIsNotTold() {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int exitCode =
        Rosetta.execute(
            new String[] {files.healthy().toString(), files.gguf().toString(), "--quiet"},
            failing("Broken pipe"),
            err);
    assertEquals(5, exitCode);
    assertEquals("", err.toString(StandardCharsets.UTF_8));
  }

  private static OutputStream failing(String reason) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException(reason);
      }
    };
  }
}
