package dev.rosetta.compare;

import dev.rosetta.trace.Activation;
import java.util.Optional;

/** What a pass can go on from where a result is not finite at every position. */
final class FinitePositions {
  private FinitePositions() {}

  /**
   * Side A's values at the positions where all of them are finite, side B's at the others; empty if
   * a position is finite on neither side.
   *
   * @param b side B's, of the same width
   */
  static Optional<Activation> of(Activation a, Activation b) {
    float[] values = a.values().clone();
    for (int t = 0; t < a.tokens(); t++) {
      if (a.isFinite(t, t + 1)) {
        continue;
      }
      if (!b.isFinite(t, t + 1)) {
        return Optional.empty();
      }
      System.arraycopy(b.values(), t * a.width(), values, t * a.width(), a.width());
    }
    return Optional.of(new Activation(a.tokens(), a.width(), values));
  }
}
