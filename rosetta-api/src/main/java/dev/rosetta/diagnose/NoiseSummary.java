package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.TensorComparison;
import dev.rosetta.compare.Levels;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

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

  private final List<WeightPair> pairs;
  private final List<TensorComparison> noisy;
  private final List<PointComparison> points;

  NoiseSummary(Facts facts) {
    pairs =
        facts.weights().values().stream()
            .filter(pair -> pair.comparison().status() == Status.NOISE)
            .toList();
    noisy = pairs.stream().map(WeightPair::comparison).toList();
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
    String lineage =
        pairs.stream()
            .map(pair -> pair.lineage().toString())
            .filter(words -> !words.isEmpty())
            .findFirst()
            .orElse("");
    if (!lineage.isEmpty()) {
      evidence.put("lineage", lineage.substring(2));
    }
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
                    + ")"
                    + lineage,
                "nothing to do",
                Proof.CONSISTENT,
                evidence)));
  }

  /**
   * Weights of a side that lie on the levels of a narrower type than the one they are stored in.
   */
  Optional<Hypothesis> lineage() {
    Optional<Hypothesis> onA = ofLevels(Side.A, WeightPair.Lineage::a);
    return onA.isPresent() ? onA : ofLevels(Side.B, WeightPair.Lineage::b).or(this::ofExcess);
  }

  private Optional<Hypothesis> ofLevels(
      Side side, Function<WeightPair.Lineage, @Nullable Levels> levels) {
    List<WeightPair> found =
        pairs.stream()
            .filter(
                pair -> {
                  Levels of = levels.apply(pair.lineage());
                  return of != null && of.grid() == null;
                })
            .toList();
    if (found.isEmpty()) {
      return Optional.empty();
    }
    List<String> tensors = found.stream().map(p -> p.comparison().role().toString()).toList();
    return Optional.of(
        plain(
            new Diagnosis(
                DiagnosisCode.DOUBLE_QUANTIZED,
                Severity.WARNING,
                tensors.getFirst(),
                null,
                side,
                "values of "
                    + found.size()
                    + " tensors on side "
                    + side
                    + " "
                    + Objects.requireNonNull(levels.apply(found.getFirst().lineage())).words()
                    + ": they were quantised before, and what that took explains the difference",
                "convert from the original weights to keep what they hold",
                Proof.CONSISTENT,
                Map.of("tensors", tensors))));
  }

  /** Weights of one pairing that all differ by more than their stored scales own up to. */
  private Optional<Hypothesis> ofExcess() {
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
