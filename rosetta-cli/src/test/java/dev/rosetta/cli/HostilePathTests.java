package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Paths that are no plain readable file, and outputs that cannot be written. */
final class HostilePathTests {
  @TempDir Path folder;
  private Path healthy;

  @BeforeEach
  void write() {
    healthy = folder.resolve("healthy.gguf");
    assertEquals(
        0,
        Cli.run("synth", "--arch", "llama", "--shape", "hidden=32,layers=1,ffn=32", "-o", healthy)
            .exitCode());
  }

  /** Every command that reads ends with exit 3 and this code, at once and in one line. */
  private void refused(String code, Path path) {
    for (Object[] line :
        new Object[][] {
          {path, healthy},
          {healthy, path},
          {"inspect", path},
          {"diff", path, healthy},
          {"tokenize", path, "x"},
          {"trace", path, "-o", folder.resolve("t.safetensors")},
          {"convert", path, folder.resolve("c.apr")},
        }) {
      Run run = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> Cli.run(line));
      assertEquals(3, run.exitCode(), () -> List.of(line) + " " + run);
      assertEquals(1, run.messages().size(), run::err);
      assertTrue(run.err().contains(code), () -> List.of(line) + " " + run);
      assertFalse(run.err().contains("\tat "), run::err);
    }
    assertFalse(Files.exists(folder.resolve("c.apr")));
    Map<?, ?> json = JsonText.object(Cli.run("inspect", path, "--format", "json").out());
    assertEquals(code, json.get("code"));
  }

  @Test
  void aPipeIsNotOpened() throws IOException, InterruptedException {
    Path pipe = folder.resolve("pipe.gguf");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    refused("NOT_A_FILE", pipe);
    Path linked = Files.createSymbolicLink(folder.resolve("link.gguf"), pipe);
    refused("NOT_A_FILE", linked);
  }

  /** A pipe in the place of any file that belongs to a model: reading one would wait for ever. */
  @Test
  void aPipeBesideTheWeightsIsNotOpened() throws IOException, InterruptedException {
    for (String name :
        List.of(
            "config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "model.safetensors",
            "model.safetensors.index.json")) {
      Path model = folder.resolve("with-" + name.replace('.', '-'));
      assertEquals(0, Cli.run("convert", healthy, model, "--format", "safetensors").exitCode());
      if (name.endsWith("index.json")) {
        Files.delete(model.resolve("model.safetensors"));
      }
      Files.deleteIfExists(model.resolve(name));
      assertEquals(
          0, new ProcessBuilder("mkfifo", model.resolve(name).toString()).start().waitFor());
      Run run =
          assertTimeoutPreemptively(
              Duration.ofSeconds(20), () -> Cli.run(model, healthy, "--quiet"));
      assertEquals(3, run.exitCode(), () -> name + " " + run);
      assertTrue(run.err().contains("NOT_A_FILE"), () -> name + " " + run);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/dev/zero", "/dev/null", "/dev/tty"})
  void devicesAreNotRead(String device) {
    refused("NOT_A_FILE", Path.of(device));
  }

  @Test
  void aFolderWithoutAModelIsNone() throws IOException {
    refused("UNKNOWN_FORMAT", Files.createDirectory(folder.resolve("empty")));
  }

  @Test
  void loopsOfLinksEnd() throws IOException {
    Path loop = folder.resolve("loop.gguf");
    Files.createSymbolicLink(loop, loop);
    refused("UNREADABLE", loop);
    Path one = folder.resolve("one.gguf");
    Path two = folder.resolve("two.gguf");
    Files.createSymbolicLink(one, two);
    Files.createSymbolicLink(two, one);
    refused("UNREADABLE", one);
    refused("NOT_FOUND", Files.createSymbolicLink(folder.resolve("dead"), folder.resolve("no")));
  }

  @Test
  void aFileWithoutPermissionIsNamed() throws IOException {
    Path secret = Files.copy(healthy, folder.resolve("secret.gguf"));
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("---------"));
    if (Files.isReadable(secret)) {
      // The superuser reads everything: then there is nothing to refuse.
      assertEquals(0, Cli.run("inspect", secret).exitCode());
    } else {
      refused("UNREADABLE", secret);
    }
  }

  @Test
  void namesThatAreNoPathsOrTooLongAreErrorsOfOneLine() {
    for (String name : List.of("a\0b.gguf", "x".repeat(300) + ".gguf", "d/".repeat(5000) + "x")) {
      for (Object[] line : new Object[][] {{"inspect", name}, {name, healthy}}) {
        Run run = Cli.run(line);
        assertTrue(run.exitCode() == 2 || run.exitCode() == 3, run::toString);
        assertFalse(run.err().contains("\tat "), run::err);
      }
    }
  }

  @Test
  void oddNamesOfHealthyFilesAreReadAndShownEscaped() throws IOException {
    for (String name :
        List.of(
            "new\nline.gguf", "esc\u001b[31m.gguf", "-dash.gguf", "blank .gguf", "%s${x}.gguf")) {
      Path odd = Files.copy(healthy, folder.resolve(name));
      Run run = Cli.run("inspect", odd);
      assertEquals(0, run.exitCode(), run::toString);
      assertFalse(run.out().contains("\u001b") || run.out().contains("new\nline"), run::out);
      Run same = Cli.run(odd, healthy, "--assert-match", "--quiet");
      assertEquals(0, same.exitCode(), same::toString);
      assertFalse(same.out().contains("\u001b") || same.err().contains("\u001b"), same::toString);
    }
  }

  /** An output that cannot be written is no success, and nothing is left beside it. */
  @Test
  void outputsThatCannotBeWrittenAreErrors() throws IOException {
    Path absent = folder.resolve("no/such/folder/out");
    Path full = Path.of("/dev/full");
    for (Object[] line :
        new Object[][] {
          {"convert", healthy, absent.resolveSibling("x.apr")},
          {"synth", "--arch", "llama", "-o", absent.resolveSibling("x.gguf")},
          {"trace", healthy, "-o", absent.resolveSibling("x.safetensors")},
          {"convert", healthy, full, "--format", "apr", "--force"},
          {"synth", "--arch", "llama", "-o", full, "--format", "gguf", "--force"},
          {healthy, healthy, "-o", full},
          {healthy, healthy, "-o", absent},
        }) {
      Run run = Cli.run(line);
      assertTrue(run.exitCode() != 0, () -> List.of(line) + " " + run);
      assertTrue(run.exitCode() < 5 || run.err().contains("NOT_WRITABLE"), run::toString);
      assertFalse(run.err().contains("\tat "), run::err);
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(healthy), left.toList());
    }
  }
}
