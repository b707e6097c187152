package dev.rosetta.report;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonReport.Check;
import dev.rosetta.ComparisonReport.Check.Outcome;
import dev.rosetta.Coverage;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Difference;
import dev.rosetta.LogitsComparison;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Side;
import dev.rosetta.TensorComparison;
import dev.rosetta.model.Severity;
import dev.rosetta.report.Palette.Tone;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Writes the summary of the text report. */
final class SummaryText {
  private final Lines lines;
  private final ComparisonReport report;
  private final List<Section> sections;

  SummaryText(Lines lines, ComparisonReport report, List<Section> sections) {
    this.lines = lines;
    this.report = report;
    this.sections = sections;
  }

  void write() {
    lines.add(Tone.HEADING, "=== Summary ===");
    new FaultTable(lines, report).write();
    verdict();
    ComparisonReport.Divergence first = report.firstDivergence();
    if (first != null) {
      lines.add(
          String.format(
              Locale.ROOT,
              "First divergence: %s at token %d, channel %d, max_diff=%s",
              first.point().name(),
              first.token(),
              first.index(),
              NumberText.of(first.maxDiff())));
    }
    coverage();
    noise();
    logits();
    continuation();
    checks();
    recommendation();
  }

  private void verdict() {
    switch (report.verdict()) {
      case MATCH ->
          lines.add(
              Tone.GOOD,
              "MATCH: "
                  + (report.points().isEmpty()
                      ? "weights, config and tokenizer agree; nothing was run"
                      : "both files hold the same model"));
      case DIVERGED -> lines.add(Tone.BAD, "FAILED: " + failure());
      case INCONCLUSIVE ->
          lines.add(
              Tone.WARNING,
              "INCONCLUSIVE: nothing is at fault in what was compared, but "
                  + String.join("; ", missing()));
    }
  }

  private String failure() {
    Optional<Diagnosis> cause =
        report.diagnoses().stream().filter(d -> d.severity() == Severity.ERROR).findFirst();
    long others =
        report.diagnoses().stream().filter(d -> d.severity() == Severity.ERROR).count() - 1;
    String more = others > 0 ? ", and " + NumberText.count(others, "more fault") : "";
    if (cause.isPresent()) {
      return fault(cause.get()) + more;
    }
    ComparisonReport.Divergence first = report.firstDivergence();
    return first != null
        ? "Divergence detected at " + first.point().name()
        : "a check failed; see below";
  }

  private String fault(Diagnosis diagnosis) {
    return switch (diagnosis.code()) {
      case WEIGHT_TRANSPOSED, WEIGHT_RESHAPED -> "Layout mismatch detected" + place(diagnosis);
      default -> CauseWords.located(diagnosis);
    };
  }

  private String place(Diagnosis diagnosis) {
    for (Section section : sections) {
      if (section.diagnoses().contains(diagnosis)) {
        String label = section.operation(diagnosis).map(Operation::label).orElse("");
        boolean repeats = label.equalsIgnoreCase(section.title());
        return " at " + (section.title() + " " + (repeats ? "" : label)).strip();
      }
    }
    return diagnosis.subject() == null ? "" : " in " + diagnosis.subject();
  }

  /** What keeps a comparison without a fault from being a match. */
  private List<String> missing() {
    List<String> missing = new ArrayList<>();
    report.checks().stream()
        .filter(check -> check.required() && check.outcome() == Outcome.NOT_RUN)
        .forEach(check -> missing.add("the " + check.name() + " check was not run"));
    Coverage coverage = report.coverage();
    incomplete(missing, "capture points", coverage.points());
    incomplete(missing, "weights", coverage.tensors());
    incomplete(missing, "config fields", coverage.config());
    if (missing.isEmpty()) {
      missing.add("something required was not compared");
    }
    return missing;
  }

