package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Why weights differ: decided on their values, never on their dims alone. */
final class WeightCauses {
  /**
   * Every fault class of a weight, what is cheap and certain first. Order decides between two that
   * fit: a whole-tensor explanation comes before damage to parts of it.
   */
  private static final List<WeightHypothesis> HYPOTHESES =
      List.of(
          ValueHypotheses::zeroed,
          ValueHypotheses::normOffset,
          Encodings::relabelled,
          ValueHypotheses::scaled,
          Layouts::transposed,
          Layouts::reshaped,
          RowOrders::ropePermuted,
          Exchanges::swapped,
          Encodings::byteSwapped,
          Encodings::blockLayout,
          Encodings::blockLoss,
          RowOrders::exchanged,
          ValueHypotheses::corrupted,
          Exchanges::fusedSplit,
          RowOrders::permuted,
          Layouts::shifted,
          Layouts::padded,
          ByteShifts::shifted,
          Lineage::quantisedTwice);

  /** A fault in every one of so many layers is one fault of the whole file. */
  private static final int FEWEST_LAYERS = 3;

  private final Facts facts;
  private final Set<TensorRole> explained = new HashSet<>();

  WeightCauses(Facts facts) {
    this.facts = facts;
  }

  /** A cause found for one role, before causes are grouped. */
  private record Cause(WeightPair pair, Side side, Explanation explanation) {}

  /** Hypotheses for every weight at fault, one for each cause, in forward-pass order. */
  List<Hypothesis> find() {
    List<Cause> causes = new ArrayList<>();
    for (WeightPair pair : facts.weights().values()) {
      if (pair.comparison().status() == Status.DIVERGED
          && !isTiedEcho(pair)
          && !explained.contains(pair.comparison().role())) {
        Cause cause = cause(pair);
        causes.add(cause);
        cause.explanation().repairs().forEach(weight -> explained.add(weight.role()));
      }
    }
    List<Hypothesis> hypotheses = new ArrayList<>();
    for (List<Cause> group : grouped(ofOneOrigin(causes))) {
      hypotheses.add(hypothesis(group));
    }
    return hypotheses;
  }

  /**
   * Where nearly every matrix differs and nothing explains it, the files hold different models: one
   * cause, which the vectors share.
   */
  private List<Cause> ofOneOrigin(List<Cause> causes) {
    long matrices =
        facts.weights().values().stream()
            .filter(pair -> pair.a() != null && pair.b() != null && pair.a().rows() > 1)
            .count();
    long unexplained =
        causes.stream()
            .filter(c -> c.explanation().code() == DiagnosisCode.UNEXPLAINED && !isVector(c))
            .count();
    if (unexplained < 3 || unexplained < 0.8 * matrices) {
      return causes;
    }
    Explanation other =
        Explanation.lossy(
            DiagnosisCode.DIFFERENT_CHECKPOINT,
            "holds other values, as do "
                + unexplained
                + " of "
                + matrices
                + " matrices, and no rearrangement explains them",
            "compare files that were converted from one revision of the model");
    return causes.stream()
        .map(c -> c.explanation().told() ? c : new Cause(c.pair(), c.side(), other))
        .toList();
  }

  private static boolean isVector(Cause cause) {
    Weight weight = cause.pair().a();
    return weight != null && weight.rows() == 1;
  }

  /** A tied head repeats what the embedding already says. */
  private boolean isTiedEcho(WeightPair pair) {
    TensorRole role = pair.comparison().role();
    return role.part() == Part.OUTPUT
        && facts.a().weight(role).isEmpty()
        && facts.b().weight(role).isEmpty();
  }

  private Cause cause(WeightPair pair) {
    Weight a = pair.a();
    Weight b = pair.b();
    if (a == null || b == null) {
      throw new IllegalStateException("a diverged pair has both sides");
    }
    List<Suspicion> suspicions =
        likelierFirst(a, b).stream()
            .map(side -> side == Side.A ? suspicion(side, a, b) : suspicion(side, b, a))
            .toList();
    for (WeightHypothesis hypothesis : HYPOTHESES) {
      for (Suspicion suspicion : suspicions) {
        Optional<Explanation> explanation = hypothesis.test(suspicion);
        if (explanation.isPresent()) {
          return new Cause(pair, suspicion.side(), explanation.get());
        }
      }
    }
    Side side = pair.nonFiniteA() == 0 && pair.nonFiniteB() > 0 ? Side.B : Side.A;
    return new Cause(pair, side, unexplained(pair));
  }

