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
 * @param rows how B's rows regress on A's
 * @param lineage which side's values lie on the levels of a narrower type, and which; empty if none
 * @param standsOut whether it is at fault by differing more than the other layers' do, though
 *     within its steps
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
    RowSlopes.Medians rows,
    Lineage lineage,
    boolean standsOut,
    long nonFiniteA,
    long nonFiniteB) {

  /** Factor from A to B, as most rows have it; NaN if that was not worked out. */
  public double slope() {
    return rows.slope();
  }

  /** The same pair, at fault for {@code reason}. */
  WeightPair diverged(String reason, boolean amongSiblings) {
    return new WeightPair(
        a,
        b,
        comparison.judged(Status.DIVERGED, reason, comparison.budget()),
        normA,
        normB,
        worstRowNmse,
        worstRelative,
        rows,
        lineage,
        amongSiblings,
        nonFiniteA,
        nonFiniteB);
  }

  /** The same pair, explained by rounding for {@code reason}. */
  WeightPair noise(String reason, double budget) {
    return new WeightPair(
        a,
        b,
        comparison.judged(Status.NOISE, reason, budget),
        normA,
        normB,
        worstRowNmse,
        worstRelative,
        rows,
        lineage,
        false,
        nonFiniteA,
        nonFiniteB);
  }

  /**
   * The levels of a narrower type that it takes to explain a difference.
   *
   * @param a of side A's values, or null
   * @param b of side B's values, or null
   */
  public record Lineage(@Nullable Levels a, @Nullable Levels b) {
    static final Lineage NONE = new Lineage(null, null);

    @Override
    public String toString() {
      return (a == null ? "" : "; values of A " + a.words())
          + (b == null ? "" : "; values of B " + b.words());
    }
  }

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
