package dev.rosetta.compare;

import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.trace.CapturePoint.Site;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The same operation of every layer, side by side: how far noise exceeds its prediction is a matter
 * of a model's activations and much alike from layer to layer, so that the median over the layers
 * calibrates the prediction, and a layer far above it is at fault even within its own bound.
 */
final class NoiseProfile {
  /** A median of fewer layers says little. */
  private static final int FEWEST_LAYERS = 6;

  /**
   * Largest excess of one layer over the median of all. Random models stay below a quarter of it;
   * trained ones are given room for the outliers of single layers.
   */
  static final double LIMIT = 8;

  private NoiseProfile() {}

  /** {@code points} with those that stand out among their kind {@link Status#DIVERGED}. */
  static List<PointComparison> judge(List<PointComparison> points) {
    Map<Site, List<Double>> bySite = new EnumMap<>(Site.class);
    for (PointComparison point : points) {
      if (point.point().layer() >= 0 && !Double.isNaN(point.excess())) {
        bySite.computeIfAbsent(point.point().site(), s -> new ArrayList<>()).add(point.excess());
      }
    }
    List<PointComparison> judged = new ArrayList<>(points.size());
    for (PointComparison point : points) {
      List<Double> kind = bySite.getOrDefault(point.point().site(), List.of());
      boolean standsOut =
          point.status() == Status.NOISE
              && kind.size() >= FEWEST_LAYERS
              && point.excess() > LIMIT * median(kind);
      judged.add(standsOut ? diverged(point, median(kind)) : point);
    }
    return judged;
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  private static PointComparison diverged(PointComparison point, double median) {
    return new PointComparison(
        point.point(),
        point.dimsA(),
        point.dimsB(),
        Status.DIVERGED,
        "far above the same operation of the other layers",
        LIMIT * median * point.predicted(),
        point.relativeTolerance(),
        point.predicted(),
        point.local(),
        point.propagated());
  }
}
