package dev.rosetta.diagnose;

import dev.rosetta.ConfigComparison;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Finding;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Normalizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Causes that show without looking at values: damage, inventory, shapes and config. */
final class ModelCauses {
  private final Facts facts;

  ModelCauses(Facts facts) {
    this.facts = facts;
  }

  List<Hypothesis> find() {
    List<Hypothesis> found = new ArrayList<>();
    damage(Side.A, facts.a(), found);
    damage(Side.B, facts.b(), found);
    findings(Side.A, facts.a(), found);
    findings(Side.B, facts.b(), found);
    config(found);
    new InventoryCauses(facts, found).find();
    return found;
  }

  /** Damage that left the directory readable; its code is the fault class. */
  private static void damage(Side side, Model model, List<Hypothesis> found) {
    for (SourceNote note : model.source().notes()) {
      if (note.severity() != Severity.ERROR) {
        continue;
      }
      Optional<TensorRole> role =
          note.tensor() == null ? Optional.empty() : Normalizer.role(note.tensor());
      found.add(
          plain(
              code(note.code()),
              Severity.ERROR,
              role.map(TensorRole::toString).orElse(note.tensor()),
              role.map(TensorRole::layer).filter(layer -> layer >= 0).orElse(null),
              side,
              note.message(),
              "write the file again from its source"));
    }
  }

  private static DiagnosisCode code(String noteCode) {
    for (DiagnosisCode code : DiagnosisCode.values()) {
      if (code.name().equals(noteCode)) {
        return code;
      }
    }
    return DiagnosisCode.VALUES_CORRUPTED;
  }

  private static void findings(Side side, Model model, List<Hypothesis> found) {
    for (Finding finding : model.findings()) {
      if (finding.code() == DiagnosisCode.TENSOR_MISSING) {
        continue;
      }
      String byCode =
          switch (finding.code()) {
            case DIMS_REVERSED -> "nothing is broken; list dims as [out, in] to be safe";
            case SHAPE_MISMATCH -> "make the tensor's dims and the config agree";
            case CONFIG_SHAPE_CONFLICT -> "correct the config field, or the tensors it describes";
            case TENSOR_DUPLICATED -> "keep one of the two tensors";
            default -> "nothing to do";
          };
      found.add(
          plain(
              finding.code(),
              finding.severity(),
              finding.subject(),
              finding.layer(),
              side,
              "side " + side + ": " + finding.message(),
              finding.fix() != null ? finding.fix() : byCode));
    }
  }

  private void config(List<Hypothesis> found) {
    for (ConfigComparison comparison : facts.config()) {
      ConfigField field = comparison.field();
      if (comparison.equal()) {
        if (field == ConfigField.TIED_EMBEDDINGS) {
          found.addAll(new TiedHead(facts).find());
        }
        continue;
      }
      if (field == ConfigField.TIED_EMBEDDINGS
          && (headsAgree() || isTied(facts.a()) && isTied(facts.b()))
          && !TiedHead.isContradicted(facts.a())
          && !TiedHead.isContradicted(facts.b())) {
        continue;
      }
      // A side that contradicts its own tensors is the cause of the mismatch.
      if (isReported(found, field.label())) {
        continue;
      }
      Map<String, Object> evidence = new LinkedHashMap<>();
      evidence.put("a", comparison.a().value().toString());
      evidence.put("b", comparison.b().value().toString());
      evidence.put("originA", comparison.a().origin() + ": " + comparison.a().detail());
      evidence.put("originB", comparison.b().origin() + ": " + comparison.b().detail());
      Diagnosis diagnosis =
          new Diagnosis(
              DiagnosisCode.CONFIG_MISMATCH,
              Severity.ERROR,
              field.label(),
              null,
              null,
              field.label()
                  + " is "
                  + comparison.a().value()
                  + " on side A and "
                  + comparison.b().value()
                  + " on side B"
                  + contradiction(field, "; side A: ", facts.a())
                  + contradiction(field, "; side B: ", facts.b()),
              contradiction(field, "", facts.a()).isEmpty()
                      && contradiction(field, "", facts.b()).isEmpty()
                  ? "find out which value the model was trained with and correct the other file"
                  : TiedHead.fix(),
              Proof.CONSISTENT,
              evidence);
      found.add(new Hypothesis(diagnosis, repairs(comparison), Set.of(), Set.of()));
    }
  }