  private static void incomplete(List<String> missing, String what, Coverage.Count count) {
    if (count.compared() < count.expected()) {
      missing.add(count.compared() + " of " + count.expected() + " " + what + " could be compared");
    } else if (count.expected() == 0) {
      missing.add("no " + what + " were compared");
    }
  }

  private void coverage() {
    Coverage coverage = report.coverage();
    lines.add(
        "Compared: "
            + of(coverage.points())
            + " capture points, "
            + of(coverage.tensors())
            + " weights, "
            + of(coverage.config())
            + " config fields");
  }

  private static String of(Coverage.Count count) {
    return count.compared() + "/" + count.expected();
  }

  private void noise() {
    long points = report.points().stream().filter(p -> p.status() == Status.NOISE).count();
    long weights = report.tensors().stream().filter(t -> t.status() == Status.NOISE).count();
    if (points + weights > 0) {
      lines.add(
          "Numerical noise: "
              + NumberText.count(points, "capture point")
              + " and "
              + NumberText.count(weights, "weight")
              + " differ by no more than the element types explain");
      return;
    }
    boolean measured = report.points().stream().anyMatch(p -> TextReport.judged(p) != null);
    boolean exact =
        report.points().stream().allMatch(SummaryText::isExact)
            && report.tensors().stream().allMatch(TensorComparison::sameBytes);
    if (measured && exact) {
      lines.add("Numerical noise: none, every compared value is equal bit for bit");
    } else if (measured && report.firstDivergence() == null) {
      lines.add("Numerical noise: differences stay below the threshold at every point");
    }
  }

  private static boolean isExact(PointComparison point) {
    Difference difference = TextReport.judged(point);
    return point.status() == Status.OK && (difference == null || difference.maxDiff() == 0);
  }

  private void logits() {
    LogitsComparison logits = report.logits();
    if (logits == null) {
      return;
    }
    if (!logits.measured()) {
      lines.add(
          "Logits: KL and top-1 agreement not measured: NaN or infinite values reach the logits");
      return;
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "Logits: KL=%s, top-1 agreement %s %%%s",
            NumberText.of(logits.kl()),
            NumberText.of(logits.top1Agreement() * 100),
            logits.decidedDisagreements() == 0
                ? ""
                : ", " + logits.decidedDisagreements() + " positions predict another token"));
  }

  private void continuation() {
    ComparisonReport.Continuation continuation = report.continuation();
    if (continuation == null) {
      return;
    }
    lines.add("Continuation of A: \"" + continuation.textA() + "\"");
    lines.add("Continuation of B: \"" + continuation.textB() + "\"");
    lines.add(
        continuation.agreeing()
            + " of "
            + NumberText.count(Math.max(continuation.a().size(), continuation.b().size()), "token")
            + " agree before the first difference");
  }

  private void checks() {
    for (Check check : report.checks()) {
      switch (check.outcome()) {
        case PASSED -> lines.add("Check " + check.name() + ": passed, " + check.detail() + " ✓");
        case FAILED ->
            lines.add(Tone.BAD, "Check " + check.name() + ": FAILED, " + check.detail() + " ✗");
        case NOT_RUN ->
            lines.add(
                check.required() ? Tone.WARNING : Tone.NORMAL,
                "Check " + check.name() + ": NOT RUN, " + check.detail());
      }
    }
  }

  private void recommendation() {
    Optional<Diagnosis> first =
        report.diagnoses().stream()
            .filter(d -> d.severity() == Severity.ERROR && !d.fix().isBlank())
            .findFirst();
    if (first.isPresent()) {
      lines.add("Recommendation: " + recommendation(first.get()));
    }
  }

  private String recommendation(Diagnosis diagnosis) {
    Side side = diagnosis.side();
    boolean formatsDiffer = !report.a().format().equals(report.b().format());
    return side != null && formatsDiffer && diagnosis.code() == DiagnosisCode.WEIGHT_TRANSPOSED
        ? "Transpose weight matrices during " + SideNames.of(report).of(side) + " load"
        : diagnosis.fix();
  }
}
