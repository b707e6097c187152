package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.compare.NoiseFloor;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Finding;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Why a weight differs: decided on its values, never on its dims alone. */
final class WeightCauses {
  /**
   * Wrong rearrangements leave an error of about 2; the right one leaves what the types explain.
   */
  private static final double FITS = 0.35;

  private static final List<Rearrangement> REARRANGEMENTS =
      List.of(Rearrangement.TRANSPOSED, Rearrangement.RESHAPED);

  private final Facts facts;

  WeightCauses(Facts facts) {
    this.facts = facts;
  }

  /** One hypothesis for every stored tensor that is at fault, in forward-pass order. */
  List<Hypothesis> find() {
    Map<String, List<WeightPair>> byTensor = new LinkedHashMap<>();
    for (WeightPair pair : facts.weights().values()) {
      if (pair.comparison().status() == Status.DIVERGED && !isTiedEcho(pair)) {
        byTensor.computeIfAbsent(storedTensor(pair), key -> new ArrayList<>()).add(pair);
      }
    }
    List<Hypothesis> found = new ArrayList<>();
    for (List<WeightPair> parts : byTensor.values()) {
      found.add(explain(parts));
    }
    return found;
  }

  /** A tied head repeats what the embedding already says. */
  private boolean isTiedEcho(WeightPair pair) {
    return pair.comparison().role().part() == Part.OUTPUT
        && facts.a().weight(pair.comparison().role()).isEmpty()
        && facts.b().weight(pair.comparison().role()).isEmpty();
  }

  /** Parts of one fused tensor share their fate. */
  private static String storedTensor(WeightPair pair) {
    Weight a = pair.a();
    Weight b = pair.b();
    if (a == null || b == null) {
      return pair.comparison().role().toString();
    }
    boolean fusedA = a.tensor().elements() != (long) a.rows() * a.columns();
    boolean fusedB = b.tensor().elements() != (long) b.rows() * b.columns();
    if (fusedA != fusedB) {
      return (fusedA ? a : b).tensor().name();
    }
    return fusedA
        ? a.tensor().name() + "|" + b.tensor().name()
        : pair.comparison().role().toString();
  }

  private Hypothesis explain(List<WeightPair> parts) {
    WeightPair first = parts.getFirst();
    Weight a = first.a();
    Weight b = first.b();
    if (a == null || b == null) {
      throw new IllegalStateException("a diverged pair has both sides");
    }
    if (first.nonFiniteA() > 0 || first.nonFiniteB() > 0) {
      return nonFinite(parts);
    }
    for (Rearrangement rearrangement : REARRANGEMENTS) {
      for (Side side : likelierFirst(a, b)) {
        if (fits(rearrangement, side == Side.A ? a : b, side == Side.A ? b : a)) {
          return rearranged(rearrangement, side, parts);
        }
      }
    }
    return unexplained(parts);
  }

  /**
   * Where one side alone lists reversed dims, that side's data is the likelier to be laid out so.
   */
  private List<Side> likelierFirst(Weight a, Weight b) {
    return reversed(facts.b(), b) && !reversed(facts.a(), a)
        ? List.of(Side.B, Side.A)
        : List.of(Side.A, Side.B);
  }

  private static boolean reversed(Model model, Weight weight) {
    return model.findings().stream()
        .anyMatch(
            finding ->
                finding.code() == DiagnosisCode.DIMS_REVERSED && isStoredAs(finding, weight));
  }

  private static boolean isStoredAs(Finding finding, Weight weight) {
    return finding.message().startsWith("'" + weight.tensor().name() + "' ");
  }

  private static boolean fits(Rearrangement rearrangement, Weight suspect, Weight reference) {
    if (suspect.rows() == 1 || suspect.columns() == 1) {
      return false;
    }
    Samples samples = Samples.of(reference);
    double bound =
        Math.min(
            FITS,
            Math.max(
                1e-6, 2 * NoiseFloor.budget(suspect.tensor().type(), reference.tensor().type())));
    return samples.nmse((row, column) -> rearrangement.valueAt(suspect, row, column)) <= bound;
  }

