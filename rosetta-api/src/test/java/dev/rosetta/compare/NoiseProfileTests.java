package dev.rosetta.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.Difference;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NoiseProfileTests {
  private static final double PREDICTED = 0.01;

  private static PointComparison point(Site site, int layer, double excess) {
    return new PointComparison(
        new CapturePoint(site, layer),
        List.of(2, 8),
        List.of(2, 8),
        Status.NOISE,
        "test",
        1,
        true,
        PREDICTED,
        new Difference(1, 1, excess * PREDICTED, 1, 0, 0, 0, 0),
        null);
  }

  private static List<PointComparison> layers(int count, double usual) {
    List<PointComparison> points = new ArrayList<>();
    for (int layer = 0; layer < count; layer++) {
      points.add(point(Site.Q, layer, usual * (1 + 0.1 * (layer % 3))));
    }
    return points;
  }

  private static List<Integer> diverged(List<PointComparison> points) {
    return NoiseProfile.judge(points).stream()
        .filter(point -> point.status() == Status.DIVERGED)
        .map(point -> point.point().layer())
        .toList();
  }

  @Test
  void aLayerFarAboveItsKindIsAtFaultEvenWithinItsBound() {
    List<PointComparison> points = layers(12, 0.1);
    points.set(7, point(Site.Q, 7, 0.1 * 1.2 * NoiseProfile.LIMIT));
    assertEquals(List.of(7), diverged(points));
    PointComparison judged = NoiseProfile.judge(points).get(7);
    assertTrue(judged.local().relL2() > judged.tolerance(), "the tolerance that is exceeded");
  }

  @Test
  void whatAllLayersShareIsTheModelsOwn() {
    assertEquals(List.of(), diverged(layers(12, 3.5)));
  }

  @Test
  void aLittleAboveIsNoFault() {
    List<PointComparison> points = layers(12, 0.1);
    points.set(7, point(Site.Q, 7, 0.1 * 0.9 * NoiseProfile.LIMIT));
    assertEquals(List.of(), diverged(points));
  }

  @Test
  void fewLayersHaveNoMedianToSpeakOf() {
    List<PointComparison> points = layers(4, 0.1);
    points.set(2, point(Site.Q, 2, 90));
    assertEquals(List.of(), diverged(points));
  }

  @Test
  void kindsAreJudgedApart() {
    List<PointComparison> points = layers(12, 0.1);
    for (int layer = 0; layer < 12; layer++) {
      points.add(point(Site.FFN_UP, layer, 3));
    }
    assertEquals(List.of(), diverged(points));
  }
}
