package dev.rosetta.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import dev.rosetta.trace.Trace;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class RecordedPointsTests {
  private static final CapturePoint EMBEDDING = CapturePoint.of(Site.EMBEDDING);
  private static final CapturePoint Q = CapturePoint.of(Site.Q, 0);

  private static Trace trace(CapturePoint point, int tokens, int width, float... values) {
    TreeMap<CapturePoint, Activation> points = new TreeMap<>();
    points.put(point, new Activation(tokens, width, values));
    return new Trace(new int[tokens], points);
  }

  private static PointComparison only(Trace a, Trace b) {
    List<PointComparison> points = RecordedPoints.compare(a, b, 0.1, null);
    assertEquals(1, points.size());
    return points.getFirst();
  }

  @Test
  void valuesWithinTheThresholdAgree() {
    Trace a = trace(Q, 1, 2, 1, 2);
    assertEquals(Status.OK, only(a, trace(Q, 1, 2, 1, 2.05f)).status());
    PointComparison beyond = only(a, trace(Q, 1, 2, 1, 2.2f));
    assertEquals(Status.DIVERGED, beyond.status());
    assertEquals(1, beyond.propagated().index());
    assertNull(beyond.local(), "a recording has no input to run again");
  }

  @Test
  void unequalShapesAreSkippedAndNeverCut() {
    Trace a = trace(Q, 2, 2, 1, 2, 3, 4);
    for (Trace b :
        List.of(
            trace(Q, 1, 2, 1, 2),
            trace(Q, 1, 4, 1, 2, 3, 4),
            trace(Q, 2, 1, 1, 3),
            trace(Q, 0, 0))) {
      assertEquals(Status.SKIPPED, only(a, b).status());
      assertEquals(Status.SKIPPED, only(b, a).status());
    }
  }

  @Test
  void aPointOnOneSideOnlyIsSkippedAndSaysWhere() {
    List<PointComparison> points =
        RecordedPoints.compare(trace(EMBEDDING, 1, 1, 1), trace(Q, 1, 1, 1), 0.1, null);
    assertEquals(List.of(EMBEDDING, Q), points.stream().map(PointComparison::point).toList());
    assertTrue(points.stream().allMatch(point -> point.status() == Status.SKIPPED));
    assertEquals("not captured on side B", points.getFirst().reason());
    assertEquals("not captured on side A", points.getLast().reason());
  }

  @Test
  void notANumberDivergesEvenOnBothSides() {
    Trace bad = trace(Q, 1, 2, 1, Float.NaN);
    assertEquals(Status.DIVERGED, only(bad, trace(Q, 1, 2, 1, 2)).status());
    assertEquals(Status.DIVERGED, only(bad, bad).status());
  }

  @Test
  void aFilterSelects() {
    Trace a = trace(Q, 1, 1, 1);
    assertEquals(1, RecordedPoints.compare(a, a, 0, Pattern.compile("layers\\.0\\.q$")).size());
    assertEquals(0, RecordedPoints.compare(a, a, 0, Pattern.compile("logits")).size());
  }
}
