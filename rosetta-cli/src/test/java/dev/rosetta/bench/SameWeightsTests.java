package dev.rosetta.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonReport.Check;
import dev.rosetta.ComparisonReport.Check.Outcome;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Verdict;
import dev.rosetta.bench.Draft.Format;
import dev.rosetta.bench.TinyModel.Shape;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.Severity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Config faults under the noise of four bits against float32. */
final class SameWeightsTests {
  private static final RosettaComparator COMPARATOR = RosettaComparator.create();
  private static final List<Integer> TOKENS = List.of(3, 141, 59, 26, 53, 58, 97, 93, 23, 84);
  private static final long SEED = 7;

  @TempDir Path folder;

  private static TinyModel model(int layers) {
    return new TinyModel(
        new Shape("llama", layers, 256, 4, 2, 64, 512, 160, 10_000, 1e-5, false, false), SEED);
  }

  private static Draft draft(ElementType type) {
    return new Draft(model(2), Format.GGUF, type);
  }

  private ComparisonRequest request(Draft a, Draft b) throws IOException {
    return ComparisonRequest.of(a.write(folder, "a"), b.write(folder, "b"))
        .withTokens(TOKENS)
        .withThreads(1);
  }

  private static Optional<Check> check(ComparisonReport report) {
    return report.checks().stream().filter(c -> c.name().equals("same weights")).findFirst();
  }

  @ParameterizedTest
  @CsvSource({
    "rms_norm_eps, rms_norm_eps, 1e-6, layers.0.attn_norm",
    "rope_theta, rope_theta, 500000, layers.0.q_rope",
    "linear_factor, rope_scaling, 4, layers.0.q_rope",
    "attention_scale, attention_scale, 0.25, layers.0.attn_context",
  })
  void aConfigFaultIsFoundAndProvenUnderFourBitNoise(
      String key, String field, double value, String point) throws IOException {
    Draft b = draft(ElementType.Q4_K);
    b.settings().set(key, value);
    ComparisonReport report = COMPARATOR.compare(request(draft(ElementType.F32), b));
    assertTrue(
        report.tensors().stream().anyMatch(t -> t.status() == Status.NOISE), "there is no noise");
    assertEquals(Verdict.DIVERGED, report.verdict());
    Diagnosis first = report.diagnoses().getFirst();
    assertEquals(DiagnosisCode.CONFIG_MISMATCH, first.code(), report.diagnoses()::toString);
    assertEquals(field, first.subject());
    assertEquals(Proof.PROVEN, first.proof(), first::message);
    assertTrue((int) first.evidence().get("sameWeightsParting") > 0);
    assertTrue(first.message().contains(point), first::message);
    assertEquals(Outcome.FAILED, check(report).orElseThrow().outcome());
    assertEquals(
        1, report.diagnoses().stream().filter(d -> d.severity() == Severity.ERROR).count());
  }

  @Test
  void twoFieldsAreToldApart() throws IOException {
    Draft b = draft(ElementType.Q4_K);
    b.settings().set("rope_theta", 500_000.0);
    b.settings().set("rms_norm_eps", 1e-6);
    ComparisonReport report = COMPARATOR.compare(request(draft(ElementType.F32), b));
    List<Diagnosis> errors =
        report.diagnoses().stream().filter(d -> d.severity() == Severity.ERROR).toList();
    assertEquals(
        List.of("rope_theta", "rms_norm_eps"), errors.stream().map(Diagnosis::subject).toList());
    assertTrue(errors.stream().allMatch(d -> d.proof() == Proof.PROVEN));
    assertTrue(errors.getFirst().message().contains("first layers.0.q_rope"));
    assertTrue(errors.getLast().message().contains("first layers.0.attn_norm"));
  }

  @Test
  void aFieldWithoutEffectOnThePromptIsNotCalledProven() throws IOException {
    Draft b = draft(ElementType.Q4_K);
    b.settings().set("sliding_window", 4096L);
    ComparisonReport report = COMPARATOR.compare(request(draft(ElementType.F32), b));
    Diagnosis first = report.diagnoses().getFirst();
    assertEquals("sliding_window", first.subject());
    assertEquals(Proof.CONSISTENT, first.proof());
    assertTrue(first.message().contains("makes no difference"), first::message);
    assertEquals(Outcome.PASSED, check(report).orElseThrow().outcome());
  }

  @Test
  void aHealthyPairStaysAMatchAndTheCheckSaysWhatItShowed() throws IOException {
    ComparisonRequest request = request(draft(ElementType.F32), draft(ElementType.Q4_K));
    assertEquals(Optional.empty(), check(COMPARATOR.compare(request)));
    ComparisonReport report = COMPARATOR.compare(request.withSameWeights());
    assertEquals(Verdict.MATCH, report.verdict(), report.diagnoses()::toString);
    Check check = check(report).orElseThrow();
    assertEquals(Outcome.PASSED, check.outcome());
    assertTrue(check.detail().contains("bit for bit"), check::detail);
  }

  @Test
  void aSettingThatNeitherFileStatesIsNamedWithWhatItWouldCost() throws IOException {
    Draft a = new Draft(model(2), Format.SAFETENSORS, ElementType.F32);
    Draft b = new Draft(model(2), Format.SAFETENSORS, ElementType.F16);
    a.settings().values.remove("rope_theta");
    b.settings().values.remove("rope_theta");
    ComparisonReport report = COMPARATOR.compare(request(a, b).withSameWeights());
    assertEquals(Verdict.MATCH, report.verdict());
    Diagnosis doubt =
        report.diagnoses().stream()
            .filter(d -> d.code() == DiagnosisCode.CONFIG_MISMATCH)
            .findFirst()
            .orElseThrow();
    assertEquals("rope_theta", doubt.subject());
    assertEquals(Severity.INFO, doubt.severity());
    assertEquals(1e6, doubt.evidence().get("tried"));
    assertTrue((double) doubt.evidence().get("relL2") > 1e-3);
  }

  @Test
  void modelsOfOtherShapesAreRefused() throws IOException {
    Draft a = draft(ElementType.F32);
    Draft b = new Draft(model(3), Format.GGUF, ElementType.F32);
    ComparisonRequest request = request(a, b);
    IllegalArgumentException refusal =
        assertThrows(
            IllegalArgumentException.class, () -> COMPARATOR.compare(request.withSameWeights()));
    assertTrue(refusal.getMessage().contains("2 and 3 layers"), refusal::getMessage);
    assertThrows(
        IllegalArgumentException.class, () -> request.withSameWeights().withoutForwardPass());
  }

  @Test
  void whereItCannotRunEveryDiagnosisStays() throws IOException {
    Draft b = new Draft(model(3), Format.GGUF, ElementType.F32);
    b.settings().set("rms_norm_eps", 1e-6);
    ComparisonReport report = COMPARATOR.compare(request(draft(ElementType.F32), b));
    assertEquals(Verdict.DIVERGED, report.verdict());
    assertEquals(Outcome.NOT_RUN, check(report).orElseThrow().outcome());
    List<String> subjects =
        report.diagnoses().stream().map(d -> String.valueOf(d.subject())).toList();
    assertTrue(subjects.containsAll(List.of("num_layers", "rms_norm_eps")), subjects::toString);
  }
}
