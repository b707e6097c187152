package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Causes that are one, told as one diagnosis with the tensors that it concerns. */
final class CauseGroups {
  /** So many tensors that share a fault, in every layer alike, are one fault of the whole file. */
  private static final int HABIT = 3;

  private final Facts facts;

  CauseGroups(Facts facts) {
    this.facts = facts;
  }

  /** A hypothesis for each group of causes, in forward-pass order. */
  List<Hypothesis> hypotheses(List<Cause> causes) {
    return grouped(causes).stream().map(this::hypothesis).toList();
  }

  /**
   * Causes that are one: the same fault in one layer's Q and K, or in the same part of every layer.
   */
  private List<List<Cause>> grouped(List<Cause> causes) {
    Map<String, List<Cause>> byLayer = new LinkedHashMap<>();
    for (Cause cause : causes) {
      TensorRole role = cause.pair().comparison().role();
      boolean rope =
          cause.explanation().code() == DiagnosisCode.QK_PERMUTED
              || cause.explanation().code() == DiagnosisCode.BIAS_WRONG;
      String key =
          isOfWholeFile(cause.explanation().code())
              ? "file"
              : neighbour(cause).isPresent()
                  ? "layers " + layerPair(role.layer(), neighbour(cause).get().layer())
                  : stored(cause) != null
                      ? "stored " + stored(cause)
                      : rope ? "rope " + role.layer() : role.toString();
      byLayer
          .computeIfAbsent(key + " " + cause.explanation().code(), k -> new ArrayList<>())
          .add(cause);
    }
    Map<String, List<List<Cause>>> byPart = new LinkedHashMap<>();
    for (List<Cause> group : byLayer.values()) {
      Cause first = group.getFirst();
      String key =
          first.explanation().code()
              + " "
              + first.side()
              + " "
              + first.pair().comparison().role().part()
              + first.pair().comparison().role().bias();
      byPart.computeIfAbsent(key, k -> new ArrayList<>()).add(group);
    }
    int layers = Math.max(facts.a().config().layers(), facts.b().config().layers());
    List<List<Cause>> groups = new ArrayList<>();
    Map<String, List<Cause>> ofWholeFile = new LinkedHashMap<>();
    for (List<List<Cause>> sameKind : byPart.values()) {
      if (sameKind.size() == layers) {
        List<Cause> all = sameKind.stream().flatMap(List::stream).toList();
        ofWholeFile.computeIfAbsent(habit(all), k -> new ArrayList<>()).addAll(all);
      } else {
        groups.addAll(sameKind);
      }
    }
    for (List<List<Cause>> sameKind : byPart.values()) {
      if (sameKind.size() == layers && !isHabit(ofWholeFile.get(habit(sameKind.getFirst())))) {
        groups.addAll(sameKind);
      }
    }
    ofWholeFile.values().removeIf(all -> !isHabit(all));
    for (List<Cause> group : List.copyOf(groups)) {
      List<Cause> all = ofWholeFile.get(habit(group));
      if (all != null && group.getFirst().pair().comparison().role().layer() < 0) {
        all.addAll(group);
        groups.remove(group);
      }
    }
    groups.addAll(ofWholeFile.values());
    groups.replaceAll(group -> group.stream().sorted(CauseGroups::byRole).toList());
    groups.sort((x, y) -> byRole(x.getFirst(), y.getFirst()));
    return groups;
  }

  private static int byRole(Cause x, Cause y) {
    return x.pair().comparison().role().compareTo(y.pair().comparison().role());
  }

  private static boolean isHabit(@Nullable List<Cause> all) {
    return all != null && all.size() >= HABIT;
  }

  /** What a converter did to every tensor it did it to: the same fault, said in the same words. */
  private static String habit(List<Cause> group) {
    Cause first = group.getFirst();
    return first.explanation().code() + " " + first.side() + " " + first.explanation().words();
  }

  /** The same part of another layer, where that is what the suspect is exchanged with. */
  private static Optional<TensorRole> neighbour(Cause cause) {
    TensorRole role = cause.pair().comparison().role();
    return Optional.ofNullable(cause.explanation().evidence().get("with"))
        .flatMap(name -> TensorRole.parse(name.toString()))
        .filter(other -> other.part() == role.part() && other.layer() != role.layer());
  }

  private static String layerPair(int layer, int other) {
    return Math.min(layer, other) + " and " + Math.max(layer, other);
  }

  /** Codes that name the origin of a file, not of a tensor. */
  private static boolean isOfWholeFile(DiagnosisCode code) {
    return code == DiagnosisCode.DIFFERENT_CHECKPOINT || code == DiagnosisCode.DOUBLE_QUANTIZED;
  }

  /** Name of the fused tensor that the suspect is a part of; null if it stands alone. */
  private static @Nullable String stored(Cause cause) {
    Weight weight = cause.side() == Side.A ? cause.pair().a() : cause.pair().b();
    return weight != null && Cause.isPart(weight) ? weight.tensor().name() : null;
  }

