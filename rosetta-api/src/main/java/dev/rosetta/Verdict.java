package dev.rosetta;

/** The outcome of a comparison. */
public enum Verdict {
  /**
   * Every required capture point was compared on both sides, none exceeds its tolerance, and no
   * check found a fault.
   */
  MATCH,
  /** At least one capture point, weight, config field, token id or structural check is at fault. */
  DIVERGED,
  /** Nothing is at fault, but something required was not compared. */
  INCONCLUSIVE;

  /** Exit code of the CLI for this verdict: 0, 1 and 4 with {@code --assert-match}, else 0. */
  public int exitCode(boolean assertMatch) {
    if (!assertMatch) {
      return 0;
    }
    return switch (this) {
      case MATCH -> 0;
      case DIVERGED -> 1;
      case INCONCLUSIVE -> 4;
    };
  }
}
