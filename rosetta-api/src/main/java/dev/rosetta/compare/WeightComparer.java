package dev.rosetta.compare;

import dev.rosetta.PointComparison.Status;
import dev.rosetta.TensorComparison;
import dev.rosetta.engine.Engine;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Inventory;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Normalizer;
import dev.rosetta.normalize.Weight;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Compares the weights of two models: encoded bytes first, values where bytes differ.
 *
 * <p>Values of different element types may differ by what the types explain; values of one type may
 * not differ at all beyond the threshold, unless nearly every block does so by a small amount, as
 * when the same source was quantised by two programs.
 *
 * <p>One caller at a time.
 */
public final class WeightComparer {
  /** Room for values that were rounded twice, before and after a fault, and not as they are. */
  private static final double REPAIRED = 4;

  /** Above this {@link #growth} nothing of a vector is left to agree. */
  private static final double MOST_GROWTH = 1000;

  /** Share of a weight's values that another quantiser changes at the least. */
  private static final double WIDESPREAD = 0.05;

  /** Weights that have to be rounded in another way before that is taken for a matter of files. */
  private static final int FEWEST_ROUNDED = 3;

  private final Model a;
  private final Model b;
  private final double threshold;
  private final Engine engine;

  /** Budgets of weights of equal types that differ by no more than a step here and there. */
  private final Map<TensorRole, Double> roundedOtherwise = new ConcurrentHashMap<>();

  /**
   * @param threshold bound on the largest difference of one element type, relative to the tensor's
   *     root mean square
   * @param engine reads and compares; the caller closes it
   */
  public WeightComparer(Model a, Model b, double threshold, Engine engine) {
    this.a = a;
    this.b = b;
    this.threshold = threshold;
    this.engine = engine;
  }

  /**
   * Every weight of either side, in forward-pass order.
   *
   * @param progress told the number of weights done
   */
  public SortedMap<TensorRole, WeightPair> compare(IntConsumer progress) {
    TreeSet<TensorRole> roles = new TreeSet<>(a.weights().keySet());
    roles.addAll(b.weights().keySet());
    roles.addAll(Inventory.required(a.config()));
    roles.addAll(Inventory.required(b.config()));
    SortedMap<TensorRole, WeightPair> pairs = new TreeMap<>();
    for (TensorRole role : roles) {
      pairs.put(role, weigh(role));
      progress.accept(pairs.size());
    }
    settleRounding(pairs);
    Siblings.judge(pairs, threshold);
    return pairs;
  }

  /**
   * Two files that were quantised from one model in 16 and in 32 bits differ in a few values of
   * every weight, by a step. In one weight alone that would be damage.
   */
  private void settleRounding(SortedMap<TensorRole, WeightPair> pairs) {
    List<WeightPair> alike =
        pairs.values().stream().filter(WeightComparer::isMatrixOfOneType).toList();
    long rounded =
        alike.stream()
            .filter(
                pair ->
                    pair.comparison().status() == Status.NOISE
                        || roundedOtherwise.containsKey(pair.comparison().role()))
            .count();
    if (rounded < FEWEST_ROUNDED || rounded < alike.size() / 2) {
      return;
    }
    roundedOtherwise.forEach(
        (role, budget) ->
            pairs.computeIfPresent(
                role,
                (key, pair) ->
                    pair.noise("quantised from one source of another precision", budget)));
  }

  private static boolean isMatrixOfOneType(WeightPair pair) {
    ElementType type = pair.comparison().typeA();
    return type != null
        && type == pair.comparison().typeB()
        && pair.a() != null
        && pair.a().rows() > 1;
  }

  /** Number of weights that {@link #compare(IntConsumer)} goes through. */
  public int count() {
    TreeSet<TensorRole> roles = new TreeSet<>(a.weights().keySet());
    roles.addAll(b.weights().keySet());
    return roles.size();
  }

  /** One weight by itself, without the others of its file to hold it against. */
  public WeightPair compare(TensorRole role) {
    return Siblings.judgeAlone(weigh(role), threshold);
  }

