package dev.rosetta.cli;

import dev.rosetta.ComparisonRequest;
import picocli.CommandLine.Option;

/** How strictly is judged. */
final class JudgeOptions {
  @Option(
      names = "--threshold",
      paramLabel = "X",
      defaultValue = "" + ComparisonRequest.DEFAULT_THRESHOLD,
      description =
          "Bound on max_diff where element types are equal but bytes are not. Default:"
              + " ${DEFAULT-VALUE}.")
  double threshold = ComparisonRequest.DEFAULT_THRESHOLD;

  @Option(
      names = "--assert-match",
      description = "Exit with 1 if the models diverge and 4 if not everything could be compared.")
  boolean assertMatch;

  /** Refuses NaN, infinite and negative bounds, which would let everything or nothing pass. */
  void check(Usage usage) {
    if (!(threshold >= 0) || Double.isInfinite(threshold)) {
      throw usage.error(
          "--threshold must be a finite number that is not negative, not " + threshold);
    }
  }
}
