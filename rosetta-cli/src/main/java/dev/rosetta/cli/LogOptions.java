package dev.rosetta.cli;

import picocli.CommandLine.Option;

/** What is told on standard error. */
final class LogOptions {
  @Option(
      names = {"-v", "--verbose"},
      description = "Tell every capture point and weight; a stack trace on internal errors.")
  boolean verbose;

  @Option(names = "--quiet", description = "No log on standard error, errors aside.")
  boolean quiet;

  @Option(names = "--no-progress", description = "No progress line.")
  boolean noProgress;

  /** Refuses what contradicts itself. */
  void check(Usage usage) {
    if (verbose && quiet) {
      throw usage.error("--verbose and --quiet contradict each other; give one of them");
    }
  }
}
