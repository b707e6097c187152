package dev.rosetta.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison;
import dev.rosetta.RosettaComparator;
import dev.rosetta.TensorComparison;
import dev.rosetta.Verdict;
import dev.rosetta.bench.Draft.Format;
import dev.rosetta.bench.TinyModel.Shape;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.trace.CapturePoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The error that stored scales predict, against the one that is measured. */
final class PredictedNoiseTests {
  private static final RosettaComparator COMPARATOR = RosettaComparator.create();
  private static final List<Integer> TOKENS = List.of(3, 141, 59, 26, 53, 58, 97, 93);
  private static final TinyModel MODEL =
      new TinyModel(new Shape("llama", 2, 256, 4, 2, 64, 512, 160, 10_000, 1e-5, false, false), 17);

  @TempDir Path folder;

  private ComparisonReport compare(Draft a, Draft b) throws IOException {
    return COMPARATOR.compare(
        ComparisonRequest.of(a.write(folder, "a"), b.write(folder, "b"))
            .withTokens(TOKENS)
            .withThreads(1));
  }

  private static Draft draft(ElementType type) {
    return new Draft(MODEL, Format.GGUF, type);
  }

  private static List<TensorComparison> predicted(ComparisonReport report) {
    return report.tensors().stream().filter(t -> !Double.isNaN(t.excess())).toList();
  }

  @ParameterizedTest
  @EnumSource(
      value = ElementType.class,
      names = {
        "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K",
        "Q6_K"
      })
  void oneRoundingLeavesWhatTheScalesSay(ElementType type) throws IOException {
    ComparisonReport report = compare(draft(ElementType.F32), draft(type));
    assertEquals(Verdict.MATCH, report.verdict());
    assertTrue(predicted(report).size() >= 14, "few weights have a prediction");
    // Blocks that meet their extremes exactly lose less than the scales say, above all at two bits.
    for (TensorComparison tensor : predicted(report)) {
      assertTrue(
          tensor.excess() > 0.65 && tensor.excess() < 1.12,
          () -> type + " " + tensor.role() + " " + tensor.excess());
    }
    assertTrue(
        report.diagnoses().stream().noneMatch(d -> d.code() == DiagnosisCode.DOUBLE_QUANTIZED));
  }

  @Test
  void twoRoundingsAddUpAndAreNamedAsAWarning() throws IOException {
    Draft twice = draft(ElementType.Q4_K);
    for (TensorRole role : twice.roles()) {
      if (twice.value(role).rows() > 1) {
        twice.put(role, Rounding.symmetric4(twice.value(role)));
      }
    }
    ComparisonReport report = compare(draft(ElementType.F32), twice);
    Diagnosis found =
        report.diagnoses().stream()
            .filter(d -> d.code() == DiagnosisCode.DOUBLE_QUANTIZED)
            .findFirst()
            .orElseThrow(() -> new AssertionError(report.diagnoses().toString()));
    assertTrue((double) found.evidence().get("excess") > 1.5);
    if (report.verdict() == Verdict.MATCH) {
      assertEquals(Severity.WARNING, found.severity());
    }
  }

  @Test
  void operationsComeToWhatTheirWeightsPredict() throws IOException {
    ComparisonReport report = compare(draft(ElementType.F32), draft(ElementType.Q4_K));
    List<PointComparison> points =
        report.points().stream().filter(p -> !Double.isNaN(p.excess())).toList();
    assertEquals(16, points.size(), "seven matrices in each layer, the embedding and the head");
    for (PointComparison point : points) {
      assertTrue(point.excess() > 0.3 && point.excess() < 3, point.point() + " " + point.excess());
    }
    Diagnosis noise = report.diagnoses().getLast();
    assertEquals(DiagnosisCode.NUMERICAL_NOISE, noise.code());
    assertTrue((double) noise.evidence().get("medianExcess") > 0.5);
    assertTrue((double) noise.evidence().get("largestExcess") < 3);
  }

  @ParameterizedTest
  @EnumSource(
      value = ElementType.class,
      names = {"BF16", "Q8_0", "Q4_0", "Q2_K", "Q4_K"})
  void noLayerOfAHealthyModelStandsOut(ElementType type) throws IOException {
    TinyModel deep = new TinyModel(Models.deep(), 29);
    ComparisonReport report =
        compare(new Draft(deep, Format.GGUF, ElementType.F32), new Draft(deep, Format.GGUF, type));
    assertEquals(Verdict.MATCH, report.verdict(), report.diagnoses()::toString);
    for (CapturePoint.Site site : CapturePoint.Site.values()) {
      List<Double> kind =
          report.points().stream()
              .filter(p -> p.point().layer() >= 0 && p.point().site() == site)
              .map(PointComparison::excess)
              .filter(excess -> !Double.isNaN(excess))
              .sorted()
              .toList();
      if (!kind.isEmpty()) {
        assertEquals(12, kind.size());
        // A quarter of what is called a fault.
        assertTrue(kind.getLast() < 2 * kind.get(6), () -> type + " " + site + " " + kind);
      }
    }
  }
}
