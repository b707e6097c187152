package dev.rosetta;

/**
 * How much of what a verdict needs was compared.
 *
 * @param points capture points
 * @param tensors weights
 * @param config effective config fields
 */
public record Coverage(Count points, Count tensors, Count config) {

  /** Compared against expected. */
  public record Count(int compared, int expected) {

    /** Whether something was expected and all of it was compared. */
    public boolean complete() {
      return expected > 0 && compared == expected;
    }
  }
}
