package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.TensorComparison;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What is said once of all differences that element types explain, and of those that they nearly
 * do.
 */
final class NoiseSummary {
  /**
   * A second rounding, Q5_0 before Q4_0 say, adds a quarter and more to the error of the last one;
   * quantisers that round once stay within a tenth of what their scales say.
   */
  private static final double ROUNDED_TWICE = 1.2;

  private static final int FEWEST_MATRICES = 3;

  private final List<TensorComparison> noisy;
  private final List<PointComparison> points;

  NoiseSummary(Facts facts) {
    noisy =
        facts.weights().values().stream()
            .map(WeightPair::comparison)
            .filter(comparison -> comparison.status() == Status.NOISE)
            .toList();
    points = facts.points().stream().filter(point -> !Double.isNaN(point.excess())).toList();
  }

  /** Says once which differences the element types explain, and how near they come to the limit. */
  Optional<Hypothesis> noise() {
    Optional<TensorComparison> worst =
        noisy.stream().max(Comparator.comparingDouble(TensorComparison::nmse));
    if (worst.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Object> evidence = new LinkedHashMap<>();
    evidence.put("tensors", noisy.size());
    evidence.put("worstNmse", worst.get().nmse());
    evidence.put("worstPairing", pairing(worst.get()));
    points.stream()
        .max(Comparator.comparingDouble(PointComparison::excess))
        .ifPresent(
            point -> {
              evidence.put(
                  "medianExcess", median(points.stream().map(PointComparison::excess).toList()));
              evidence.put("largestExcess", point.excess());
              evidence.put("largestExcessAt", point.point().name());
            });
    return Optional.of(
        plain(
            new Diagnosis(
                DiagnosisCode.NUMERICAL_NOISE,
                Severity.INFO,
                null,
                null,
                null,
                noisy.size()
                    + " tensors differ by what their element types explain; the largest share is "
                    + String.format(Locale.ROOT, "%.2g", worst.get().nmse())
                    + " of the energy ("
                    + pairing(worst.get())
                    + ")",
                "nothing to do",
                Proof.CONSISTENT,
                evidence)));
  }

  /** Weights of one pairing that all differ by more than their stored scales own up to. */
  Optional<Hypothesis> lineage() {
    Map<String, List<TensorComparison>> byPairing = new TreeMap<>();
    for (TensorComparison comparison : noisy) {
      if (!Double.isNaN(comparison.excess())) {
        byPairing.computeIfAbsent(pairing(comparison), p -> new ArrayList<>()).add(comparison);
      }
    }
    List<TensorComparison> suspects = new ArrayList<>();
    double excess = 0;
    for (List<TensorComparison> kind : byPairing.values()) {
      double median = median(kind.stream().map(TensorComparison::excess).toList());
      if (kind.size() >= FEWEST_MATRICES && median > ROUNDED_TWICE) {
        suspects.addAll(kind);
        excess = Math.max(excess, median);
      }
    }
    if (suspects.isEmpty()) {
      return Optional.empty();
    }
    TensorRole first = suspects.getFirst().role();
    return Optional.of(
        plain(
            new Diagnosis(
                DiagnosisCode.DOUBLE_QUANTIZED,
                Severity.WARNING,
                first.toString(),
                null,
                null,
                String.format(
                    Locale.ROOT,
                    "%d tensors differ by up to %.2f times what one rounding leaves at their"
                        + " stored scales: one side, and the files do not tell which, was probably"
                        + " quantised before",
                    suspects.size(),
                    excess),
                "convert both from the original weights; comparing each with those tells which"
                    + " side it is",
                Proof.HINT,
                Map.of(
                    "excess",
                    excess,
                    "tensors",
                    suspects.stream().map(t -> t.role().toString()).toList()))));
  }

  private static String pairing(TensorComparison comparison) {
    return comparison.typeA() + " against " + comparison.typeB();
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  private static Hypothesis plain(Diagnosis diagnosis) {
    return new Hypothesis(diagnosis, List.of(), Set.of(), Set.of());
  }
}
