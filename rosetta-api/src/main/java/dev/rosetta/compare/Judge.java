package dev.rosetta.compare;

import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
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
 * <p>Operations over equal values and equal config must agree exactly. Where element types differ,
 * the bound follows from the weights' own difference D: an uncorrelated input x gives |Dx| of about
 * |D|·|x|/sqrt(K), and the bound is four times that, relative to the output. D itself counts only
 * up to what the element types explain, so that a fault cannot widen its own bound.
 */
final class Judge {
  /** Inputs of trained models are correlated with the error; measured excess stays below this. */
  private static final double MARGIN = 4;

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
   */
  record Bound(double tolerance, boolean relative, boolean noise, String reason) {}

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
   */
  Bound bound(
      List<TensorRole> roles,
      Set<ConfigField> config,
      @Nullable Activation input,
      Activation output) {
    for (ConfigField field : config) {
      if (unequalConfig.contains(field)) {
        return new Bound(1e-6, true, false, field.label() + " differs");
      }
    }
    double relative = 0;
    boolean noise = false;
    for (TensorRole role : roles) {
      WeightPair pair = weights.get(role);
      if (pair != null && pair.needsNoCounterpart()) {
        // Angles grow with the position, and so does what rounding the frequencies does to them.
        noise = true;
        relative += role.bias() ? 0 : FrequencyFactors.TOLERANCE * output.tokens();
        continue;
      }
      if (pair == null || pair.a() == null || pair.b() == null) {
        return new Bound(0, false, false, role + " is absent on one side");
      }
      if (pair.sameValues()) {
        continue;
      }
      if (pair.comparison().budget() == 0) {
        return new Bound(threshold, false, false, "same element types: the threshold");
      }
      noise = true;
      relative += share(role, pair, input, output);
    }
    if (!noise) {
      return new Bound(threshold, false, false, "the threshold");
    }
    return new Bound(
        relative, true, true, "predicted from the weights' own difference in element type");
  }

  private static double share(
      TensorRole role, WeightPair pair, @Nullable Activation input, Activation output) {
    boolean faulty = pair.comparison().status() == Status.DIVERGED;
    double margin = faulty ? 1 : MARGIN;
    double nmse =
        Math.min(pair.comparison().nmse(), NoiseFloor.expected(pair.comparison().budget(), faulty));
    if (input == null) {
      // Rows are looked up, so no row can be further off than the worst one.
      return Math.sqrt(
          Math.max(nmse, Math.min(pair.worstRowNmse(), 6 * pair.comparison().budget())));
    }
    if (role.part().isVector() && !role.bias()) {
      // Channels are scaled one by one: no output is further off than its own factor.
      return Math.max(margin * Math.sqrt(nmse), Math.min(pair.worstRelative(), 0.1));
    }
    double outputNorm = norm(output);
    if (outputNorm == 0) {
      return 0;
    }
    double weightError = Math.sqrt(nmse) * pair.normA();
    if (role.bias()) {
      return margin * weightError * Math.sqrt(output.tokens()) / outputNorm;
    }
    return margin * weightError * norm(input) / Math.sqrt(input.width()) / outputNorm;
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
