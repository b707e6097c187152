package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Side;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Why weights differ: decided on their values, never on their dims alone. */
final class WeightCauses {
  /**
   * Fault classes that are decided at sampled positions, what is cheap and certain first. Order
   * decides between two that fit: a whole-tensor explanation comes before damage to parts of it.
   */
  private static final List<WeightHypothesis> SAMPLED =
      List.of(
          ValueHypotheses::zeroed,
          ValueHypotheses::normOffset,
          Encodings::relabelled,
          ScaleGrids::ignored,
          ValueHypotheses::scaled,
          Layouts::transposed,
          Layouts::reshaped,
          RowOrders::ropePermuted,
          Exchanges::swapped,
          Encodings::byteSwapped,
          DecodedBlocks::wronglyRead,
          Encodings::blockLayout,
          Encodings::blockLoss,
          DecodedBlocks::disordered,
          DecodedBlocks::offset);

  /** Fault classes that are searched for in all of a weight, after the others. */
  private static final List<WeightHypothesis> SEARCHED =
      List.of(
          RowShifts::moved,
          RowOrders::exchanged,
          RowRanges::replaced,
          ValueHypotheses::corrupted,
          Exchanges::fusedSplit,
          RowOrders::permuted,
          Layouts::shifted,
          Layouts::padded,
          ByteShifts::shifted,
          Lineage::quantisedTwice);

  /**
   * Matrices that are searched in full while nothing explains any of them. Two unrelated models
   * differ everywhere, and to search all of them would take minutes and find nothing.
   */
  private static final int MOST_SEARCHED_IN_VAIN = 8;

  /** Squared difference over the expected one, of weights that share more than their rounding. */
  private static final double MUCH_MORE = 1.5;

  private final Facts facts;
  private final Map<Weight, Samples> few = new HashMap<>();
  private int searchedInVain;
  private boolean anyExplained;
  private final Set<TensorRole> explained = new HashSet<>();

  WeightCauses(Facts facts) {
    this.facts = facts;
  }

  /** Hypotheses for every weight at fault, one for each cause, in forward-pass order. */
  List<Hypothesis> find() {
    List<Hypothesis> found = new ArrayList<>();
    new LowRankUpdates(facts).find().ifPresent(found::add);
    found.forEach(update -> explained.addAll(update.roles()));
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
    found.addAll(new CauseGroups(facts).hypotheses(ofOneOrigin(causes)));
    return found;
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
    // What lies within the steps but is much more than they lead to expect has the same origin.
    long beyondExpected =
        facts.weights().values().stream()
            .filter(pair -> pair.comparison().status() == Status.NOISE)
            .filter(pair -> pair.a() != null && pair.a().rows() > 1)
            .filter(pair -> pair.comparison().excess() > MUCH_MORE)
            .count();
    long others = unexplained + beyondExpected;
    if (causes.isEmpty() || others < 3 || others < 0.8 * matrices) {
      return causes;
    }
    Explanation other =
        Explanation.lossy(
            DiagnosisCode.DIFFERENT_CHECKPOINT,
            "holds other values, as do "
                + others
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
    if (pair.standsOut()) {
      return new Cause(pair, Side.A, ofOtherCheckpoint(pair));
    }
    List<Suspicion> suspicions =
        likelierFirst(a, b).stream()
            .map(
                side ->
                    side == Side.A
                        ? new Suspicion(side, a, b, facts, few)
                        : new Suspicion(side, b, a, facts, few))
            .toList();
    boolean hopeless = !anyExplained && searchedInVain >= MOST_SEARCHED_IN_VAIN;
    Optional<Cause> cause = test(SAMPLED, pair, suspicions);
    if (cause.isEmpty() && !hopeless) {
      cause = test(SEARCHED, pair, suspicions);
    }
    if (cause.isPresent()) {
      anyExplained |= a.rows() > 1;
      return cause.get();
    }
    searchedInVain += a.rows() > 1 ? 1 : 0;
    Side side = pair.nonFiniteA() == 0 && pair.nonFiniteB() > 0 ? Side.B : Side.A;
    return new Cause(pair, side, unexplained(pair, hopeless));
  }

  /** Within its steps, but further off than the same weight of the other layers. */
  private static Explanation ofOtherCheckpoint(WeightPair pair) {
    return Explanation.lossy(
            DiagnosisCode.DIFFERENT_CHECKPOINT,
            pair.comparison().reason() + ": it comes from another checkpoint, or was rounded again",
            "convert all tensors from one revision of the model")
        .withEvidence(Map.of("excess", pair.comparison().excess()));
  }

  private static Optional<Cause> test(
      List<WeightHypothesis> hypotheses, WeightPair pair, List<Suspicion> suspicions) {
    for (WeightHypothesis hypothesis : hypotheses) {
      for (Suspicion suspicion : suspicions) {
        Optional<Explanation> explanation = hypothesis.test(suspicion);
        if (explanation.isPresent()) {
          return Optional.of(new Cause(pair, suspicion.side(), explanation.get()));
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Where one side alone lists reversed dims, or has fused what the other keeps apart, that side's
   * data is the likelier to be wrong; where neither tells, as of a square matrix, the side that has
   * more reversed dims.
   */
  private List<Side> likelierFirst(Weight a, Weight b) {
    boolean reversedA = Cause.isReversed(facts.a(), a);
    boolean reversedB = Cause.isReversed(facts.b(), b);
    boolean firstB =
        reversedA != reversedB
            ? reversedB
            : Cause.isPart(a) != Cause.isPart(b)
                ? Cause.isPart(b)
                : reversed(facts.b()) > reversed(facts.a());
    return firstB ? List.of(Side.B, Side.A) : List.of(Side.A, Side.B);
  }

  private static long reversed(Model model) {
    return model.findings().stream()
        .filter(finding -> finding.code() == DiagnosisCode.DIMS_REVERSED)
        .count();
  }

  private static Explanation unexplained(WeightPair pair, boolean hopeless) {
    if (pair.nonFiniteA() > 0 || pair.nonFiniteB() > 0) {
      return NonFinite.explanation(pair);
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
            + "); no transpose, "
            + (hopeless ? "" : "permutation, shift, ")
            + "exchange, scale, element type or block layout explains it"
            + (hopeless ? ", and those before it were searched for more in vain" : ""),
        "compare how both converters write this tensor");
  }
}
