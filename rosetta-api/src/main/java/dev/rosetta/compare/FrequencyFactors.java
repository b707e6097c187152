package dev.rosetta.compare;

import dev.rosetta.engine.RotaryFrequencies;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.RopeScaling;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import java.util.Optional;

/**
 * A rotary scaling can be stated twice over: as parameters, or worked out as a tensor of divisors
 * of the frequencies, which is how GGUF states llama-3's. Two models agree if the frequencies do.
 */
final class FrequencyFactors {
  static final TensorRole ROLE = TensorRole.weight(Part.ROPE_FREQS);

  /** Converters compute the divisors in float32, which leaves a few units of 1e-7. */
  static final double TOLERANCE = 1e-5;

  private FrequencyFactors() {}

  /** Whether one side states by a tensor what the other states without one. */
  static boolean stateTheSame(Model a, Model b) {
    Optional<Weight> left = a.weight(ROLE);
    Optional<Weight> right = b.weight(ROLE);
    if (left.isPresent() == right.isPresent()
        || a.config().headDim() != b.config().headDim()
        || isYarn(a)
        || isYarn(b)) {
      return false;
    }
    Optional<double[]> x = frequencies(a, a);
    Optional<double[]> y = frequencies(b, a);
    return x.isPresent() && y.isPresent() && agree(x.get(), y.get());
  }

  /** YaRN changes magnitudes besides, which no divisor of a frequency states. */
  private static boolean isYarn(Model model) {
    return model.config().ropeScaling().kind() == RopeScaling.Kind.YARN;
  }

  private static boolean agree(double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      // Written so that NaN fails.
      if (!(Math.abs(x[i] - y[i]) <= TOLERANCE * Math.abs(x[i]))) {
        return false;
      }
    }
    return true;
  }

  /** What {@code model}'s scaling makes of the base frequencies of {@code base}. */
  private static Optional<double[]> frequencies(Model model, Model base) {
    float[] factors = new float[0];
    Optional<Weight> tensor = model.weight(ROLE);
    if (tensor.isPresent()) {
      if (!tensor.get().isReadable()) {
        return Optional.empty();
      }
      factors = tensor.get().decodeAll();
    }
    return Optional.of(
        RotaryFrequencies.of(
            model
                .config()
                .with(ConfigField.ROPE_THETA, base.config().field(ConfigField.ROPE_THETA)),
            factors));
  }
}
