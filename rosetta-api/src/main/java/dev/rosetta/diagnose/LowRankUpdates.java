package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.TensorComparison;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * An adapter that is merged on one side only, twice, or with another alpha: the sides differ by
 * matrices of one low rank, in the same modules of many layers. It may lie below what rounding
 * explains in any single weight, so that weights are looked at which pass as noise, too.
 */
final class LowRankUpdates {
  private static final int SCREENED_ROWS = 64;
  private static final int SCREENED_COLUMNS = 512;
  private static final int ROWS = 96;

  /** For a rank that is not low beside {@link #ROWS}. */
  private static final int MORE_ROWS = 256;

  private static final int COLUMNS = 2048;
  private static final int SMALLEST = 16;

  /** Where rounding does not explain what is left, this little of the difference may be left. */
  private static final double REST = 0.1;

  /** Energy of the strongest direction, in units of noise's, below which chance may do it. */
  private static final double HIDDEN_STRENGTH = 1.5;

  /** Share of a module's layers that an adapter below the noise has to show in. */
  private static final double HIDDEN_SHARE = 0.75;

  private static final int HIDDEN_TENSORS = 3;

  /** Squared difference over the one to expect that is left below the noise of one rounding. */
  private static final double ONE_ROUNDING = 1.15;

  /** Excess of updated weights over that of clean ones. */
  private static final double ABOVE_CONTROL = 1.1;

  /** The same where weak directions of the update may be left beside it. */
  private static final double WITH_HIDDEN_DIRECTIONS = 2;

  /** The same of the update. */
  private static final double ITS_OWN = 0.1;

  /** Values multiplied beyond which no proof is tried: some ten seconds. */
  private static final double MOST_WORK = 2e10;

  private final Facts facts;

  LowRankUpdates(Facts facts) {
    this.facts = facts;
  }

  Optional<Hypothesis> find() {
    if (contradictsItsShapes(facts.a()) || contradictsItsShapes(facts.b())) {
      return Optional.empty(); // Rows taken by other heads differ by matrices of low rank, too.
    }
    Map<Part, List<WeightPair>> modules = new EnumMap<>(Part.class);
    for (WeightPair pair : facts.weights().values()) {
      if (pair.comparison().role().layer() >= 0 && isComparable(pair)) {
        modules
            .computeIfAbsent(pair.comparison().role().part(), part -> new ArrayList<>())
            .add(pair);
      }
    }
    NavigableMap<TensorRole, RankSketch> found = new TreeMap<>();
    Set<WeightPair> clean = new LinkedHashSet<>();
    for (List<WeightPair> module : modules.values()) {
      NavigableMap<TensorRole, RankSketch> updated = updated(module);
      found.putAll(updated);
      if (updated.isEmpty()) {
        clean.addAll(module);
      }
    }
    long atFault =
        facts.weights().values().stream()
            .map(WeightPair::comparison)
            .filter(c -> c.status() == Status.DIVERGED && found.containsKey(c.role()))
            .count();
    boolean visible = atFault > 0 && atFault >= found.size() / 2;
    long layers = found.keySet().stream().mapToInt(TensorRole::layer).distinct().count();
    if (!visible) {
      found.entrySet().removeIf(entry -> !leavesOneRounding(entry.getKey(), entry.getValue()));
    }
    if (layers < 2 || !visible && !isBeyondChance(found, clean)) {
      return Optional.empty();
    }
    return Optional.of(hypothesis(found, visible));
  }

  private static boolean contradictsItsShapes(Model model) {
    return model.findings().stream()
        .anyMatch(finding -> finding.code() == DiagnosisCode.CONFIG_SHAPE_CONFLICT);
  }

  private static boolean isComparable(WeightPair pair) {
    Weight a = pair.a();
    Weight b = pair.b();
    Status status = pair.comparison().status();
    return a != null
        && b != null
        && (status == Status.DIVERGED || status == Status.NOISE)
        && pair.nonFiniteA() + pair.nonFiniteB() == 0
        && Math.min(a.rows(), a.columns()) >= SMALLEST;
  }

