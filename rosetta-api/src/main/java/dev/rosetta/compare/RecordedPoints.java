package dev.rosetta.compare;

import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Compares two recordings point by point, as they are: there is no input to run again. */
public final class RecordedPoints {
  private RecordedPoints() {}

  /**
   * Every point of either recording that the filter selects. Points on one side only, and points of
   * unequal shape, are skipped, never cut to fit.
   *
   * @param threshold bound on the largest difference
   */
  public static List<PointComparison> compare(
      Trace a, Trace b, double threshold, @Nullable Pattern filter) {
    TreeSet<CapturePoint> all = new TreeSet<>(a.points().keySet());
    all.addAll(b.points().keySet());
    List<PointComparison> compared = new ArrayList<>();
    for (CapturePoint point : all) {
      if (filter == null || filter.matcher(point.name()).find()) {
        compared.add(compare(point, a.points().get(point), b.points().get(point), threshold));
      }
    }
    return compared;
  }

  private static PointComparison compare(
      CapturePoint point, @Nullable Activation a, @Nullable Activation b, double threshold) {
    if (a == null || b == null) {
      return skipped(point, a, b, "not captured on side " + (a == null ? "A" : "B"));
    }
    if (a.tokens() != b.tokens() || a.width() != b.width()) {
      return skipped(point, a, b, "the captures have unequal shapes");
    }
    DifferenceSum sum = DifferenceSum.of(a, b);
    // Written so that NaN fails.
    boolean within = sum.difference().maxDiff() <= threshold;
    return new PointComparison(
        point,
        List.of(a.tokens(), a.width()),
        List.of(b.tokens(), b.width()),
        within ? Status.OK : Status.DIVERGED,
        sum.hasNonFinite() ? "values that are not finite" : "the threshold",
        threshold,
        false,
        Double.NaN,
        null,
        sum.difference());
  }

  private static PointComparison skipped(
      CapturePoint point, @Nullable Activation a, @Nullable Activation b, String reason) {
    return new PointComparison(
        point, dims(a), dims(b), Status.SKIPPED, reason, Double.NaN, false, Double.NaN, null, null);
  }

  private static List<Integer> dims(@Nullable Activation activation) {
    return activation == null ? List.of() : List.of(activation.tokens(), activation.width());
  }
}
