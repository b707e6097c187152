package dev.rosetta.compare;

import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.TensorComparison;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.TensorRole;
import dev.rosetta.trace.Activation;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a local difference is more than the two operations explain.
 *
 * <p>Operations over equal values and equal config must agree exactly. Where the weights differ by
 * D, an uncorrelated input x gives |Dx| of about |D|·|x|/sqrt(K), which is what is predicted;
 * inputs of trained models are correlated with D, but none gives more than |D|·|x|. So that is the
 * bound where rounding explains D value by value: the operation has no other fault to show. Of a
 * weight that is at fault, only what its steps lead to expect counts, so that a fault cannot widen
 * its own bound. No bound is below what float32 does to the operation's own sums.
 */
final class Judge {
  /** Room above the mean for what is left of a weight that is at fault. */
  private static final double MARGIN = 4;

  /** Most that a channel of a norm at fault is expected to be off by. */
  private static final double LARGEST_CHANNEL = 0.1;

  /** What float32 does to a sum, relative to the largest that its terms could have. */
  private static final double ARITHMETIC = 0x1p-22;

  private final Map<TensorRole, WeightPair> weights;
  private final Set<ConfigField> unequalConfig;
  private final double threshold;

  /**
   * @param unequalConfig config fields that differ between the sides
   * @param threshold plain bound on the largest difference
   */
  Judge(Map<TensorRole, WeightPair> weights, Set<ConfigField> unequalConfig, double threshold) {
    this.weights = weights;
    this.unequalConfig = unequalConfig;
    this.threshold = threshold;
  }

  /**
   * A bound and what it follows from.
   *
   * @param tolerance the bound
   * @param relative whether it bounds relL2 rather than maxDiff
   * @param noise whether a difference within it is noise of element types
   * @param predicted relL2 to expect of the element types; NaN where they play no part
   */
  record Bound(double tolerance, boolean relative, boolean noise, double predicted, String reason) {

    static Bound plain(double tolerance, boolean relative, String reason) {
      return new Bound(tolerance, relative, false, Double.NaN, reason);
    }
  }

  /** What one weight contributes to a bound, both relative to the output. */
  private record Share(double predicted, double tolerance) {}

  /** Whether the operation is the same function on both sides: equal values, equal config. */
  boolean sameFunction(List<TensorRole> rolesA, List<TensorRole> rolesB, Set<ConfigField> config) {
    if (!rolesA.equals(rolesB)) {
      return false;
    }
    for (ConfigField field : config) {
      if (unequalConfig.contains(field)) {
        return false;
      }
    }
    for (TensorRole role : rolesA) {
      WeightPair pair = weights.get(role);
      if (pair == null || !pair.sameValues()) {
        return false;
      }
    }
    return true;
  }

  /**
   * The bound for an operation that is not the same function on both sides.
   *
   * @param input its first input, or null for the embedding, which looks rows up
   * @param outputNorm root of side A's sum of squares
   * @param positions number of positions of the output
   */
  Bound bound(
      List<TensorRole> roles,
      Set<ConfigField> config,
      @Nullable Activation input,
      double outputNorm,
      int positions) {
    for (ConfigField field : config) {
      if (unequalConfig.contains(field)) {
        return Bound.plain(1e-6, true, field.label() + " differs");
      }
    }
    double relative = 0;
    double predicted = 0;
    boolean noise = false;
    for (TensorRole role : roles) {
      WeightPair pair = weights.get(role);
      if (pair != null && pair.needsNoCounterpart()) {
        // Angles grow with the position, and so does what rounding the frequencies does to them.
        noise = true;
        relative += role.bias() ? 0 : FrequencyFactors.TOLERANCE * positions;
        continue;
      }
      if (pair == null || pair.a() == null || pair.b() == null) {
        return Bound.plain(0, false, role + " is absent on one side");
      }
      if (pair.sameValues()) {
        continue;
      }
      if (pair.comparison().budget() == 0) {
        return Bound.plain(threshold, false, "same element types: the threshold");
      }
      noise = true;
      Share share = share(role, pair, input, outputNorm, positions);
      relative += share.tolerance();
      // The errors of two weights are independent.
      predicted += share.predicted() * share.predicted();
    }
    if (!noise) {
      return Bound.plain(threshold, false, "the threshold");
    }
    return new Bound(
        relative,
        true,
        true,
        predicted > 0 ? Math.sqrt(predicted) : Double.NaN,
        "predicted from the weights' own difference in element type");
  }

  private static Share share(
      TensorRole role,
      WeightPair pair,
      @Nullable Activation input,
      double outputNorm,
      int positions) {
    boolean faulty = pair.comparison().status() == Status.DIVERGED;
    double nmse = faulty ? expected(pair.comparison()) : pair.comparison().nmse();
    double share = Math.sqrt(nmse);
    if (input == null) {
      // Rows are looked up, so no row can be further off than the worst one.
      double row = faulty ? nmse : Math.max(nmse, pair.worstRowNmse());
      return new Share(share, (faulty ? MARGIN : 1) * Math.sqrt(row) + ARITHMETIC);
    }
    if (role.part().isVector() && !role.bias()) {
      // Channels are scaled one by one: no output is further off than its own factor.
      double channel = Math.min(pair.worstRelative(), faulty ? LARGEST_CHANNEL : 1);
      return new Share(share, Math.max(share, channel) + ARITHMETIC);
    }
    if (outputNorm == 0) {
      return new Share(0, 0);
    }
    // The largest output, relative to what there is, that a matrix or bias of this norm can give.
    double gain = pair.normA() * (role.bias() ? Math.sqrt(positions) : norm(input)) / outputNorm;
    double predicted = share * (role.bias() ? gain : gain / Math.sqrt(input.width()));
    return new Share(predicted, (faulty ? predicted : share * gain) + ARITHMETIC * gain);
  }

  /** What rounding alone would have made of a weight that is at fault. */
  private static double expected(TensorComparison comparison) {
    return Double.isNaN(comparison.predicted())
        ? 0
        : Math.min(comparison.nmse(), comparison.predicted());
  }

  static Status status(Bound bound, dev.rosetta.Difference difference) {
    double observed = bound.relative() ? difference.relL2() : difference.maxDiff();
    // Written so that NaN fails.
    if (!(observed <= bound.tolerance())) {
      return Status.DIVERGED;
    }
    return bound.noise() && observed > 0 ? PointComparison.Status.NOISE : PointComparison.Status.OK;
  }

  private static double norm(Activation activation) {
    double sum = 0;
    for (float value : activation.values()) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }
}
