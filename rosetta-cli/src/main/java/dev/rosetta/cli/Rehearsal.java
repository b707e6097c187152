package dev.rosetta.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs what users run, on tiny models of its own. The launcher starts it after a build while the
 * JVM records which classes a start needs, so that later starts find them ready.
 */
final class Rehearsal {
  private Rehearsal() {}

  /** Arguments: options of {@code compare} to run with. */
  public static void main(String[] args) {
    List<String> options = List.of(args);
    try (TemporaryFolder folder = new TemporaryFolder()) {
      String healthy = folder.path().resolve("healthy.gguf").toString();
      String faulty = folder.path().resolve("faulty.gguf").toString();
      List<String> synth = List.of("synth", "--arch", "qwen2", "--quant", "q4_k_m", "-o");
      run(synth, healthy);
      run(synth, faulty, "--plant", "transpose:layers.1.ffn_gate");
      run(List.of("compare", healthy, healthy, "--tokens", "1,2,3,4"), options);
      run(List.of(healthy, faulty), options);
      run(List.of("compare", healthy, faulty, "--prompt", "2+2=", "--format", "json"), options);
      run(List.of("inspect", healthy));
    }
  }

  private static void run(List<String> command, String... more) {
    run(command, List.of(more));
  }

  private static void run(List<String> command, List<String> more) {
    List<String> arguments = new ArrayList<>(command);
    arguments.addAll(more);
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    int exitCode = Rosetta.execute(arguments.toArray(String[]::new), log, log);
    if (exitCode != 0) {
      throw new IllegalStateException(
          arguments + " ended with " + exitCode + ": " + log.toString(StandardCharsets.UTF_8));
    }
  }
}
