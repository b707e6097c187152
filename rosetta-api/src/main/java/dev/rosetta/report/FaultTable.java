package dev.rosetta.report;

import dev.rosetta.ComparisonReport;
import dev.rosetta.Diagnosis;
import dev.rosetta.Side;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The faults of a report, the one to fix first in front: a table where it fits the terminal's
 * width, else a list.
 */
final class FaultTable {
  private static final int MOST = 12;
  private static final String NONE = "-";
  private static final List<String> HEAD =
      List.of("#", "what", "code", "layer", "tensor", "side", "proof");

  private final Lines lines;
  private final List<Diagnosis> faults;

  FaultTable(Lines lines, ComparisonReport report) {
    this.lines = lines;
    this.faults = report.diagnoses().stream().filter(d -> d.severity() == Severity.ERROR).toList();
  }

  /** Nothing for a single fault, which needs no order. */
  void write() {
    if (faults.size() < 2) {
      return;
    }
    List<Diagnosis> shown = faults.subList(0, Math.min(MOST, faults.size()));
    List<List<String>> rows = new ArrayList<>();
    rows.add(HEAD);
    for (Diagnosis fault : shown) {
      rows.add(row(rows.size(), fault));
    }
    List<String> table = aligned(rows);
    boolean fits = table.stream().allMatch(lines::fits);
    lines.add("What to fix, in this order:");
    if (fits) {
      lines.add(table.getFirst());
    }
    for (int i = 0; i < shown.size(); i++) {
      Diagnosis fault = shown.get(i);
      lines.add(
          fits
              ? table.get(i + 1)
              : "  "
                  + (i + 1)
                  + ". "
                  + CauseWords.of(fault.code())
                  + ": "
                  + CauseWords.label(fault));
      if (!fault.fix().isBlank()) {
        lines.add("     fix: " + fault.fix());
      }
    }
    if (shown.size() < faults.size()) {
      lines.add("  and " + (faults.size() - shown.size()) + " more, told above");
    }
  }

  private static List<String> row(int number, Diagnosis fault) {
    List<TensorRole> tensors = tensors(fault);
    String subject = fault.subject() == null ? NONE : CauseWords.name(fault.subject());
    Side side = fault.side();
    return List.of(
        String.valueOf(number),
        CauseWords.of(fault.code()),
        fault.code().name(),
        layers(fault, tensors),
        tensors.size() > 1 ? subject + " +" + (tensors.size() - 1) : subject,
        side == null ? NONE : side.name(),
        CauseWords.proof(fault));
  }

  /** Those that the evidence lists; none where it does not list them by role. */
  private static List<TensorRole> tensors(Diagnosis fault) {
    return fault.evidence().get("tensors") instanceof List<?> names
        ? names.stream().flatMap(name -> TensorRole.parse(String.valueOf(name)).stream()).toList()
        : List.of();
  }

  private static String layers(Diagnosis fault, List<TensorRole> tensors) {
    Integer layer = fault.layer();
    if (layer != null) {
      return String.valueOf(layer);
    }
    List<Integer> layers =
        tensors.stream().map(TensorRole::layer).filter(number -> number >= 0).toList();
    if (layers.isEmpty()) {
      return NONE;
    }
    int first = Collections.min(layers);
    int last = Collections.max(layers);
    return first == last ? String.valueOf(first) : first + "–" + last;
  }

  private static List<String> aligned(List<List<String>> rows) {
    int[] widths = new int[HEAD.size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    return rows.stream()
        .map(
            row -> {
              StringBuilder line = new StringBuilder();
              for (int i = 0; i < widths.length; i++) {
                String cell = row.get(i);
                line.append("  ").append(cell).repeat(' ', widths[i] - cell.length());
              }
              return line.toString().stripTrailing();
            })
        .toList();
  }
}