  private Suspicion suspicion(Side side, Weight suspect, Weight reference) {
    return new Suspicion(
        side,
        suspect,
        reference,
        Samples.of(reference),
        WeightScan.of(reference, suspect, Suspicion.untouched(suspect, reference)),
        facts);
  }

  /**
   * Where one side alone lists reversed dims, or has fused what the other keeps apart, that side's
   * data is the likelier to be wrong.
   */
  private List<Side> likelierFirst(Weight a, Weight b) {
    boolean reversed = isReversed(facts.b(), b) && !isReversed(facts.a(), a);
    return reversed || (isPart(b) && !isPart(a))
        ? List.of(Side.B, Side.A)
        : List.of(Side.A, Side.B);
  }

  /** Whether a weight is part of a fused tensor. */
  private static boolean isPart(Weight weight) {
    return weight.tensor().elements() != (long) weight.rows() * weight.columns();
  }

  private static boolean isReversed(Model model, Weight weight) {
    return model.findings().stream()
        .anyMatch(
            finding ->
                finding.code() == DiagnosisCode.DIMS_REVERSED
                    && finding.message().startsWith("'" + weight.tensor().name() + "' "));
  }

  private static Explanation unexplained(WeightPair pair) {
    boolean nonFinite = pair.nonFiniteA() > 0 || pair.nonFiniteB() > 0;
    if (nonFinite) {
      boolean both = pair.nonFiniteA() > 0 && pair.nonFiniteB() > 0;
      long count = Math.max(pair.nonFiniteA(), pair.nonFiniteB());
      Explanation explanation =
          Explanation.lossy(
              DiagnosisCode.NON_FINITE,
              "holds " + count + " values that are NaN or infinite",
              "convert this tensor again from its source, and check for overflow");
      return both ? explanation : explanation.onThisSide();
    }
    if (pair.comparison().role().bias()) {
      return Explanation.lossy(
          DiagnosisCode.BIAS_WRONG,
          "holds other values than the other side's",
          "write the bias that belongs to this projection, in the order of its rows");
    }
    return Explanation.lossy(
        DiagnosisCode.UNEXPLAINED,
        "differs ("
            + pair.comparison().reason()
            + "); no transpose, permutation, exchange, shift, scale, element type or block layout"
            + " explains it",
        "compare how both converters write this tensor");
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
    for (List<List<Cause>> sameKind : byPart.values()) {
      boolean everywhere = sameKind.size() >= FEWEST_LAYERS && sameKind.size() == layers;
      if (everywhere) {
        groups.add(sameKind.stream().flatMap(List::stream).toList());
      } else {
        groups.addAll(sameKind);
      }
    }
    groups.sort(
        (x, y) ->
            x.getFirst()
                .pair()
                .comparison()
                .role()
                .compareTo(y.getFirst().pair().comparison().role()));
    return groups;
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
    return weight != null && isPart(weight) ? weight.tensor().name() : null;
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
    }
    evidence.put("tensors", roles.stream().sorted().map(TensorRole::toString).toList());
    Side side = told(group) ? first.side() : null;
    String name = tensorName(first);
    long others = group.stream().map(WeightCauses::tensorName).distinct().count() - 1;
    String more = others > 0 ? " (and " + others + " more like it)" : "";
    String open = side == null ? "; or the other side is wrong the other way round" : "";
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

  private static boolean spansLayers(List<Cause> group) {
    return group.stream().map(c -> c.pair().comparison().role().layer()).distinct().count() > 1;
  }

  /** Whether a side is wrong by its own testimony: its values, or its reversed dims. */
  private boolean told(List<Cause> group) {
    Cause first = group.getFirst();
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
        ? isReversed(facts.a(), a) && !isReversed(facts.b(), b)
        : isReversed(facts.b(), b) && !isReversed(facts.a(), a);
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
