package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.BackendStatus;
import dev.rosetta.RosettaComparator;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ctrl-C in the middle of the work: the process ends, and the folder is as it was. */
final class InterruptTests {
  /** What a shell is told of a process that SIGINT ended: 128 + 2. */
  private static final int INTERRUPTED = 130;

  /** A process that still runs then does not stop at once. */
  private static final long PATIENCE_SECONDS = 10;

  @TempDir Path folder;

  /** Those of Rosetta itself that can be used here. */
  static Stream<String> backends() {
    Set<String> own = Set.of("panama", "java", "scalar");
    return RosettaComparator.create().backends().stream()
        .filter(BackendStatus::usable)
        .map(BackendStatus::name)
        .filter(own::contains);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aComparisonStopsAndLeavesTheOldReport(String backend)
      throws IOException, InterruptedException {
    Path a = synth("a.gguf", "qwen2");
    Path b = synth("b.apr", "qwen2");
    Path report = Files.writeString(folder.resolve("report.json"), "old");
    // A continuation that would take hours.
    Process process = start(a, b, "--backend", backend, "--max-tokens", 1_000_000, "-o", report);
    try (BufferedReader log = process.errorReader()) {
      // The last lines of the load log: both models are open, and the work begins.
      awaitLine(log, "'model.norm.weight'");
      TimeUnit.MILLISECONDS.sleep(500);
      interrupt(process);
    }
    assertEquals(List.of(a, b, report), files());
    assertEquals("old", Files.readString(report));
  }

  @Test
  void aConversionStopsAndLeavesTheOldModel() throws IOException, InterruptedException {
    Path input =
        synth("in.gguf", "llama", "--shape=hidden=256,layers=8,heads=8,kv=4,ffn=1024,vocab=32000");
    Path output = Files.writeString(folder.resolve("out.apr"), "old");
    Process process = start("convert", input, output, "--force", "--quant", "q4_k_m");
    while (files().size() == 2) {
      assertTrue(process.isAlive(), "the conversion ended before it wrote anything");
      TimeUnit.MILLISECONDS.sleep(5);
    }
    interrupt(process);
    assertEquals(List.of(input, output), files());
    assertEquals("old", Files.readString(output));
  }

  @Test
  void helpListsTheCodeOfAnInterruption() {
    String help = Cli.run("--help").out();
    String codes = help.substring(help.indexOf("Exit codes:"));
    assertTrue(codes.contains("\n  " + INTERRUPTED + "  interrupted"), help);
  }

  private Path synth(String name, String architecture, String... options) {
    Path file = folder.resolve(name);
    List<Object> arguments = new ArrayList<>(List.of("synth", "--arch", architecture, "-o", file));
    arguments.addAll(List.of(options));
    assertEquals(0, Cli.run(arguments.toArray()).exitCode());
    return file;
  }

  private static Process start(Object... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    // A shell that starts a build in the background makes it ignore SIGINT, and all that it starts.
    command.addAll(List.of("env", "--default-signal=INT"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(Rosetta.class.getName());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
  }

  private static void awaitLine(BufferedReader log, String part) throws IOException {
    StringBuilder read = new StringBuilder();
    for (String line = log.readLine(); line != null; line = log.readLine()) {
      if (line.contains(part)) {
        return;
      }
      read.append(line).append('\n');
    }
    throw new AssertionError("no line with " + part + " in:\n" + read);
  }

  /** Sends what a terminal sends on Ctrl-C, and waits. */
  private static void interrupt(Process process) throws IOException, InterruptedException {
    assertTrue(process.isAlive(), "ended before it was interrupted");
    String pid = Long.toString(process.pid());
    assertEquals(0, new ProcessBuilder("kill", "-INT", pid).start().waitFor());
    try {
      assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "goes on after SIGINT");
      assertEquals(INTERRUPTED, process.exitValue());
    } finally {
      process.destroyForcibly();
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }
}
