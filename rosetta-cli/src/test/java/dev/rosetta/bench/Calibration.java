package dev.rosetta.bench;

import dev.rosetta.ComparisonReport;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.TensorComparison;
import dev.rosetta.trace.CapturePoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * How near healthy pairs of two element types come to what they are allowed: the normalised error
 * of weights over its budget, and the local error of operations over its bound.
 */
final class Calibration {
  private final Map<String, Row> rows = new TreeMap<>();

  /** What was seen of one pair of element types. */
  private static final class Row {
    final List<Double> weights = new ArrayList<>();
    final List<Double> points = new ArrayList<>();
    final List<Double> excess = new ArrayList<>();
    final List<Double> standing = new ArrayList<>();
    int pairs;
    int falseAlarms;
  }

  void add(String types, Outcome outcome) {
    Row row = rows.computeIfAbsent(types, key -> new Row());
    row.pairs++;
    row.falseAlarms += outcome.matched() ? 0 : 1;
    ComparisonReport report = outcome.report();
    if (report == null) {
      return;
    }
    for (TensorComparison tensor : report.tensors()) {
      if (tensor.status() == Status.NOISE && tensor.budget() > 0) {
        row.weights.add(tensor.nmse() / tensor.budget());
      }
      if (!Double.isNaN(tensor.excess())) {
        row.excess.add(tensor.excess());
      }
    }
    for (PointComparison point : report.points()) {
      if (point.status() == Status.NOISE && point.local() != null && point.tolerance() > 0) {
        row.points.add(point.local().relL2() / point.tolerance());
      }
    }
    standing(report, row.standing);
  }

  /** How far each operation stands above the median of its kind, in models of enough layers. */
  private static void standing(ComparisonReport report, List<Double> ratios) {
    Map<CapturePoint.Site, List<Double>> bySite = new TreeMap<>();
    for (PointComparison point : report.points()) {
      if (point.point().layer() >= 0 && !Double.isNaN(point.excess())) {
        bySite.computeIfAbsent(point.point().site(), site -> new ArrayList<>()).add(point.excess());
      }
    }
    for (List<Double> kind : bySite.values()) {
      double median = kind.stream().sorted().toList().get(kind.size() / 2);
      if (kind.size() >= 6) {
        kind.forEach(excess -> ratios.add(excess / median));
      }
    }
  }

  int pairs() {
    return rows.values().stream().mapToInt(row -> row.pairs).sum();
  }

  int falseAlarms() {
    return rows.values().stream().mapToInt(row -> row.falseAlarms).sum();
  }

  /** A row for each pair of types. */
  String table() {
    StringBuilder text =
        new StringBuilder(
            "| types | pairs | false alarms | weights | nmse / budget: median, max"
                + " | nmse / predicted: median, max | operations | error / bound: median, max"
                + " | above its kind: max |\n|---|---|---|---|---|---|---|---|---|\n");
    rows.forEach(
        (types, row) ->
            text.append(
                String.format(
                    Locale.ROOT,
                    "| %s | %d | %d | %d | %s | %s | %d | %s | %s |%n",
                    types,
                    row.pairs,
                    row.falseAlarms,
                    row.weights.size(),
                    middleAndEnd(row.weights),
                    middleAndEnd(row.excess),
                    row.points.size(),
                    middleAndEnd(row.points),
                    end(row.standing))));
    return text.toString();
  }

  private static String middleAndEnd(List<Double> ratios) {
    if (ratios.isEmpty()) {
      return "–";
    }
    List<Double> sorted = ratios.stream().sorted().toList();
    return String.format(
        Locale.ROOT, "%.2f, %.2f", sorted.get(sorted.size() / 2), sorted.getLast());
  }

  private static String end(List<Double> ratios) {
    return ratios.isEmpty()
        ? "–"
        : String.format(Locale.ROOT, "%.2f", ratios.stream().max(Double::compare).orElseThrow());
  }
}
