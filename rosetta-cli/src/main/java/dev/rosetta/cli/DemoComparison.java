package dev.rosetta.cli;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.ModelInspection;
import dev.rosetta.RosettaComparator;
import dev.rosetta.SideSummary;
import dev.rosetta.Verdict;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The demo's two comparisons.
 *
 * @param healthy the twin against the GGUF file
 * @param planted the file with the planted fault against the GGUF file
 * @param loadLog what the load log says of the planted tensor
 */
record DemoComparison(ComparisonReport healthy, ComparisonReport planted, List<String> loadLog) {
  static final String PROMPT = "2+2=";

  /** Makes the files, compares them, and removes them. */
  static DemoComparison run(RosettaComparator comparator) {
    try (TemporaryFolder folder = new TemporaryFolder()) {
      DemoFiles files = DemoFiles.write(folder.path());
      ModelInspection planted = comparator.inspect(files.planted());
      return new DemoComparison(
          compare(comparator, files.healthy(), files.gguf()),
          compare(comparator, files.planted(), files.gguf()),
          LoadLog.lines(planted, tensor -> tensor.name().equals(DemoFiles.PLANTED_TENSOR)));
    }
  }

  private static ComparisonReport compare(RosettaComparator comparator, Path a, Path b) {
    return withFileNames(comparator.compare(ComparisonRequest.of(a, b).withPrompt(PROMPT)));
  }

  /** The report without the temporary folder's name, which differs from run to run. */
  private static ComparisonReport withFileNames(ComparisonReport report) {
    return new ComparisonReport(
        report.verdict(),
        withFileName(report.a()),
        withFileName(report.b()),
        report.prompt(),
        report.tokens(),
        report.coverage(),
        report.firstDivergence(),
        report.points(),
        report.tensors(),
        report.config(),
        report.diagnoses(),
        report.logits(),
        report.checks(),
        report.continuation(),
        report.timings(),
        report.tool());
  }

  private static SideSummary withFileName(SideSummary side) {
    return new SideSummary(
        Path.of(String.valueOf(side.path().getFileName())),
        side.format(),
        side.architecture(),
        side.parameters(),
        side.elementTypes(),
        side.notes());
  }

  /** What went otherwise than it must; empty if the twin matches and the planted fault is found. */
  List<String> surprises() {
    List<String> surprises = new ArrayList<>();
    if (healthy.verdict() != Verdict.MATCH) {
      surprises.add("the healthy twin is " + healthy.verdict() + " instead of MATCH");
    }
    if (planted.verdict() != Verdict.DIVERGED) {
      surprises.add("the planted fault is " + planted.verdict() + " instead of DIVERGED");
    } else if (planted.diagnoses().stream().noneMatch(DemoComparison::isLayout)) {
      surprises.add("the planted fault is found but not called a layout fault of layer 0");
    }
    return surprises;
  }

  private static boolean isLayout(Diagnosis diagnosis) {
    Integer layer = diagnosis.layer();
    return layer != null
        && layer == 0
        && (diagnosis.code() == DiagnosisCode.WEIGHT_TRANSPOSED
            || diagnosis.code() == DiagnosisCode.WEIGHT_RESHAPED);
  }
}
