package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Finding;
import dev.rosetta.normalize.Inventory;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Normalizer;
import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tensors that one side lacks, has beyond the other, or has without a known purpose. */
final class InventoryCauses {
  /** Names that a message lists; the evidence has all of them. */
  private static final int LISTED = 3;

  private final Facts facts;
  private final List<Hypothesis> found;

  /**
   * @param found what is known already, and what is added to
   */
  InventoryCauses(Facts facts, List<Hypothesis> found) {
    this.facts = facts;
    this.found = found;
  }

  void find() {
    for (Side side : Side.values()) {
      for (Finding finding : facts.model(side).findings()) {
        if (finding.code() == DiagnosisCode.TENSOR_MISSING && !isReported(finding.subject())) {
          TensorRole role = TensorRole.parse(finding.subject()).orElseThrow();
          found.add(missing(side, role, "side " + side + ": " + finding.message()));
        }
      }
    }
    oneSided();
    for (Side side : Side.values()) {
      unknown(side);
    }
  }

  /** Optional tensors that one side alone has: a graph with them is another graph. */
  private void oneSided() {
    Set<TensorRole> required = new HashSet<>(Inventory.required(facts.a().config()));
    required.addAll(Inventory.required(facts.b().config()));
    for (WeightPair pair : facts.weights().values()) {
      TensorRole role = pair.comparison().role();
      Side without = pair.a() == null ? Side.A : Side.B;
      if ((pair.a() == null) == (pair.b() == null)
          || role.layer() >= facts.model(without).config().layers()
          || isReported(role.toString())
          || isEmpty(without, role)
          || isPartOfScaling(role)) {
        continue;
      }
      if (pair.needsNoCounterpart()) {
        if (role.bias()) {
          found.add(withoutEffect(other(without), role));
        }
      } else if (required.contains(role) || role.part() == Part.ROPE_FREQS) {
        found.add(
            missing(
                without,
                role,
                role + " is absent on side " + without + " and present on the other"));
      } else {
        found.add(unexpected(without, role));
      }
    }
  }

  /** Present without elements, of which all are told at once. */
  private boolean isEmpty(Side side, TensorRole role) {
    return facts.model(side).source().tensors().stream()
        .anyMatch(
            tensor ->
                tensor.elements() == 0
                    && Normalizer.role(tensor.name()).filter(role::equals).isPresent());
  }

  /** Frequency factors that belong to a difference in rope_scaling. */
  private boolean isPartOfScaling(TensorRole role) {
    return role.part() == Part.ROPE_FREQS && isReported(ConfigField.ROPE_SCALING.label());
  }

  private Hypothesis missing(Side side, TensorRole role, String message) {
    Weight donor = facts.model(other(side)).weights().get(role);
    Map<String, Object> evidence = new LinkedHashMap<>();
    List<String> candidates = ofThatShape(side, role);
    if (!candidates.isEmpty()) {
      evidence.put("unknownTensorsOfThatShape", candidates);
      message += "; '" + candidates.getFirst() + "' has its shape and no known role";
    }
    Diagnosis diagnosis =
        new Diagnosis(
            role.bias() ? DiagnosisCode.BIAS_MISSING : DiagnosisCode.TENSOR_MISSING,
            Severity.ERROR,
            role.toString(),
            layer(role),
            side,
            message,
            "write " + role + " when converting; the other side has it: " + (donor != null),
            Proof.CONSISTENT,
            evidence);
    // Under another name it would not be missing: to put the other side's there proves nothing.
    return candidates.isEmpty() ? repairable(diagnosis, side, role) : plain(diagnosis);
  }

  /** Neither file says whether the tensor belongs to the model, so that both readings are given. */
  private Hypothesis unexpected(Side without, TensorRole role) {
    Side with = other(without);
    String architecture = facts.model(with).config().architecture();
    return repairable(
        new Diagnosis(
            DiagnosisCode.TENSOR_UNEXPECTED,
            Severity.ERROR,
            role.toString(),
            layer(role),
            null,
            "side "
                + with
                + " has "
                + role
                + ", which "
                + architecture
                + " models do not need, and side "
                + without
                + " has none: either it is one too many, or side "
                + without
                + " lost it",
            "look whether the original checkpoint has it, and drop or write it accordingly",
            Proof.CONSISTENT,
            Map.of("presentOn", with.name())),
        without,
        role);
  }