  private Hypothesis hypothesis(List<Cause> group) {
    Cause first = group.getFirst();
    Explanation explanation = first.explanation();
    TensorRole role = first.pair().comparison().role();
    Map<String, Object> evidence = new LinkedHashMap<>();
    evidence.put("nmse", first.pair().comparison().nmse());
    Optional.ofNullable(first.pair().comparison().difference())
        .ifPresent(difference -> evidence.put("maxDiff", difference.maxDiff()));
    evidence.putAll(explanation.evidence());
    List<Repair> repairs = new ArrayList<>();
    Set<TensorRole> roles = new LinkedHashSet<>();
    for (Cause cause : group) {
      roles.add(cause.pair().comparison().role());
      for (Weight weight : cause.explanation().repairs()) {
        roles.add(weight.role());
        repairs.add(new Repair.ReplaceWeight(cause.side(), weight));
      }
      for (Weight weight : cause.explanation().reproductions()) {
        Side other = cause.side() == Side.A ? Side.B : Side.A;
        repairs.add(new Repair.ReplaceWeight(other, weight));
      }
    }
    evidence.put("tensors", roles.stream().sorted().map(TensorRole::toString).toList());
    Side side = told(group) ? first.side() : null;
    String name = tensorName(first);
    long others = group.stream().map(CauseGroups::tensorName).distinct().count() - 1;
    String more = others > 0 ? " (and " + others + " more like it)" : "";
    String open = side == null ? open(explanation) : "";
    if (isRopeStyle(group)) {
      evidence.put("alternative", ConfigField.ROPE_STYLE.label());
      open +=
          "; as Q and K of every layer are, the file is as right for a runtime that rotates the"
              + " other pairs: either the rows or rope_style is to be changed";
    }
    boolean era = group.size() > 1 && role.layer() >= 0 && spansLayers(group);
    return new Hypothesis(
        new Diagnosis(
            explanation.code(),
            Severity.ERROR,
            subject(first),
            role.layer() >= 0 && !era ? Integer.valueOf(role.layer()) : null,
            side,
            "'" + name + "' on side " + first.side() + " " + explanation.words() + more + open,
            explanation.fix(),
            explanation.code() == DiagnosisCode.UNEXPLAINED ? Proof.HINT : Proof.CONSISTENT,
            evidence),
        repairs,
        roles,
        Set.of());
  }

  /** What has to be said where the files do not tell which side is wrong. */
  private static String open(Explanation explanation) {
    return explanation.repairs().isEmpty()
        ? "; the files do not tell which side is right"
        : "; or the other side is wrong the other way round: the original weights tell";
  }

  /**
   * Whether Q and K of all layers are in the other rotary order: the same as the other rope_style.
   */
  private boolean isRopeStyle(List<Cause> group) {
    if (group.getFirst().explanation().code() != DiagnosisCode.QK_PERMUTED
        || group.stream().map(c -> c.explanation().words()).anyMatch(w -> w.contains("instead"))) {
      return false;
    }
    int layers = Math.max(facts.a().config().layers(), facts.b().config().layers());
    return group.stream()
            .map(c -> c.pair().comparison().role())
            .filter(role -> !role.bias())
            .distinct()
            .count()
        == 2L * layers;
  }

  private static boolean spansLayers(List<Cause> group) {
    return group.stream().map(c -> c.pair().comparison().role().layer()).distinct().count() > 1;
  }

  /** Whether a side is wrong by its own testimony: its values, or its reversed dims. */
  private boolean told(List<Cause> group) {
    return group.stream().anyMatch(this::told);
  }

  private boolean told(Cause first) {
    if (first.explanation().told()) {
      return true;
    }
    boolean layout =
        first.explanation().code() == DiagnosisCode.WEIGHT_TRANSPOSED
            || first.explanation().code() == DiagnosisCode.WEIGHT_RESHAPED;
    Weight a = first.pair().a();
    Weight b = first.pair().b();
    if (!layout || a == null || b == null) {
      return false;
    }
    return first.side() == Side.A
        ? Cause.isReversed(facts.a(), a) && !Cause.isReversed(facts.b(), b)
        : Cause.isReversed(facts.b(), b) && !Cause.isReversed(facts.a(), a);
  }

  private static String tensorName(Cause cause) {
    Weight weight = cause.side() == Side.A ? cause.pair().a() : cause.pair().b();
    return weight == null ? cause.pair().comparison().role().toString() : weight.tensor().name();
  }

  /** A fused tensor is named as stored. */
  private static String subject(Cause cause) {
    TensorRole role = cause.pair().comparison().role();
    if (stored(cause) == null || role.layer() < 0) {
      return role.toString();
    }
    Part part =
        role.part() == Part.FFN_GATE || role.part() == Part.FFN_UP ? Part.GATE_UP : Part.QKV;
    return new TensorRole(part, role.layer(), role.bias()).toString();
  }
}