  /** The weights of one module that differ by a low rank; a few of them are tried first. */
  private NavigableMap<TensorRole, RankSketch> updated(List<WeightPair> module) {
    NavigableMap<TensorRole, RankSketch> found = new TreeMap<>();
    Set<WeightPair> few = new LinkedHashSet<>();
    few.add(module.getFirst());
    few.add(module.get(module.size() / 2));
    few.add(module.getLast());
    if (few.stream().noneMatch(pair -> sketch(pair, SCREENED_ROWS, SCREENED_COLUMNS).rank() > 0)) {
      return found;
    }
    for (WeightPair pair : module) {
      RankSketch sketch = sketch(pair, ROWS, COLUMNS);
      if (sketch.rank() > 0 && !sketch.isLow()) {
        sketch = sketch(pair, MORE_ROWS, COLUMNS);
      }
      if (sketch.isLow() && isExplained(pair, sketch)) {
        found.put(pair.comparison().role(), sketch);
      }
    }
    return found;
  }

  private static RankSketch sketch(WeightPair pair, int rows, int columns) {
    return RankSketch.of(a(pair), b(pair), rows, columns);
  }

  private static Weight a(WeightPair pair) {
    return Objects.requireNonNull(pair.a());
  }

  private static Weight b(WeightPair pair) {
    return Objects.requireNonNull(pair.b());
  }

  /** What is left is rounding, or next to nothing. */
  private static boolean isExplained(WeightPair pair, RankSketch sketch) {
    return sketch.rest() <= REST || sketch.unexplained() <= Suspicion.bound(b(pair), a(pair));
  }

