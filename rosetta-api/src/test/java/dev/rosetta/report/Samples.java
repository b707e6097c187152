package dev.rosetta.report;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonReport.Check;
import dev.rosetta.ConfigComparison;
import dev.rosetta.Coverage;
import dev.rosetta.Coverage.Count;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Difference;
import dev.rosetta.LogitsComparison;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.SideSummary;
import dev.rosetta.TensorComparison;
import dev.rosetta.Verdict;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Reports made by hand. */
final class Samples {
  static final Difference NONE = new Difference(0, 0, 0, 1, 0, 0, 1.5f, 1.5f);

  private Samples() {}

  static Difference difference(double max) {
    return new Difference(max, max / 10, 0.7, 0.1, 1, 37, 2f, -3f);
  }

  static PointComparison point(Site site, int layer, Status status, Difference difference) {
    List<Integer> dims = List.of(4, 1536);
    return new PointComparison(
        new CapturePoint(site, layer),
        dims,
        dims,
        status,
        "equal types",
        0,
        false,
        Double.NaN,
        difference,
        null);
  }

  static TensorComparison tensor(TensorRole role, String nameA, List<Long> a, List<Long> b) {
    boolean equal = a.equals(b);
    return new TensorComparison(
        role,
        nameA,
        "blk." + role,
        ElementType.F32,
        ElementType.F32,
        a,
        b,
        b,
        equal ? Status.OK : Status.DIVERGED,
        equal ? "same bytes" : "values differ",
        equal,
        equal ? 0 : 2,
        0,
        Double.NaN,
        null);
  }

  /** A model whose layer-0 QKV is stored [in, out] in the APR file. */
  static ComparisonReport transposedQkv() {
    String fused = "model.layers.0.self_attn.qkv_proj.weight";
    List<Long> stored = List.of(1536L, 4608L);
    List<Long> part = List.of(1536L, 1536L);
    Diagnosis diagnosis =
        new Diagnosis(
            DiagnosisCode.WEIGHT_TRANSPOSED,
            Severity.ERROR,
            "layers.0.qkv.weight",
            0,
            Side.A,
            "APR QKV weight needs transpose (GGML convention)",
            "Transpose weight matrices during APR load",
            Proof.PROVEN,
            Map.of("nmse", Double.POSITIVE_INFINITY));
    return report(
        Verdict.DIVERGED,
        new ComparisonReport.Divergence(CapturePoint.of(Site.Q, 0), 1, 37, 847.3),
        List.of(
            point(Site.EMBEDDING, -1, Status.OK, new Difference(1e-4, 3e-5, 0, 1, 0, 0, 1, 1)),
            point(Site.ATTN_NORM, 0, Status.OK, NONE),
            point(Site.Q, 0, Status.DIVERGED, difference(847.3)),
            point(Site.K, 0, Status.DIVERGED, difference(512)),
            point(Site.V, 0, Status.DIVERGED, difference(97)),
            point(Site.OUTPUT, 0, Status.OK, NONE),
            point(Site.ATTN_NORM, 1, Status.OK, NONE),
            point(Site.OUTPUT, 1, Status.OK, NONE),
            point(Site.LOGITS, -1, Status.OK, NONE)),
        List.of(
            tensor(TensorRole.weight(Part.Q, 0), fused, stored, part),
            tensor(TensorRole.weight(Part.K, 0), fused, stored, part),
            tensor(TensorRole.weight(Part.V, 0), fused, stored, part)),
        List.of(diagnosis));
  }

  static ComparisonReport match() {
    return report(
        Verdict.MATCH,
        null,
        List.of(
            point(Site.EMBEDDING, -1, Status.OK, NONE),
            point(Site.Q, 0, Status.OK, NONE),
            point(Site.K, 0, Status.OK, NONE),
            point(Site.LOGITS, -1, Status.OK, NONE)),
        List.of(),
        List.of());
  }

  static ComparisonReport report(
      Verdict verdict,
      ComparisonReport.Divergence first,
      List<PointComparison> points,
      List<TensorComparison> tensors,
      List<Diagnosis> diagnoses) {
    ConfigValue theta = new ConfigValue(10000.0, ConfigValue.Origin.DEFAULT, "llama");
    return new ComparisonReport(
        verdict,
        new SideSummary(Path.of("model.apr"), "APR", "llama", 1000, Map.of("F32", 3), List.of()),
        new SideSummary(Path.of("model.gguf"), "GGUF", "llama", 1000, Map.of("F32", 3), List.of()),
        "2+2=",
        List.of(17, 10, 17, 28),
        new Coverage(
            new Count(points.size(), points.size()),
            new Count(tensors.size(), tensors.size()),
            new Count(1, 1)),
        first,
        points,
        tensors,
        List.of(new ConfigComparison(ConfigField.ROPE_THETA, theta, theta, true)),
        diagnoses,
        new LogitsComparison(
            0.25, 0.5, 1, List.of(new LogitsComparison.Candidate(7, "a\u001b[31m", 3f, 2f, 1))),
        List.of(
            new Check("tokenizer", Check.Outcome.NOT_RUN, "side B carries none", false),
            new Check("inventory", Check.Outcome.PASSED, "every tensor is there", true)),
        null,
        Map.of("layers", 0.5),
        new ComparisonReport.Tool("0.1.0", "java", 2));
  }
}
