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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
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
  /** A row may exceed the tensor's budget by this factor: rows are small samples. */
  private static final double ROW_FACTOR = 6;

  /** Room for values that were rounded twice, before and after a fault, and not as they are. */
  private static final double REPAIRED = 4;

  /** Above this {@link #growth} nothing of a vector is left to agree. */
  private static final double MOST_GROWTH = 1000;

  /** No quantiser loses more than this share of a row's energy. */
  private static final double ROW_CEILING = 0.6;

  /** Room for the shrinking of a quantiser where few rows differ from one another. */
  private static final double TABLE_FACTOR = 2;

  /** Standard deviations of chance; errors within a block are not independent. */
  private static final double CHANCE_FACTOR = 6;

  /** Weights that have to be rounded in another way before that is taken for a matter of files. */
  private static final int FEWEST_ROUNDED = 3;

  private final Model a;
  private final Model b;
  private final double threshold;
  private final Engine engine;

  /** Weights of equal quantised types that differ by no more than a step here and there. */
  private final Set<TensorRole> roundedOtherwise = ConcurrentHashMap.newKeySet();

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
      pairs.put(role, compare(role));
      progress.accept(pairs.size());
    }
    settleRounding(pairs);
    return pairs;
  }

  /**
   * Two files that were quantised from one model in 16 and in 32 bits differ in a few values of
   * every weight, by a step. In one weight alone that would be damage.
   */
  private void settleRounding(SortedMap<TensorRole, WeightPair> pairs) {
    List<WeightPair> quantised =
        pairs.values().stream().filter(WeightComparer::isQuantisedAlike).toList();
    long rounded =
        quantised.stream()
            .filter(
                pair ->
                    pair.comparison().status() == Status.NOISE
                        || roundedOtherwise.contains(pair.comparison().role()))
            .count();
    if (rounded < FEWEST_ROUNDED || rounded < quantised.size() / 2) {
      return;
    }
    for (TensorRole role : roundedOtherwise) {
      pairs.computeIfPresent(
          role,
          (key, pair) ->
              noise(
                  pair,
                  "quantised from one source of another precision",
                  NoiseFloor.budget(type(pair), type(pair))));
    }
  }

  private static boolean isQuantisedAlike(WeightPair pair) {
    ElementType type = pair.comparison().typeA();
    return type != null && type == pair.comparison().typeB() && type.isQuantized();
  }

  private static ElementType type(WeightPair pair) {
    return Objects.requireNonNull(pair.comparison().typeA());
  }

  /** Number of weights that {@link #compare(IntConsumer)} goes through. */
  public int count() {
    TreeSet<TensorRole> roles = new TreeSet<>(a.weights().keySet());
    roles.addAll(b.weights().keySet());
    return roles.size();
  }

  /** One weight, as {@link #compare(IntConsumer)} does each. */
  public WeightPair compare(TensorRole role) {
    Optional<Weight> left = weight(a, role);
    Optional<Weight> right = weight(b, role);
    String dispensable = dispensable(role, left.orElse(null), right.orElse(null));
    if (dispensable != null) {
      return outcome(
          role,
          left.orElse(null),
          right.orElse(null),
          Status.OK,
          dispensable,
          false,
          new DifferenceSum(),
          0);
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
    return compare(role, left.get(), right.get());
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
    double budget = NoiseFloor.budget(type, found.typeB());
    double room = type.isQuantized() || found.typeB().isQuantized() ? 1 : REPAIRED;
    if (!(found.nmse() <= room * growth(role, before, pair) * budget)) {
      return pair;
    }
    return noise(pair, "rounded before it was repaired", budget);
  }

  private static WeightPair noise(WeightPair pair, String reason, double budget) {
    TensorComparison found = pair.comparison();
    return new WeightPair(
        pair.a(),
        pair.b(),
        new TensorComparison(
            found.role(),
            found.nameA(),
            found.nameB(),
            found.typeA(),
            found.typeB(),
            found.storedDimsA(),
            found.storedDimsB(),
            found.expectedDims(),
            Status.NOISE,
            reason,
            false,
            found.nmse(),
            budget,
            found.predicted(),
            found.difference()),
        pair.normA(),
        pair.normB(),
        pair.worstRowNmse(),
        pair.worstRelative(),
        pair.nonFiniteA(),
        pair.nonFiniteB());
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

  /** Compares two weights that have one role. */
  public WeightPair compare(TensorRole role, Weight left, Weight right) {
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
    DifferenceSum sum = differences(left, right);
    if (sum.hasNonFinite()) {
      return outcome(
          role, left, right, Status.DIVERGED, "values that are not finite", false, sum, 0);
    }
    if (sum.nmse() == 0) {
      return outcome(role, left, right, Status.OK, "same values", false, sum, 0);
    }
    double budget = NoiseFloor.budget(typeA, typeB);
    if (typeA == typeB) {
      return sameType(role, left, right, sum, budget);
    }
    double rowBudget = rowBudget(budget);
    Status status = Status.NOISE;
    String reason = "explained by " + typeA + " against " + typeB;
    if (!(sum.nmse() <= budget)) {
      status = Status.DIVERGED;
      reason = "more than " + typeA + " against " + typeB + " explains";
    } else if (!(sum.worstRowNmse() <= rowBudget)) {
      status = Status.DIVERGED;
      reason = "a row differs by more than " + typeA + " against " + typeB + " explains";
    } else if (!(sum.worstBlockNmse() <= NoiseFloor.blockBudget(budget))) {
      status = Status.DIVERGED;
      reason = "part of a row differs by more than " + typeA + " against " + typeB + " explains";
    } else if (isScaled(role, sum)) {
      status = Status.DIVERGED;
      reason = scaled(sum);
    }
    return outcome(role, left, right, status, reason, false, sum, budget);
  }

  private WeightPair sameType(
      TensorRole role, Weight left, Weight right, DifferenceSum sum, double budget) {
    double rms = sum.normA() / Math.sqrt((double) sum.count());
    if (sum.difference().maxDiff() <= threshold * rms) {
      return outcome(
          role, left, right, Status.OK, "within the threshold, relative to its rms", false, sum, 0);
    }
    boolean everywhere = sum.differing() >= sum.count() / 2;
    if (left.tensor().type().isQuantized()
        && everywhere
        && sum.nmse() <= budget
        && sum.worstRowNmse() <= rowBudget(budget)
        && sum.worstBlockNmse() <= NoiseFloor.blockBudget(budget)
        && !isScaled(role, sum)) {
      return outcome(
          role, left, right, Status.NOISE, "quantised twice from one source", false, sum, budget);
    }
    if (left.tensor().type().isQuantized()
        && sum.worstBlockNmse() <= budget
        && !isScaled(role, sum)) {
      roundedOtherwise.add(role);
    }
    return outcome(
        role, left, right, Status.DIVERGED, "values differ though types agree", false, sum, 0);
  }

  /**
   * Whether B is A times a factor that rounding does not explain. Rounding errors are uncorrelated
   * with the values but for the shrinking of a quantiser, which lowers the slope by the share of
   * the energy that it loses at most. A tensor scaled by a small factor has an nmse far below the
   * budget of a coarse type, and only its slope gives it away. Rows that are equal repeat their
   * rounding errors, which chance does not foresee; so the threshold is allowed besides, and more
   * where such rows are usual.
   */
  private boolean isScaled(TensorRole role, DifferenceSum sum) {
    double room = threshold + CHANCE_FACTOR * sum.slopeDeviation();
    double above = isTable(role) ? room + TABLE_FACTOR * sum.unexplained() : room;
    double below = room + (isTable(role) ? TABLE_FACTOR : 1) * sum.unexplained();
    return !(sum.slope() >= 1 - below && sum.slope() <= 1 + above);
  }

  /** Whether a weight has a row for each token: those of unseen tokens are often all alike. */
  private static boolean isTable(TensorRole role) {
    return role.part() == Part.EMBEDDING || role.part() == Part.OUTPUT;
  }

  private static String scaled(DifferenceSum sum) {
    return "B is A times " + (float) sum.slope() + ", which rounding does not explain";
  }

  private static double rowBudget(double budget) {
    return Math.max(budget, Math.min(ROW_CEILING, ROW_FACTOR * budget));
  }

  /**
   * The output head stands for the tied embedding too, so that tying does not hide a difference.
   */
  private static Optional<Weight> weight(Model model, TensorRole role) {
    return role.part() == Part.OUTPUT ? model.head() : model.weight(role);
  }

  private DifferenceSum differences(Weight left, Weight right) {
    int columns = left.columns();
    DifferenceSum total = new DifferenceSum();
    if (left.rows() == 1) {
      // A vector's channels are judged one by one, which takes more than sums.
      total.addRow(0, left.decodeAll(), 0, right.decodeAll(), 0, columns);
      return total;
    }
    engine
        .differences(
            left,
            right,
            DifferenceSum::new,
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
      @Nullable DifferenceSum sum,
      double budget) {
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
            status == Status.NOISE ? predicted(left, right) : Double.NaN,
            sum == null ? null : sum.difference());
    return new WeightPair(
        left,
        right,
        comparison,
        sum == null ? Double.NaN : sum.normA(),
        sum == null ? Double.NaN : sum.normB(),
        sum == null ? 0 : sum.worstRowNmse(),
        sum == null ? 0 : sum.worstRelative(),
        sum == null ? 0 : sum.nonFiniteA(),
        sum == null ? 0 : sum.nonFiniteB());
  }

  private double predicted(@Nullable Weight left, @Nullable Weight right) {
    return left == null || right == null
        ? Double.NaN
        : RoundingNoise.of(left, engine) + RoundingNoise.of(right, engine);
  }

  private static List<Long> storedDims(@Nullable Weight weight) {
    return weight == null
        ? List.of()
        : Normalizer.rowMajorDims(weight.tensor(), weight.source().dimensionOrder());
  }
}
