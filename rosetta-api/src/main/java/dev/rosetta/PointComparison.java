package dev.rosetta;

import dev.rosetta.trace.CapturePoint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The comparison of one capture point.
 *
 * @param point where
 * @param dimsA {@code [tokens, width]} on side A; empty if not captured
 * @param dimsB the same on side B
 * @param status the outcome
 * @param reason why it was skipped, or what the tolerance follows from
 * @param tolerance bound on the local {@code maxDiff}, or on {@code relL2} where {@code
 *     relativeTolerance}; NaN where skipped
 * @param relativeTolerance whether {@code tolerance} bounds {@code relL2} rather than {@code
 *     maxDiff}
 * @param predicted local {@code relL2} to expect of the weights' own difference in element type;
 *     NaN where the operation has no such weight
 * @param local side B's operation on side A's input against side A's; null where not measured
 * @param propagated each side on its own activations; null where not measured
 */
public record PointComparison(
    CapturePoint point,
    List<Integer> dimsA,
    List<Integer> dimsB,
    Status status,
    String reason,
    double tolerance,
    boolean relativeTolerance,
    double predicted,
    @Nullable Difference local,
    @Nullable Difference propagated) {

  /** The outcome at one capture point. */
  public enum Status {
    /** Equal, or within the plain threshold. */
    OK,
    /** Different by no more than the element types explain. */
    NOISE,
    /** Beyond the tolerance. */
    DIVERGED,
    /** Not compared; never counts as a match. */
    SKIPPED
  }

  public PointComparison {
    dimsA = List.copyOf(dimsA);
    dimsB = List.copyOf(dimsB);
  }

  /** Local {@code relL2} in multiples of what was predicted; NaN where nothing was. */
  public double excess() {
    return local != null && predicted > 0 ? local.relL2() / predicted : Double.NaN;
  }
}
