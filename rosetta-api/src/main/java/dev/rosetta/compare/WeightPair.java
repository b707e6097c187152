package dev.rosetta.compare;

import dev.rosetta.PointComparison.Status;
import dev.rosetta.TensorComparison;
import dev.rosetta.normalize.Weight;
import org.jspecify.annotations.Nullable;

/**
 * A weight of both sides and what comparing them showed.
 *
 * @param a side A's, or null if absent
 * @param b side B's, or null if absent
 * @param comparison the outcome for the report
 * @param normA root of the sum of squares of A
 * @param normB root of the sum of squares of B
 * @param worstRowNmse largest normalised squared error of one row
 * @param worstRelative largest relative error of one element
 * @param nonFiniteA elements of A that are NaN or infinite, where values were compared
 * @param nonFiniteB the same for B
 */
public record WeightPair(
    @Nullable Weight a,
    @Nullable Weight b,
    TensorComparison comparison,
    double normA,
    double normB,
    double worstRowNmse,
    double worstRelative,
    long nonFiniteA,
    long nonFiniteB) {

  /** Whether both sides hold the same values, bit for bit after decoding. */
  public boolean sameValues() {
    return comparison.sameBytes() || (comparison.status() == Status.OK && comparison.nmse() == 0);
  }

  /**
   * Whether one side alone holds it and that makes no difference: it is zero, or the other side
   * states the same by its config.
   */
  public boolean needsNoCounterpart() {
    return (a == null) != (b == null) && comparison.status() == Status.OK;
  }
}