  /**
   * Where every weight passes as rounding, the update has to be in most layers of its modules,
   * clearly, while other modules, rounded alike, show none and less error: that is the control.
   * Rounding errors of trained weights are not white by themselves.
   */
  private boolean isBeyondChance(
      NavigableMap<TensorRole, RankSketch> found, Set<WeightPair> clean) {
    if (found.size() < HIDDEN_TENSORS || !sameQuantiser() && !isAboveControl(found, clean)) {
      return false;
    }
    List<Double> strengths = found.values().stream().map(RankSketch::strength).sorted().toList();
    if (strengths.get(strengths.size() / 2) < HIDDEN_STRENGTH) {
      return false;
    }
    Set<Part> parts = new TreeSet<>();
    found.keySet().forEach(role -> parts.add(role.part()));
    for (Part part : parts) {
      long of =
          facts.weights().values().stream()
              .filter(pair -> pair.comparison().role().part() == part && isComparable(pair))
              .count();
      long with = found.keySet().stream().filter(role -> role.part() == part).count();
      if (with < HIDDEN_SHARE * of) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether the rest is what the steps lead to expect: fed errors are of low rank, too, but more.
   */
  private boolean leavesOneRounding(TensorRole role, RankSketch sketch) {
    WeightPair pair = facts.weights().get(role);
    double excess = pair == null ? Double.NaN : pair.comparison().excess();
    double most = sameQuantiser() ? WITH_HIDDEN_DIRECTIONS : ONE_ROUNDING;
    return sketch.rest() * excess <= most && (1 - sketch.rest()) * excess >= ITS_OWN;
  }

  /** Whether quantised weights of equal bytes show that no other program wrote one of the files. */
  private boolean sameQuantiser() {
    return facts.weights().values().stream()
        .anyMatch(
            pair ->
                pair.comparison().sameBytes()
                    && pair.comparison().role().layer() >= 0
                    && pair.a() != null
                    && pair.a().tensor().type().isQuantized());
  }

  /** Whether the updated weights differ by more than clean ones of the same pair of types. */
  private boolean isAboveControl(
      NavigableMap<TensorRole, RankSketch> found, Set<WeightPair> clean) {
    WeightPair first = Objects.requireNonNull(facts.weights().get(found.firstKey()));
    List<Double> controls =
        clean.stream()
            .map(WeightPair::comparison)
            .filter(c -> c.typeA() == first.comparison().typeA())
            .filter(c -> c.typeB() == first.comparison().typeB())
            .map(TensorComparison::excess)
            .sorted()
            .toList();
    List<Double> updated =
        found.keySet().stream()
            .map(role -> Objects.requireNonNull(facts.weights().get(role)).comparison().excess())
            .sorted()
            .toList();
    return !controls.isEmpty()
        && updated.get(updated.size() / 2) > ABOVE_CONTROL * controls.get(controls.size() / 2);
  }

  private Hypothesis hypothesis(NavigableMap<TensorRole, RankSketch> found, boolean visible) {
    List<Integer> ranks = found.values().stream().map(RankSketch::rank).sorted().toList();
    int usual = ranks.get(ranks.size() / 2);
    TreeSet<Part> parts = new TreeSet<>();
    TreeSet<Integer> layers = new TreeSet<>();
    found
        .keySet()
        .forEach(
            role -> {
              parts.add(role.part());
              layers.add(role.layer());
            });
    List<String> modules = parts.stream().map(Part::word).toList();
    Map<String, Object> evidence = new LinkedHashMap<>();
    evidence.put("rank", usual);
    evidence.put("smallestRank", ranks.getFirst());
    evidence.put("largestRank", ranks.getLast());
    evidence.put("modules", modules);
    evidence.put("layers", List.copyOf(layers));
    evidence.put(
        "shareOfEnergy",
        found.values().stream().mapToDouble(s -> (1 - s.rest()) * s.difference()).max().orElse(0));
    evidence.put(
        "strength", found.values().stream().mapToDouble(RankSketch::strength).max().orElse(0));
    evidence.put("tensors", found.keySet().stream().map(TensorRole::toString).toList());
    TensorRole first = found.firstKey();
    return new Hypothesis(
        new Diagnosis(
            DiagnosisCode.LOW_RANK_UPDATE,
            Severity.ERROR,
            first.toString(),
            null,
            null,
            "the sides differ by an update of rank "
                + usual
                + (isPartlyHidden(found) ? " or more" : "")
                + " in "
                + joined(modules)
                + " of "
                + ranges(layers)
                + " ("
                + found.size()
                + " tensors): an adapter (LoRA) that is merged on one side only, twice, or with"
                + " another alpha",
            "merge the same adapters once into both, with the same scale, or into neither",
            Proof.CONSISTENT,
            evidence),
        visible ? repairs(found) : List.of(), // Nothing was at fault that a repair could remove.
        found.keySet(),
        Set.of());
  }

  /** Whether noise is strong enough to hide weaker directions. */
  private static boolean isPartlyHidden(NavigableMap<TensorRole, RankSketch> found) {
    return found.values().stream().anyMatch(sketch -> sketch.rest() > REST);
  }

  /** Side B without the update, where that can be worked out in reasonable time. */
  private List<Repair> repairs(NavigableMap<TensorRole, RankSketch> found) {
    double work = 0;
    List<Repair> repairs = new ArrayList<>();
    for (Map.Entry<TensorRole, RankSketch> entry : found.entrySet()) {
      WeightPair pair = Objects.requireNonNull(facts.weights().get(entry.getKey()));
      int rank = entry.getValue().rank();
      work += LowRankPart.cost(a(pair), rank);
      repairs.add(new Repair.ReplaceWeight(Side.B, LowRankPart.removed(a(pair), b(pair), rank)));
    }
    return work <= MOST_WORK ? repairs : List.of();
  }

  /** {@code q, k and v}. */
  private static String joined(List<String> words) {
    return words.size() == 1
        ? words.getFirst()
        : String.join(", ", words.subList(0, words.size() - 1)) + " and " + words.getLast();
  }

  /** {@code layers 0 to 3 and 7}. */
  private static String ranges(TreeSet<Integer> layers) {
    List<String> ranges = new ArrayList<>();
    int from = layers.first();
    int to = from;
    for (int layer : layers.tailSet(from, false)) {
      if (layer != to + 1) {
        ranges.add(from == to ? String.valueOf(from) : from + " to " + to);
        from = layer;
      }
      to = layer;
    }
    ranges.add(from == to ? String.valueOf(from) : from + " to " + to);
    return "layers " + joined(ranges);
  }
}
