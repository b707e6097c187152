package dev.rosetta.benchmarks;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a whole comparison of two Q4_K_M files with 1.5 billion parameters should take, from the
 * shell to the exit code, with a warm page cache.
 *
 * @param seconds by the clock
 */
record WholeGoal(String backend, int tokens, double seconds) {
  static final List<WholeGoal> ALL =
      List.of(
          new WholeGoal("panama", 4, 0.9),
          new WholeGoal("panama", 64, 3.5),
          new WholeGoal("java", 4, 2.5),
          new WholeGoal("java", 64, 6));

  /** Of any model: what is not page cache does not grow with the files. */
  static final long MOST_ANONYMOUS = 300L << 20;

  private static final double LEAST_PARAMETERS = 1.4e9;
  private static final double MOST_PARAMETERS = 1.8e9;
  private static final Pattern PARAMETERS = Pattern.compile("\"parameters\"\\s*:\\s*(\\d+)");
  private static final Pattern MOSTLY_Q4_K =
      Pattern.compile("\"elementTypes\"\\s*:\\s*\\{[^}]*\"Q4_K\"[^}]*\\}");

  /** Whether a report is of two models that the seconds were set for. */
  static boolean isFor(String report) {
    Matcher parameters = PARAMETERS.matcher(report);
    int sides = 0;
    while (parameters.find()) {
      double count = Double.parseDouble(parameters.group(1));
      sides += count >= LEAST_PARAMETERS && count <= MOST_PARAMETERS ? 1 : 0;
    }
    return sides == 2 && MOSTLY_Q4_K.matcher(report).results().count() == 2;
  }

  static boolean meetsMemory(WholeRun run) {
    return run.anonymous() <= MOST_ANONYMOUS;
  }

  boolean meetsTime(WholeRun run) {
    return !isFor(run.report()) || run.wall() <= seconds;
  }

  /** The members of a JSON object that say what the goal is and whether a run meets it. */
  String members(WholeRun run) {
    String time =
        isFor(run.report())
            ? String.format(Locale.ROOT, "\"goal\":%.1f,\"met\":%b", seconds, meetsTime(run))
            : "\"goal\":null,\"met\":null";
    return String.format(
        Locale.ROOT, "\"backend\":\"%s\",\"columns\":%d,%s", backend, tokens, time);
  }
}
