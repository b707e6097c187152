package dev.rosetta.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Runs the command line within the test. */
final class Cli {
  private Cli() {}

  /** What a run left behind. */
  record Run(int exitCode, String out, String err) {

    /** Lines of standard error that are not the load log. */
    List<String> messages() {
      return err.lines().filter(line -> !line.startsWith("[APR-LOAD] ")).toList();
    }
  }

  static Run run(Object... args) {
    String[] texts = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      texts[i] = args[i] instanceof Path path ? path.toString() : (String) args[i];
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int exitCode = Rosetta.execute(texts, out, err);
    return new Run(
        exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
