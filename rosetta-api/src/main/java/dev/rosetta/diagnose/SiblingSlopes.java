package dev.rosetta.diagnose;

import dev.rosetta.PointComparison.Status;
import dev.rosetta.Side;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.ElementType;
import java.util.List;

/**
 * By what factors the weights differ that nothing is wrong with, in the same pair of element types:
 * the control of a factor. A coarse quantiser shrinks every weight, and undoing that in a weight
 * which differs for another reason proves nothing.
 *
 * @param slopes factors from side A to side B
 * @param fromA whether the factor in question goes that way, too
 */
record SiblingSlopes(List<Double> slopes, boolean fromA) {
  /** Fewer others are no control. */
  private static final int FEWEST = 4;

  /** Distance from the others' median, in the distance of the furthest of them. */
  private static final double FURTHER = 1.5;

  static SiblingSlopes of(Suspicion s) {
    boolean fromA = s.side() == Side.B;
    ElementType a = (fromA ? s.reference() : s.suspect()).tensor().type();
    ElementType b = (fromA ? s.suspect() : s.reference()).tensor().type();
    return new SiblingSlopes(
        s.facts().weights().values().stream()
            .filter(pair -> pair.comparison().status() == Status.NOISE)
            .filter(pair -> pair.comparison().typeA() == a && pair.comparison().typeB() == b)
            .map(WeightPair::slope)
            .filter(slope -> !Double.isNaN(slope))
            .sorted()
            .toList(),
        fromA);
  }

  /** Whether a factor from the reference to the suspect is what the others have, too. */
  boolean isUsual(double factor) {
    if (slopes.size() < FEWEST) {
      return false;
    }
    double slope = fromA ? factor : 1 / factor;
    double median = slopes.get(slopes.size() / 2);
    double furthest = Math.max(slopes.getLast() - median, median - slopes.getFirst());
    return Math.abs(slope - median) <= FURTHER * furthest;
  }
}