  private WeightPair weigh(TensorRole role) {
    Optional<Weight> left = weight(a, role);
    Optional<Weight> right = weight(b, role);
    String dispensable = dispensable(role, left.orElse(null), right.orElse(null));
    if (dispensable != null) {
      return outcome(
          role, left.orElse(null), right.orElse(null), Status.OK, dispensable, false, null, 0);
    }
    if (left.isEmpty() || right.isEmpty()) {
      String side = left.isEmpty() ? right.isEmpty() ? "either side" : "side A" : "side B";
      return outcome(
          role,
          left.orElse(null),
          right.orElse(null),
          Status.SKIPPED,
          "absent on " + side,
          false,
          null,
          0);
    }
    return weigh(role, left.get(), right.get());
  }

  /** Why it makes no difference that one side alone has a weight; null if it may make one. */
  private @Nullable String dispensable(
      TensorRole role, @Nullable Weight left, @Nullable Weight right) {
    if ((left == null) == (right == null)) {
      return null;
    }
    if (role.equals(FrequencyFactors.ROLE) && FrequencyFactors.stateTheSame(a, b)) {
      return "side " + (left == null ? "A" : "B") + " states the same frequencies by its config";
    }
    Weight only = left == null ? right : left;
    boolean optional =
        role.bias()
            && !Inventory.required(a.config()).contains(role)
            && !Inventory.required(b.config()).contains(role);
    return optional && only != null && isZero(only) ? "all zero, which is the same as none" : null;
  }

