package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Lists the causes of a pair's differences, the one to fix first in front. */
public final class Diagnostician {
  private Diagnostician() {}

  /** Every hypothesis that the facts support, unproven. */
  public static List<Hypothesis> hypotheses(Facts facts) {
    ModelCauses model = new ModelCauses(facts);
    List<Hypothesis> weights = new WeightCauses(facts).find();
    List<Hypothesis> all = new ArrayList<>(model.find());
    all.addAll(new TableSizes(facts).find());
    if (weights.stream().noneMatch(Diagnostician::isRearrangedHead)) {
      all.addAll(model.duplicatedHead());
    }
    Set<String> known =
        all.stream()
            .filter(h -> h.diagnosis().severity() == Severity.ERROR)
            .flatMap(
                h ->
                    Stream.concat(
                        Stream.of(String.valueOf(h.diagnosis().subject())),
                        h.roles().stream().map(TensorRole::toString)))
            .collect(Collectors.toSet());
    for (Hypothesis hypothesis : weights) {
      if (!known.contains(String.valueOf(hypothesis.diagnosis().subject()))) {
        all.add(hypothesis);
      }
    }
    all.addAll(new NonFinite(facts).onBothSides());
    List<Hypothesis> found = new Consequences(facts).without(all);
    // Reversed dims are benign only where the data is right; elsewhere the fault itself says more.
    found.removeIf(
        h ->
            h.diagnosis().code() == DiagnosisCode.DIMS_REVERSED
                && isAtFault(h.diagnosis().subject(), all));
    if (found.stream().noneMatch(h -> h.diagnosis().severity() == Severity.ERROR)) {
      unexplainedPoint(facts).ifPresent(found::add);
    }
    NoiseSummary noise = new NoiseSummary(facts);
    noise.lineage().ifPresent(found::add);
    noise.noise().ifPresent(found::add);
    found.sort(Comparator.comparing(Hypothesis::diagnosis, DiagnosisOrder.CAUSE_FIRST));
    return found;
  }

  /**
   * Whether one head is the other with its values moved or scaled. That says more than that one of
   * them repeats its embedding, as trained heads may; so does that all weights are other ones.
   */
  private static boolean isRearrangedHead(Hypothesis hypothesis) {
    boolean head = hypothesis.roles().contains(TensorRole.weight(Part.OUTPUT));
    return switch (hypothesis.diagnosis().code()) {
      case DIFFERENT_CHECKPOINT -> true;
      case UNEXPLAINED, TENSORS_SWAPPED -> false;
      default -> head;
    };
  }

  private static boolean isAtFault(@Nullable String subject, List<Hypothesis> found) {
    return found.stream()
        .anyMatch(
            h ->
                h.diagnosis().severity() == Severity.ERROR
                    && Objects.equals(subject, h.diagnosis().subject()));
  }

  /** Nothing explains it, but a capture point is beyond its tolerance. */
  private static Optional<Hypothesis> unexplainedPoint(Facts facts) {
    for (PointComparison point : facts.points()) {
      if (point.status() != Status.DIVERGED) {
        continue;
      }
      if (point.local() != null && Double.isInfinite(point.local().maxDiff())) {
        return Optional.of(NonFinite.at(point));
      }
      return Optional.of(
          new Hypothesis(
              new Diagnosis(
                  DiagnosisCode.UNEXPLAINED,
                  Severity.ERROR,
                  point.point().name(),
                  point.point().layer() >= 0 ? point.point().layer() : null,
                  null,
                  point.point() + " differs although its weights and config agree",
                  "report this pair: the tool cannot explain it",
                  Proof.HINT,
                  Map.of()),
              List.of(),
              Set.of(),
              Set.of(point.point().name())));
    }
    return Optional.empty();
  }

  /**
   * Hypotheses as diagnoses, those with repairs graded by what a run with all repairs applied
   * showed.
   *
   * @param points capture points of the repaired run
   * @param weights weights of the repaired models
   */
  public static List<Diagnosis> proven(
      List<Hypothesis> hypotheses,
      List<PointComparison> points,
      Map<TensorRole, WeightPair> weights) {
    boolean allAgree = points.stream().allMatch(Diagnostician::agrees) && !points.isEmpty();
    List<Diagnosis> diagnoses = new ArrayList<>();
    for (Hypothesis hypothesis : hypotheses) {
      Diagnosis diagnosis = hypothesis.diagnosis();
      if (hypothesis.repairs().isEmpty()) {
        diagnoses.add(diagnosis);
        continue;
      }
      boolean weightsAgree =
          hypothesis.roles().stream()
              .allMatch(
                  role -> {
                    WeightPair pair = weights.get(role);
                    return pair != null
                        && (pair.comparison().status() == Status.OK
                            || pair.comparison().status() == Status.NOISE);
                  });
      boolean proven = weightsAgree && (allAgree || affectedAgree(hypothesis, points));
      diagnoses.add(with(diagnosis, proven ? Proof.PROVEN : Proof.HINT));
    }
    return diagnoses;
  }

  private static boolean affectedAgree(Hypothesis hypothesis, List<PointComparison> points) {
    Set<String> affected =
        hypothesis.roles().stream().map(Diagnostician::point).collect(Collectors.toSet());
    for (Repair repair : hypothesis.repairs()) {
      if (repair instanceof Repair.ReplaceField field) {
        affected.addAll(pointsOf(field.field(), points));
      }
    }
    affected.addAll(hypothesis.points());
    List<PointComparison> judged =
        points.stream().filter(point -> affected.contains(point.point().name())).toList();
    return !judged.isEmpty() && judged.stream().allMatch(Diagnostician::agrees);
  }

  /** The capture point at which a weight's fault shows. */
  static String point(TensorRole role) {
    String prefix = role.layer() >= 0 ? "layers." + role.layer() + "." : "";
    return prefix
        + switch (role.part()) {
          case OUTPUT -> "logits";
          case FFN_DOWN -> "ffn_out";
          case ROPE_FREQS -> "layers.0.q_rope";
          default -> role.part().word();
        };
  }

  private static Set<String> pointsOf(ConfigField field, List<PointComparison> points) {
    String ending =
        switch (field) {
          case ROPE_STYLE, ROPE_THETA, ROPE_SCALING -> "_rope";
          case RMS_NORM_EPS -> "_norm";
          default -> "attn_context";
        };
    return points.stream()
        .map(point -> point.point().name())
        .filter(name -> name.endsWith(ending))
        .collect(Collectors.toSet());
  }

  private static boolean agrees(PointComparison point) {
    return point.status() == Status.OK || point.status() == Status.NOISE;
  }

  private static Diagnosis with(Diagnosis d, Proof proof) {
    return new Diagnosis(
        d.code(),
        d.severity(),
        d.subject(),
        d.layer(),
        d.side(),
        d.message(),
        d.fix(),
        proof,
        d.evidence());
  }
}