  private static Hypothesis withoutEffect(Side with, TensorRole role) {
    return plain(
        new Diagnosis(
            DiagnosisCode.TENSOR_UNEXPECTED,
            Severity.WARNING,
            role.toString(),
            layer(role),
            with,
            "side " + with + " has " + role + ", which is all zero and changes nothing",
            "leave it out, or keep it: nothing is broken",
            Proof.CONSISTENT,
            Map.of()));
  }

  /** Tensors of no known role: nothing was compared with them, which must not go unsaid. */
  private void unknown(Side side) {
    List<String> names = facts.model(side).unused().stream().map(TensorInfo::name).toList();
    if (names.isEmpty()) {
      return;
    }
    Set<String> theirs = new HashSet<>();
    facts.model(other(side)).unused().forEach(tensor -> theirs.add(tensor.name()));
    List<String> alone = names.stream().filter(name -> !theirs.contains(name)).toList();
    if (alone.isEmpty() && side == Side.B) {
      return;
    }
    List<String> told = alone.isEmpty() ? names : alone;
    String more = told.size() > LISTED ? " and " + (told.size() - LISTED) + " more" : "";
    found.add(
        plain(
            new Diagnosis(
                DiagnosisCode.TENSOR_UNEXPECTED,
                Severity.WARNING,
                told.getFirst(),
                null,
                alone.isEmpty() ? null : side,
                (alone.isEmpty() ? "both sides have" : "side " + side + " alone has")
                    + " tensors of no known role, which were not compared: "
                    + String.join(", ", told.subList(0, Math.min(LISTED, told.size())))
                    + more,
                "leave them out if the "
                    + facts.model(side).config().architecture()
                    + " architecture does not use them; otherwise check the name mapping",
                Proof.HINT,
                Map.of("tensors", told))));
  }

  /** Unknown tensors that could be the missing one under another name. */
  private List<String> ofThatShape(Side side, TensorRole role) {
    Model model = facts.model(side);
    List<Long> shape = Inventory.shape(role, model.config());
    List<String> names = new ArrayList<>();
    for (TensorInfo tensor : model.unused()) {
      List<Long> dims = Normalizer.rowMajorDims(tensor, model.source().dimensionOrder());
      if (dims.equals(shape)
          && (role.layer() < 0 || tensor.name().contains("." + role.layer() + "."))) {
        names.add(tensor.name());
      }
    }
    return names;
  }

  /** With the other side's weight as the repair, where it has the shape. */
  private Hypothesis repairable(Diagnosis diagnosis, Side side, TensorRole role) {
    Weight donor = facts.model(other(side)).weights().get(role);
    return donor == null || !fits(donor, side)
        ? plain(diagnosis)
        : new Hypothesis(
            diagnosis, List.of(new Repair.ReplaceWeight(side, donor)), Set.of(role), Set.of());
  }

  /** Whether the other side's weight has the shape that this side's config gives to its role. */
  private boolean fits(Weight donor, Side side) {
    List<Long> shape = Inventory.shape(donor.role(), facts.model(side).config());
    long elements = shape.stream().reduce(1L, Math::multiplyExact);
    return donor.columns() == shape.getLast() && (long) donor.rows() * donor.columns() == elements;
  }

  private boolean isReported(String subject) {
    return found.stream().anyMatch(h -> subject.equals(h.diagnosis().subject()));
  }

  private static @Nullable Integer layer(TensorRole role) {
    return role.layer() >= 0 ? role.layer() : null;
  }

  private static Side other(Side side) {
    return side == Side.A ? Side.B : Side.A;
  }

  private static Hypothesis plain(Diagnosis diagnosis) {
    return new Hypothesis(diagnosis, List.of(), Set.of(), Set.of());
  }
}
