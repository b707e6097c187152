package dev.rosetta.compare;

import dev.rosetta.Difference;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.engine.Engine;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sums up what both sides made of one operation, which may come in pieces of positions, in their
 * order. Not thread-safe.
 */
@SuppressWarnings("ReferenceEquality") // One object stands for both sides where they share it.
final class PointSum {
  /** Positions that are summed up at a time: the same whatever the number of threads. */
  private static final int CHUNK = 8;

  /** From this number of values on, threads are worth waking. */
  private static final int LARGE = 1 << 16;

  private final CapturePoint point;
  private final boolean same;
  private final Engine engine;
  private final DifferenceSum local = new DifferenceSum();
  private final DifferenceSum propagated = new DifferenceSum();
  private int positions;
  private boolean finite = true;
  private boolean shared = true;
  private boolean hasOwn;
  private int widthA;
  private int widthB;
  private @Nullable Difference none;

  /**
   * @param same whether the operation is the same function on both sides
   */
  PointSum(CapturePoint point, boolean same, Engine engine) {
    this.point = point;
    this.same = same;
    this.engine = engine;
  }

  /**
   * Both sides' results of one operation.
   *
   * @param a side A's on the reference
   * @param localB side B's on the reference; {@code a} itself for the same function
   * @param ownA side A's on its own activations, {@code a} itself where they are the reference
   * @param ownB side B's on its own activations, {@code localB} itself where they are the
   *     reference; null where it has none
   */
  record Results(Activation a, Activation localB, Activation ownA, @Nullable Activation ownB) {}

  /**
   * Adds the results at further positions, of which nothing is kept; all pieces agree in what they
   * have, and in width.
   */
  void add(Results results) {
    Activation a = results.a();
    Activation ownB = results.ownB();
    if (!same) {
      local.add(difference(a, results.localB()));
    } else if (!isFinite(a)) {
      finite = false;
      local.add(difference(a, a));
    }
    boolean onReference = results.ownA() == a && ownB == results.localB();
    shared &= onReference;
    if (ownB != null && ownB.width() == a.width() && !onReference) {
      propagated.add(difference(results.ownA(), ownB));
    }
    hasOwn = ownB != null && ownB.width() == a.width();
    positions += a.tokens();
    widthA = a.width();
    widthB = results.localB().width();
    if (none == null) {
      none = DifferenceSum.none(a);
    }
  }

  private DifferenceSum difference(Activation x, Activation y) {
    if (x.values().length < LARGE) {
      return DifferenceSum.of(x, y, 0, x.tokens(), positions);
    }
    DifferenceSum sum = new DifferenceSum();
    engine
        .forEach(
            Math.ceilDiv(x.tokens(), CHUNK),
            chunk -> {
              int from = chunk * CHUNK;
              int to = Math.min(from + CHUNK, x.tokens());
              return DifferenceSum.of(x, y, from, to, positions);
            })
        .forEach(sum::add);
    return sum;
  }

  private boolean isFinite(Activation x) {
    if (x.values().length < LARGE) {
      return x.isFinite();
    }
    return !engine
        .forEach(
            Math.ceilDiv(x.tokens(), CHUNK),
            chunk -> x.isFinite(chunk * CHUNK, Math.min(chunk * CHUNK + CHUNK, x.tokens())))
        .contains(false);
  }

  /** Whether side A's results so far hold neither NaN nor infinity. */
  boolean isFiniteA() {
    return same ? finite : local.nonFiniteA() == 0;
  }

  /** Root of side A's sum of squares; for functions that are not the same. */
  double norm() {
    return local.normA();
  }

  /** Number of positions so far. */
  int positions() {
    return positions;
  }

  /** The comparison of the same function on both sides. */
  PointComparison computedOnce() {
    Difference difference = finite ? none : local.difference();
    String reason = shared ? "same values and input: computed once" : "same values: computed once";
    return new PointComparison(
        point,
        List.of(positions, widthA),
        List.of(positions, widthB),
        finite ? Status.OK : Status.DIVERGED,
        finite ? reason : "values that are not finite",
        0,
        false,
        Double.NaN,
        difference,
        propagated(difference));
  }

  /** The comparison of two functions, within {@code bound}. */
  PointComparison judged(Judge.Bound bound) {
    Difference difference = local.difference();
    return new PointComparison(
        point,
        List.of(positions, widthA),
        List.of(positions, widthB),
        Judge.status(bound, difference),
        local.hasNonFinite() ? "values that are not finite" : bound.reason(),
        bound.tolerance(),
        bound.relative(),
        bound.predicted(),
        difference,
        propagated(difference));
  }

  private @Nullable Difference propagated(@Nullable Difference ofLocal) {
    return shared ? ofLocal : hasOwn ? propagated.difference() : null;
  }
}
