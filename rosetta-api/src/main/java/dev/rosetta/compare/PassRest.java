package dev.rosetta.compare;

import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import java.util.List;

/**
 * What a pass found from a layer on. Both sides' operations run on side A's activations, so another
 * weight of side B changes what is found of its own operation alone: a pass in which only weights
 * of side B in front of that layer are other ones would find the same. Other weights of side A
 * change its activations behind them, on which only the same functions are sure to agree again.
 *
 * @param layer the first layer of the rest
 * @param points what was found there, before noise is judged over the whole pass
 */
public record PassRest(int layer, List<PointComparison> points) {

  /** Nothing is known: a pass goes on to its end. */
  public static final PassRest UNKNOWN = new PassRest(Integer.MAX_VALUE, List.of());

  public PassRest {
    points = List.copyOf(points);
  }

  /**
   * The part from {@code first} on, or nothing where it may not hold.
   *
   * @param otherActivations whether weights of side A in front of it are other ones
   */
  public PassRest from(int first, boolean otherActivations) {
    if (first < layer || first == UNKNOWN.layer) {
      return UNKNOWN;
    }
    CapturePoint begin = CapturePoint.of(Site.ATTN_NORM, first);
    List<PointComparison> rest =
        points.stream().filter(p -> p.point().compareTo(begin) >= 0).toList();
    return otherActivations && !rest.stream().allMatch(PassRest::isSameFunction)
        ? UNKNOWN
        : new PassRest(first, rest);
  }

  private static boolean isSameFunction(PointComparison point) {
    return point.status() == Status.OK && point.tolerance() == 0;
  }
}