  private static boolean isZero(Weight weight) {
    if (!weight.isReadable()) {
      return false;
    }
    for (float value : weight.decodeAll()) {
      if (value != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * One weight of which a side was repaired in memory: values of equal types may then differ by the
   * rounding that followed the fault.
   *
   * @param before the weight as it was
   */
  public WeightPair compareRepaired(TensorRole role, @Nullable WeightPair before) {
    WeightPair pair = compare(role);
    TensorComparison found = pair.comparison();
    ElementType type = found.typeA();
    boolean rounded = found.status() == Status.OK && found.nmse() > 0;
    if (!(rounded || found.status() == Status.DIVERGED) || type == null || found.typeB() == null) {
      return pair;
    }
    Double explained = roundedOtherwise.get(role);
    if (explained != null) {
      return pair.noise("rounded before it was repaired", explained);
    }
    if (type.isQuantized() || found.typeB().isQuantized()) {
      return pair;
    }
    double budget = NoiseFloor.budget(type, found.typeB());
    if (!(found.nmse() <= REPAIRED * growth(role, before, pair) * budget)) {
      return pair;
    }
    return pair.noise("rounded before it was repaired", budget);
  }

  /**
   * By how much a repair of a vector enlarges its rounding error: w + 1 was rounded as a larger
   * value than w is.
   */
  private static double growth(TensorRole role, @Nullable WeightPair before, WeightPair after) {
    if (before == null || !role.part().isVector()) {
      return 1;
    }
    double shrunk = Math.max(before.normA() / after.normA(), before.normB() / after.normB());
    return shrunk > 1 ? Math.min(MOST_GROWTH, shrunk * shrunk) : 1;
  }

  /** Compares two weights that have one role, by themselves. */
  public WeightPair compare(TensorRole role, Weight left, Weight right) {
    return Siblings.judgeAlone(weigh(role, left, right), threshold);
  }

  private WeightPair weigh(TensorRole role, Weight left, Weight right) {
    if (left.rows() != right.rows() || left.columns() != right.columns()) {
      return outcome(role, left, right, Status.SKIPPED, "shapes differ", false, null, 0);
    }
    if (!left.isReadable() || !right.isReadable()) {
      Weight unreadable = left.isReadable() ? right : left;
      return outcome(
          role,
          left,
          right,
          Status.SKIPPED,
          unreadable.tensor().type() + " cannot be decoded",
          false,
          null,
          0);
    }
    ElementType typeA = left.tensor().type();
    ElementType typeB = right.tensor().type();
    if (engine.sameBytes(left, right)) {
      return outcome(role, left, right, Status.OK, "same bytes", true, null, 0);
    }
    WeightDifference found = differences(left, right);
    DifferenceSum sum = found.sum();
    if (sum.hasNonFinite()) {
      return outcome(
          role, left, right, Status.DIVERGED, "values that are not finite", false, found, 0);
    }
    if (sum.nmse() == 0) {
      return outcome(role, left, right, Status.OK, "same values", false, found, 0);
    }
    String types = typeA + " against " + typeB;
    if (typeA == typeB && isWithinThreshold(sum)) {
      String reason = "within the threshold, relative to its rms";
      return outcome(role, left, right, Status.OK, reason, false, found, 0);
    }
    if (!found.isExplained()) {
      Optional<PairRounding> levels = PairRounding.withLevels(left, right);
      if (levels.isPresent()) {
        WeightDifference again = differences(left, right, levels.get());
        found = again.isExplained() ? again : found;
      }
    }
    boolean explained = found.isExplained();
    boolean sameType = typeA == typeB;
    boolean widespread = sum.differing() >= WIDESPREAD * sum.count() || left.rows() == 1;
    if (explained && sameType && !widespread) {
      roundedOtherwise.put(role, found.budget());
      String reason = "values differ though types agree";
      return outcome(role, left, right, Status.DIVERGED, reason, false, found, 0);
    }
    String reason = explained ? explained(types, found) : beyond(types, found);
    return outcome(
        role,
        left,
        right,
        explained ? Status.NOISE : Status.DIVERGED,
        reason,
        false,
        found,
        explained || !sameType ? found.budget() : 0);
  }

  private boolean isWithinThreshold(DifferenceSum sum) {
    double rms = sum.normA() / Math.sqrt((double) sum.count());
    return sum.difference().maxDiff() <= threshold * rms;
  }

  private static String explained(String types, WeightDifference found) {
    String noted =
        found.blocksBeyond() == 0
            ? ""
            : ", but for " + found.blocksBeyond() + " blocks too small to matter";
    return (found.isTruncated() ? "rounded towards zero: " : "explained by ")
        + types
        + noted
        + found.lineage();
  }

  private static String beyond(String types, WeightDifference found) {
    return found.firstRow() < 0
        ? "more than " + types + " explains"
        : "row %d differs by more than the steps of %s explain".formatted(found.firstRow(), types);
  }

  /**
   * The output head stands for the tied embedding too, so that tying does not hide a difference.
   */
  private static Optional<Weight> weight(Model model, TensorRole role) {
    return role.part() == Part.OUTPUT ? model.head() : model.weight(role);
  }

  private WeightDifference differences(Weight left, Weight right) {
    return differences(left, right, PairRounding.of(left, right));
  }

  private WeightDifference differences(Weight left, Weight right, PairRounding rounding) {
    int columns = left.columns();
    WeightDifference total = new WeightDifference(rounding);
    if (left.rows() == 1) {
      // A vector's channels are judged one by one, which takes more than sums.
      total.addVector(left.decodeAll(), right.decodeAll());
      return total;
    }
    engine
        .differences(
            left,
            right,
            () -> new WeightDifference(rounding.fork()),
            (sum, row, sums, at, a, b) -> sum.addRow(row, columns, sums, at, a, b))
        .forEach(total::add);
    return total;
  }

  private WeightPair outcome(
      TensorRole role,
      @Nullable Weight left,
      @Nullable Weight right,
      Status status,
      String reason,
      boolean sameBytes,
      @Nullable WeightDifference found,
      double budget) {
    DifferenceSum sum = found == null ? null : found.sum();
    ModelConfig config = left != null ? a.config() : b.config();
    TensorComparison comparison =
        new TensorComparison(
            role,
            left == null ? null : left.tensor().name(),
            right == null ? null : right.tensor().name(),
            left == null ? null : left.tensor().type(),
            right == null ? null : right.tensor().type(),
            storedDims(left),
            storedDims(right),
            Inventory.shape(role, config),
            status,
            reason,
            sameBytes,
            sameBytes ? 0 : sum == null ? Double.NaN : sum.nmse(),
            budget,
            found == null ? Double.NaN : found.predicted(),
            sum == null ? null : sum.difference());
    return new WeightPair(
        left,
        right,
        comparison,
        sum == null ? Double.NaN : sum.normA(),
        sum == null ? Double.NaN : sum.normB(),
        sum == null ? 0 : sum.worstRowNmse(),
        sum == null ? 0 : sum.worstRelative(),
        found == null ? RowSlopes.Medians.NONE : found.slopes().medians(),
        found == null ? WeightPair.Lineage.NONE : found.lineage(),
        false,
        sum == null ? 0 : sum.nonFiniteA(),
        sum == null ? 0 : sum.nonFiniteB());
  }

  private static List<Long> storedDims(@Nullable Weight weight) {
    return weight == null
        ? List.of()
        : Normalizer.rowMajorDims(weight.tensor(), weight.source().dimensionOrder());
  }
}