  private Hypothesis rearranged(Rearrangement rearrangement, Side side, List<WeightPair> parts) {
    List<Repair> repairs = new ArrayList<>();
    Weight sample = null;
    for (WeightPair pair : parts) {
      Weight weight = side == Side.A ? pair.a() : pair.b();
      if (weight != null) {
        sample = weight;
        repairs.add(new Repair.ReplaceWeight(side, rearrangement.repair(weight)));
      }
    }
    if (sample == null) {
      throw new IllegalStateException("nothing to repair");
    }
    Model model = side == Side.A ? facts.a() : facts.b();
    Model other = side == Side.A ? facts.b() : facts.a();
    WeightPair first = parts.getFirst();
    Weight counterpart = side == Side.A ? first.b() : first.a();
    boolean told =
        reversed(model, sample) && (counterpart == null || !reversed(other, counterpart));
    String subject = subject(parts, sample);
    return hypothesis(
        rearrangement.code(),
        subject,
        told ? side : null,
        "'" + sample.tensor().name() + "' on side " + side + " " + rearrangement.words(),
        rearrangement.fix(),
        Proof.CONSISTENT,
        repairs,
        parts);
  }

  /** A fused tensor is named as stored where one side stores it so. */
  private static String subject(List<WeightPair> parts, Weight sample) {
    TensorRole role = parts.getFirst().comparison().role();
    boolean fused = sample.tensor().elements() != (long) sample.rows() * sample.columns();
    if (!fused || role.layer() < 0) {
      return role.toString();
    }
    Part part =
        role.part() == Part.FFN_GATE || role.part() == Part.FFN_UP ? Part.GATE_UP : Part.QKV;
    return new TensorRole(part, role.layer(), role.bias()).toString();
  }

  private Hypothesis nonFinite(List<WeightPair> parts) {
    WeightPair first = parts.getFirst();
    Side side =
        first.nonFiniteA() > 0 && first.nonFiniteB() > 0
            ? null
            : first.nonFiniteA() > 0 ? Side.A : Side.B;
    long count = Math.max(first.nonFiniteA(), first.nonFiniteB());
    return hypothesis(
        DiagnosisCode.NON_FINITE,
        first.comparison().role().toString(),
        side,
        first.comparison().role()
            + " holds "
            + count
            + " values that are NaN or infinite"
            + (side == null ? " on both sides" : " on side " + side),
        "convert this tensor again from its source, and check for overflow in the conversion",
        Proof.CONSISTENT,
        List.of(),
        parts);
  }

  private Hypothesis unexplained(List<WeightPair> parts) {
    WeightPair first = parts.getFirst();
    return hypothesis(
        DiagnosisCode.UNEXPLAINED,
        first.comparison().role().toString(),
        null,
        first.comparison().role()
            + " differs: "
            + first.comparison().reason()
            + "; it is neither a transpose nor a reshape of the other side",
        "compare how both converters write this tensor",
        Proof.HINT,
        List.of(),
        parts);
  }

  private Hypothesis hypothesis(
      DiagnosisCode code,
      String subject,
      @Nullable Side side,
      String message,
      String fix,
      Proof proof,
      List<Repair> repairs,
      List<WeightPair> parts) {
    WeightPair first = parts.getFirst();
    Map<String, Object> evidence = new LinkedHashMap<>();
    evidence.put("nmse", first.comparison().nmse());
    Optional.ofNullable(first.comparison().difference())
        .ifPresent(difference -> evidence.put("maxDiff", difference.maxDiff()));
    evidence.put(
        "tensors", parts.stream().map(pair -> pair.comparison().role().toString()).toList());
    Set<TensorRole> roles = new LinkedHashSet<>();
    parts.forEach(pair -> roles.add(pair.comparison().role()));
    int layer = first.comparison().role().layer();
    return new Hypothesis(
        new Diagnosis(
            code,
            Severity.ERROR,
            subject,
            layer >= 0 ? layer : null,
            side,
            message,
            fix,
            proof,
            evidence),
        repairs,
        roles,
        Set.of());
  }
}
