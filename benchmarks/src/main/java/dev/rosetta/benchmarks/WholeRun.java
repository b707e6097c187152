package dev.rosetta.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one process used, from its start to its end. For Linux.
 *
 * @param wall seconds by the clock
 * @param user processor seconds of the process itself
 * @param system processor seconds of the kernel for it
 * @param resident peak of resident memory in bytes, pages of mapped files included
 * @param anonymous peak of the resident memory that is no page of a file, in bytes
 * @param report what it wrote to standard output
 */
record WholeRun(
    int exit,
    double wall,
    double user,
    double system,
    long resident,
    long anonymous,
    String report) {
  private static final int POLL_MILLIS = 5;
  private static final double TICKS_PER_SECOND = 100;

  /** Resident memory that the kernel counts, in bytes. */
  record Memory(long resident, long anonymous) {

    /** From the text of {@code /proc/PID/status}; zeros where it says nothing. */
    static Memory of(String status) {
      // Shared anonymous pages are no page cache either.
      return new Memory(
          kilobytes(status, "VmHWM"), kilobytes(status, "RssAnon") + kilobytes(status, "RssShmem"));
    }

    private static long kilobytes(String status, String key) {
      Matcher line = Pattern.compile("(?m)^" + key + ":\\s+(\\d+) kB").matcher(status);
      return line.find() ? Long.parseLong(line.group(1)) << 10 : 0;
    }
  }

  /** Runs a command to its end. */
  static WholeRun of(List<String> command) throws IOException, InterruptedException {
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
        Memory memory = Memory.of(read(proc.resolve("status")));
        resident = Math.max(resident, memory.resident());
        anonymous = Math.max(anonymous, memory.anonymous());
        String stat = read(proc.resolve("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        if (fields.length > 12) {
          user = Double.parseDouble(fields[11]) / TICKS_PER_SECOND;
          system = Double.parseDouble(fields[12]) / TICKS_PER_SECOND;
        }
        process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
      }
      double wall = (System.nanoTime() - start) / 1e9;
      String report = Files.readString(output, StandardCharsets.UTF_8);
      return new WholeRun(process.exitValue(), wall, user, system, resident, anonymous, report);
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

  /** Seconds by the names of the report's {@code timings}. */
  Map<String, Double> phases() {
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

  /** The run with the median wall-clock time, and the most memory that any of them took. */
  static WholeRun median(List<WholeRun> runs) {
    WholeRun median =
        runs.stream()
            .sorted(Comparator.comparingDouble(WholeRun::wall))
            .toList()
            .get(runs.size() / 2);
    return new WholeRun(
        median.exit,
        median.wall,
        median.user,
        median.system,
        runs.stream().mapToLong(WholeRun::resident).max().orElse(0),
        runs.stream().mapToLong(WholeRun::anonymous).max().orElse(0),
        median.report);
  }

  /** The members of a JSON object, without braces. */
  String members() {
    StringBuilder phases = new StringBuilder();
    phases()
        .forEach(
            (name, seconds) ->
                phases
                    .append(phases.isEmpty() ? "" : ",")
                    .append(String.format(Locale.ROOT, "\"%s\":%.3f", name, seconds)));
    return String.format(
        Locale.ROOT,
        "\"exit\":%d,\"wall\":%.3f,\"user\":%.2f,\"system\":%.2f,\"residentMiB\":%d,"
            + "\"anonymousMiB\":%d,\"phases\":{%s}",
        exit,
        wall,
        user,
        system,
        resident >> 20,
        anonymous >> 20,
        phases);
  }
}
