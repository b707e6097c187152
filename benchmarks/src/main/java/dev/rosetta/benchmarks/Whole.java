package dev.rosetta.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Measures whole comparisons from the start of the process to its exit code. One JSON object per
 * run on standard output, then one with the medians and the goals that they meet.
 */
public final class Whole {
  private static final int REPETITIONS = 5;
  private static final int UNMET = 1;
  private static final int NOT_MEASURED = 3;

  private Whole() {}

  /**
   * Arguments: the command to run. If it ends in two files, they are compared on each back end with
   * each number of tokens that has a goal; with options, as it stands. Exits with 1 if a goal is
   * missed and 3 if a comparison fails.
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    if (args.length < 4) {
      System.err.println("usage: run whole --a FILE --b FILE [option of 'rosetta compare' ...]");
      System.exit(2);
    }
    List<String> command = new ArrayList<>(Arrays.asList(args));
    command.addAll(List.of("--format", "json"));
    boolean met = true;
    if (args.length > 4) {
      WholeRun median = median(command);
      print("median", memory(median) + "," + median.members());
      met = WholeGoal.meetsMemory(median);
    } else {
      for (WholeGoal goal : WholeGoal.ALL) {
        List<String> one = new ArrayList<>(command);
        one.addAll(List.of("--backend", goal.backend(), "--tokens", ids(goal.tokens())));
        WholeRun median = median(one);
        print("median", goal.members(median) + "," + memory(median) + "," + median.members());
        met &= goal.meetsTime(median) && WholeGoal.meetsMemory(median);
      }
    }
    System.exit(met ? 0 : UNMET);
  }

  /** Runs once to warm the page cache, and then to measure. */
  private static WholeRun median(List<String> command) throws IOException, InterruptedException {
    List<WholeRun> runs = new ArrayList<>();
    for (int i = 0; i <= REPETITIONS; i++) {
      WholeRun run = WholeRun.of(command);
      if (run.exit() != 0) {
        System.err.println(
            "ended with " + run.exit() + ", run it to see why: " + String.join(" ", command));
        System.exit(NOT_MEASURED);
      }
      if (i > 0) {
        print("run", run.members());
        runs.add(run);
      }
    }
    return WholeRun.median(runs);
  }

  private static String ids(int tokens) {
    return IntStream.rangeClosed(1, tokens)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(","));
  }

  private static String memory(WholeRun run) {
    return String.format(
        Locale.ROOT,
        "\"goalMiB\":%d,\"metMemory\":%b",
        WholeGoal.MOST_ANONYMOUS >> 20,
        WholeGoal.meetsMemory(run));
  }

  private static void print(String what, String members) {
    System.out.println("{\"what\":\"" + what + "\"," + members + "}");
  }
}
