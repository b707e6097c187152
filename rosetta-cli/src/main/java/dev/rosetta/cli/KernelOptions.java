package dev.rosetta.cli;

import dev.rosetta.BackendStatus;
import dev.rosetta.RosettaComparator;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** What computes. */
final class KernelOptions {
  private static final int MOST_THREADS = 1024;

  /**
   * System property of the launcher: the back end that {@code auto} stands for where it started
   * Java without what the others need.
   */
  private static final String AUTO_PROPERTY = "rosetta.backend.auto";

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description =
          "auto, panama, java or scalar; all give the same bits. Default: ${DEFAULT-VALUE}.")
  String backend = "auto";

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Worker threads. Default: one per processor.")
  int threads;

  /** The name to choose by. */
  String name() {
    return backend.equals("auto") ? System.getProperty(AUTO_PROPERTY, backend) : backend;
  }

  /** Refuses a back end that cannot be used and a number of threads that makes no sense. */
  void check(Usage usage, RosettaComparator comparator) {
    if (usage.isGiven("--threads") && (threads < 1 || threads > MOST_THREADS)) {
      throw usage.error("--threads must be from 1 to " + MOST_THREADS + ", not " + threads);
    }
    if (backend.equals("auto")) {
      return;
    }
    List<BackendStatus> all = comparator.backends();
    BackendStatus chosen =
        all.stream().filter(status -> status.name().equals(backend)).findFirst().orElse(null);
    if (chosen == null) {
      String names = all.stream().map(BackendStatus::name).collect(Collectors.joining(", "));
      throw usage.error("--backend " + backend + " is unknown; there are auto, " + names);
    }
    if (!chosen.usable()) {
      throw usage.error("--backend " + backend + " cannot be used here: " + chosen.reason());
    }
  }
}