  private static String contradiction(ConfigField field, String prefix, Model model) {
    return field == ConfigField.TIED_EMBEDDINGS && TiedHead.isContradicted(model)
        ? prefix + TiedHead.words(model)
        : "";
  }

  /** One side's value on the other side, where the graph can run with it. */
  private List<Repair> repairs(ConfigComparison comparison) {
    return switch (comparison.field()) {
      case ROPE_STYLE, ROPE_THETA, RMS_NORM_EPS, ATTENTION_SCALE, SLIDING_WINDOW ->
          List.of(new Repair.ReplaceField(Side.B, comparison.field(), comparison.a()));
      case ROPE_SCALING -> scalingRepairs(comparison);
      default -> List.of();
    };
  }

  /**
   * A tensor of frequency factors is part of the scaling; a repair can add it, not take it away.
   */
  private List<Repair> scalingRepairs(ConfigComparison comparison) {
    TensorRole factors = TensorRole.weight(Part.ROPE_FREQS);
    boolean toA = facts.b().weight(factors).isPresent() && facts.a().weight(factors).isEmpty();
    Side side = toA ? Side.A : Side.B;
    Model donor = toA ? facts.b() : facts.a();
    List<Repair> repairs = new ArrayList<>();
    repairs.add(
        new Repair.ReplaceField(side, comparison.field(), toA ? comparison.b() : comparison.a()));
    donor.weight(factors).ifPresent(weight -> repairs.add(new Repair.ReplaceWeight(side, weight)));
    return repairs;
  }

  private boolean headsAgree() {
    WeightPair head = facts.weights().get(TensorRole.weight(Part.OUTPUT));
    return head != null
        && (head.comparison().status() == Status.OK || head.comparison().status() == Status.NOISE);
  }

  private static boolean isReported(List<Hypothesis> found, String subject) {
    return found.stream()
        .map(Hypothesis::diagnosis)
        .anyMatch(d -> d.severity() == Severity.ERROR && subject.equals(d.subject()));
  }

  /**
   * A head overwritten by the embedding: equal on this side, where the other side has a head of its
   * own that is not.
   */
  List<Hypothesis> duplicatedHead() {
    List<Hypothesis> found = new ArrayList<>();
    TensorRole output = TensorRole.weight(Part.OUTPUT);
    WeightPair head = facts.weights().get(output);
    if (head == null || head.comparison().status() != Status.DIVERGED) {
      return found;
    }
    for (Side side : Side.values()) {
      Model model = side == Side.A ? facts.a() : facts.b();
      Model other = side == Side.A ? facts.b() : facts.a();
      if (TiedHead.repeatsEmbedding(model)
          && other.weight(output).isPresent()
          && !TiedHead.repeatsEmbedding(other)) {
        found.add(
            new Hypothesis(
                new Diagnosis(
                    DiagnosisCode.TENSOR_DUPLICATED,
                    Severity.ERROR,
                    output.toString(),
                    null,
                    side,
                    "the output head of side "
                        + side
                        + " is a copy of its embedding, the other"
                        + " side's is not",
                    "write the model's own output head; it is not tied",
                    Proof.CONSISTENT,
                    Map.of()),
                other.weight(output).stream()
                    .<Repair>map(weight -> new Repair.ReplaceWeight(side, weight))
                    .toList(),
                Set.of(output),
                Set.of()));
      }
    }
    return found;
  }

  /** Whether the head is the embedding, be it by absence or as a written copy. */
  private static boolean isTied(Model model) {
    return model.weight(TensorRole.weight(Part.OUTPUT)).isEmpty()
        || TiedHead.repeatsEmbedding(model);
  }

  private static Hypothesis plain(
      DiagnosisCode code,
      Severity severity,
      @Nullable String subject,
      @Nullable Integer layer,
      Side side,
      String message,
      String fix) {
    return new Hypothesis(
        new Diagnosis(
            code, severity, subject, layer, side, message, fix, Proof.CONSISTENT, Map.of()),
        List.of(),
        Set.of(),
        Set.of());
  }
}
