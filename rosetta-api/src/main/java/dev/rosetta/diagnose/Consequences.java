package dev.rosetta.diagnose;

import dev.rosetta.ConfigComparison;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Side;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue.Origin;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tells a fault once: a file that was cut off is one diagnosis and not one per tensor, and what
 * merely follows from tensors that cannot be read, or are not there, is none.
 */
final class Consequences {
  private final Facts facts;

  Consequences(Facts facts) {
    this.facts = facts;
  }

  /** {@code found} without what follows from the rest of it. */
  List<Hypothesis> without(List<Hypothesis> found) {
    Map<Side, Set<TensorRole>> lost = new EnumMap<>(Side.class);
    for (Hypothesis hypothesis : found) {
      Diagnosis diagnosis = hypothesis.diagnosis();
      Side side = diagnosis.side();
      if (side != null && isLoss(diagnosis.code()) && diagnosis.subject() != null) {
        TensorRole.parse(diagnosis.subject())
            .ifPresent(role -> lost.computeIfAbsent(side, s -> new HashSet<>()).add(role));
      }
    }
    List<Hypothesis> kept = new ArrayList<>(found);
    kept.removeIf(h -> !isLoss(h.diagnosis().code()) && follows(h, lost));
    merge(kept, h -> h.diagnosis().code() == DiagnosisCode.FILE_TRUNCATED);
    int layers = Math.max(facts.a().config().layers(), facts.b().config().layers());
    for (int layer = 0; layer < layers; layer++) {
      int absent = layer;
      merge(kept, h -> isOfAbsentLayer(h.diagnosis(), absent));
    }
    return kept;
  }

  private static boolean isLoss(DiagnosisCode code) {
    return code == DiagnosisCode.FILE_TRUNCATED || code == DiagnosisCode.TENSOR_OUT_OF_BOUNDS;
  }

  private boolean follows(Hypothesis hypothesis, Map<Side, Set<TensorRole>> lost) {
    Diagnosis diagnosis = hypothesis.diagnosis();
    String subject = diagnosis.subject();
    if (subject == null) {
      return false;
    }
    if (diagnosis.code() == DiagnosisCode.CONFIG_MISMATCH) {
      return isDerived(subject, lost.keySet());
    }
    boolean counted =
        diagnosis.code() == DiagnosisCode.CONFIG_SHAPE_CONFLICT
            && ConfigField.NUM_LAYERS.label().equals(subject);
    Optional<TensorRole> role = TensorRole.parse(subject);
    for (Map.Entry<Side, Set<TensorRole>> entry : lost.entrySet()) {
      Side side = entry.getKey();
      if (diagnosis.side() != null && diagnosis.side() != side) {
        continue;
      }
      // Layers are counted by the tensors that they have.
      int last = facts.model(side).config().layers() - 1;
      if (counted && entry.getValue().stream().anyMatch(other -> other.layer() == last)
          || role.isPresent()
              && entry.getValue().stream().anyMatch(other -> covers(other, role.get()))) {
        return true;
      }
    }
    return false;
  }

  /** Whether a side that lost tensors has no value of a field but what the others suggest. */
  private boolean isDerived(String field, Set<Side> damaged) {
    for (ConfigComparison comparison : facts.config()) {
      if (comparison.field().label().equals(field)) {
        return damaged.contains(Side.A) && comparison.a().origin() == Origin.DERIVED
            || damaged.contains(Side.B) && comparison.b().origin() == Origin.DERIVED;
      }
    }
    return false;
  }

  /** Whether a stored tensor is a weight, or is fused of several and this is one of them. */
  private static boolean covers(TensorRole stored, TensorRole role) {
    if (stored.layer() != role.layer() || stored.bias() != role.bias()) {
      return false;
    }
    return stored.part() == role.part()
        || switch (stored.part()) {
          case QKV -> role.part() == Part.Q || role.part() == Part.K || role.part() == Part.V;
          case GATE_UP -> role.part() == Part.FFN_GATE || role.part() == Part.FFN_UP;
          default -> false;
        };
  }

  /** Whether a tensor is missing as are all others of its layer on that side. */
  private boolean isOfAbsentLayer(Diagnosis diagnosis, int layer) {
    Side side = diagnosis.side();
    Integer own = diagnosis.layer();
    return (diagnosis.code() == DiagnosisCode.TENSOR_MISSING
            || diagnosis.code() == DiagnosisCode.BIAS_MISSING)
        && side != null
        && own != null
        && own == layer
        && facts.model(side).weights().keySet().stream().noneMatch(role -> role.layer() == layer);
  }

  /** Puts what is selected of one side into one diagnosis, in the place of the first. */
  private static void merge(List<Hypothesis> kept, Predicate<Hypothesis> selected) {
    Map<@Nullable Side, List<Hypothesis>> bySide = new LinkedHashMap<>();
    for (Hypothesis hypothesis : kept) {
      if (selected.test(hypothesis)) {
        bySide
            .computeIfAbsent(hypothesis.diagnosis().side(), s -> new ArrayList<>())
            .add(hypothesis);
      }
    }
    for (List<Hypothesis> same : bySide.values()) {
      if (same.size() > 1) {
        kept.set(kept.indexOf(same.getFirst()), merged(same));
        kept.removeAll(same.subList(1, same.size()));
      }
    }
  }

  private static String more(int others) {
    return " (and " + others + (others == 1 ? " more tensor)" : " more tensors)");
  }

  private static Hypothesis merged(List<Hypothesis> same) {
    Diagnosis first = same.getFirst().diagnosis();
    List<String> subjects =
        same.stream().map(h -> String.valueOf(h.diagnosis().subject())).toList();
    boolean oneLayer =
        same.stream().map(h -> String.valueOf(h.diagnosis().layer())).distinct().count() == 1;
    Map<String, Object> evidence = new LinkedHashMap<>(first.evidence());
    evidence.put("tensors", subjects);
    Set<TensorRole> roles = new LinkedHashSet<>();
    same.forEach(h -> roles.addAll(h.roles()));
    return new Hypothesis(
        new Diagnosis(
            first.code(),
            first.severity(),
            first.subject(),
            oneLayer ? first.layer() : null,
            first.side(),
            first.message() + more(same.size() - 1),
            first.fix(),
            first.proof(),
            evidence),
        same.stream().flatMap(h -> h.repairs().stream()).toList(),
        roles,
        same.stream().flatMap(h -> h.points().stream()).collect(Collectors.toSet()));
  }
}
