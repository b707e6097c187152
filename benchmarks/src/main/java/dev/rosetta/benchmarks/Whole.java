package dev.rosetta.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Measures whole comparisons from the start of the process to its exit code: wall-clock and
 * processor time, peak resident memory, and the phases that the report names. For Linux. One JSON
 * object per run on standard output, then one with the medians.
 */
public final class Whole {
  private static final int REPETITIONS = 5;
  private static final int POLL_MILLIS = 5;
  private static final double TICKS_PER_SECOND = 100;

  private Whole() {}

  /** What one process used. Memory in bytes; {@code anonymous} is what is not page cache. */
  private record Run(
      int exit,
      double wall,
      double user,
      double system,
      long resident,
      long anonymous,
      Map<String, Double> phases) {}

  /**
   * Arguments: the command to run; {@code --format json} is added to it.
   *
   * @throws IOException if it cannot be started
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    if (args.length == 0) {
      System.err.println("usage: run whole --a FILE --b FILE [option of 'rosetta compare' ...]");
      System.exit(2);
    }
    List<String> command = new ArrayList<>(Arrays.asList(args));
    command.addAll(List.of("--format", "json"));
    List<Run> runs = new ArrayList<>();
    run(command);
    for (int i = 0; i < REPETITIONS; i++) {
      Run run = run(command);
      print("run", run);
      runs.add(run);
    }
    print("median", median(runs));
  }

  private static Run run(List<String> command) throws IOException, InterruptedException {
    Path output = Files.createTempFile("whole", ".json");
    try {
      long start = System.nanoTime();
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(output.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      Path proc = Path.of("/proc/" + process.pid());
      long resident = 0;
      long anonymous = 0;
      double user = 0;
      double system = 0;
      while (process.isAlive()) {
        String status = read(proc.resolve("status"));
        resident = Math.max(resident, kilobytes(status, "VmHWM"));
        anonymous = Math.max(anonymous, kilobytes(status, "RssAnon"));
        String stat = read(proc.resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        if (fields.length > 12) {
          user = Double.parseDouble(fields[11]) / TICKS_PER_SECOND;
          system = Double.parseDouble(fields[12]) / TICKS_PER_SECOND;
        }
        process.waitFor(POLL_MILLIS, java.util.concurrent.TimeUnit.MILLISECONDS);
      }
      double wall = (System.nanoTime() - start) / 1e9;
      String report = Files.readString(output, StandardCharsets.UTF_8);
      return new Run(process.exitValue(), wall, user, system, resident, anonymous, phases(report));
    } finally {
      Files.deleteIfExists(output);
    }
  }

  /** The file's text, or nothing if the process has gone meanwhile. */
  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  private static long kilobytes(String status, String key) {
    Matcher line = Pattern.compile("(?m)^" + key + ":\\s+(\\d+) kB").matcher(status);
    return line.find() ? Long.parseLong(line.group(1)) << 10 : 0;
  }

  /** The numbers of the report's {@code timings}. */
  private static Map<String, Double> phases(String report) {
    Map<String, Double> phases = new TreeMap<>();
    Matcher timings = Pattern.compile("\"timings\"\\s*:\\s*\\{([^}]*)\\}").matcher(report);
    if (timings.find()) {
      Matcher entry =
          Pattern.compile("\"([^\"]+)\"\\s*:\\s*([-+.\\deE]+)").matcher(timings.group(1));
      while (entry.find()) {
        phases.put(entry.group(1), Double.parseDouble(entry.group(2)));
      }
    }
    return phases;
  }

  /** The run with the median wall-clock time. */
  private static Run median(List<Run> runs) {
    return runs.stream()
        .sorted(java.util.Comparator.comparingDouble(Run::wall))
        .toList()
        .get(runs.size() / 2);
  }

  private static void print(String what, Run run) {
    StringBuilder phases = new StringBuilder();
    run.phases()
        .forEach(
            (name, seconds) ->
                phases
                    .append(phases.isEmpty() ? "" : ",")
                    .append(String.format(Locale.ROOT, "\"%s\":%.3f", name, seconds)));
    System.out.printf(
        Locale.ROOT,
        "{\"what\":\"%s\",\"exit\":%d,\"wall\":%.3f,\"user\":%.2f,\"system\":%.2f,"
            + "\"residentMiB\":%d,\"anonymousMiB\":%d,\"phases\":{%s}}%n",
        what,
        run.exit(),
        run.wall(),
        run.user(),
        run.system(),
        run.resident() >> 20,
        run.anonymous() >> 20,
        phases);
  }
}
