package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that were made to break readers, as a user meets them: exit codes and messages. */
@Tag("shared")
final class HostileFilesTests {
  /** A line of the key: the file, what is expected of it, and the exit codes that say so. */
  record Entry(String file, String expect, List<?> exits) {
    @Override
    public String toString() {
      return file;
    }
  }

  static List<Entry> entries() throws IOException {
    if (SharedData.locate().isEmpty()) {
      return List.of();
    }
    List<Entry> entries = new ArrayList<>();
    String key = Files.readString(SharedData.path("hostile/KEY.json"));
    for (Object item : (List<?>) JsonText.object("{\"entries\":" + key + "}").get("entries")) {
      Map<?, ?> entry = (Map<?, ?>) item;
      entries.add(
          new Entry(
              (String) entry.get("file"),
              (String) entry.get("expect"),
              (List<?>) entry.get("exits")));
    }
    return entries;
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("entries")
  void endsAsTheKeySays(Entry entry) {
    Path file = SharedData.path("hostile/" + entry.file());
    Run run =
        assertTimeoutPreemptively(
            Duration.ofSeconds(30), () -> Cli.run("inspect", file, "--format", "json"));
    Map<?, ?> report = JsonText.object(run.out());
    if (run.exitCode() != 0) {
      Object stated = report.get("exitCode");
      assertTrue(stated == null || stated.equals((long) run.exitCode()), () -> entry + " " + run);
    }
    if (lacksAShard(file)) {
      assertEquals(3, run.exitCode(), run::toString);
      assertEquals("NOT_FOUND", report.get("code"), run::toString);
      return;
    }
    assertTrue(entry.exits().contains((long) run.exitCode()), run::toString);
    switch (entry.expect()) {
      case "ok" -> assertEquals(0, run.exitCode(), run::toString);
      case "error" -> assertTrue(run.exitCode() != 0 || entry.exits().contains(0L), run::toString);
      default -> assertEquals("either", entry.expect());
    }
  }

  /**
   * Whether a first file of a split model lies without its second. The sample of a whole split has
   * its first file alone, as that of an incomplete one does, so it cannot be read.
   */
  private static boolean lacksAShard(Path file) {
    String name = file.getFileName().toString();
    return name.contains("-00001-of-00002")
        && !Files.exists(file.resolveSibling(name.replace("-00001-", "-00002-")));
  }

  /** What the sample of a whole split cannot show. */
  @Test
  void aWholeSplitIsReadFromItsFirstFile() throws IOException {
    Path first;
    try (Stream<Path> files = Files.list(SharedData.path("golden/llama_tiny/f32_split"))) {
      first =
          files.filter(file -> file.toString().contains("-00001-of-")).findFirst().orElseThrow();
    }
    assertEquals(0, Cli.run("inspect", first).exitCode());
  }

  static List<Path> realFiles() throws IOException {
    if (SharedData.locate().isEmpty()) {
      return List.of();
    }
    List<Path> files = new ArrayList<>();
    for (String folder : List.of("real/formats", "real/vocab", "apr-samples")) {
      try (Stream<Path> all = Files.walk(SharedData.path(folder))) {
        all.filter(file -> file.toString().matches(".*\\.(gguf|safetensors|apr)"))
            .forEach(files::add);
      }
    }
    return files;
  }

  /**
   * Every file that others wrote is listed or refused by a code, and nothing of it is printed raw.
   */
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("realFiles")
  void realFilesAreListedOrRefused(Path file) {
    Run run = Cli.run("inspect", file, "--format", "json");
    Map<?, ?> report = JsonText.object(run.out());
    Object code = report.get("code");
    if (report.get("notes") instanceof List<?> notes) {
      for (Object note : notes) {
        Map<?, ?> map = (Map<?, ?>) note;
        boolean refusal = run.exitCode() != 0 && "error".equals(map.get("severity"));
        code = refusal ? map.get("code") : code;
      }
    }
    Object expected = null;
    if (file.getFileName().toString().startsWith("pre-release")) {
      expected = "UNSUPPORTED_VERSION";
    } else if (file.endsWith("truncated-6byte.gguf")) {
      expected = "FILE_TRUNCATED";
    } else if (isOfAnotherFamily(file)) {
      expected = "UNSUPPORTED_ARCHITECTURE";
    }
    assertEquals(expected, code, run::toString);
    assertEquals(expected == null ? 0 : 3, run.exitCode(), run::toString);
  }

  /** Files named .apr that hold no language model. */
  private static boolean isOfAnotherFamily(Path file) {
    return file.getFileName()
        .toString()
        .matches("(aprender-shell|bashrs|att48|berlin52|eil51|mnist|presentar|whisper).*");
  }
}
