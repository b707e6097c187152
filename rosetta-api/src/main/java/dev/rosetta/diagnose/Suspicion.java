package dev.rosetta.diagnose;

import dev.rosetta.Side;
import dev.rosetta.compare.NoiseFloor;
import dev.rosetta.compare.PairRounding;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One side's weight under suspicion, with the other side's as the reference. Every hypothesis is
 * tried both ways round, because values alone do not say which side is wrong.
 *
 * <p>Sampled positions tell which explanations are worth a look at every value. Not thread-safe.
 */
final class Suspicion {
  private final Side side;
  private final Weight suspect;
  private final Weight reference;
  private final Facts facts;
  private final Map<Weight, Samples> few;
  private final Samples samples;
  private final Impression impression;
  private @Nullable WeightScan scan;

  /**
   * @param side the side under suspicion
   * @param suspect its weight
   * @param reference the other side's weight of the same role and shape
   * @param facts everything else that is known
   * @param few {@link Samples#few} of weights that were asked for before, for all suspicions
   */
  Suspicion(Side side, Weight suspect, Weight reference, Facts facts, Map<Weight, Samples> few) {
    this.side = side;
    this.suspect = suspect;
    this.reference = reference;
    this.facts = facts;
    this.few = few;
    this.samples = Samples.of(reference);
    this.impression = samples.impression((row, column) -> value(suspect, row, column), bound());
  }

  Side side() {
    return side;
  }

  Weight suspect() {
    return suspect;
  }

  Weight reference() {
    return reference;
  }

  Facts facts() {
    return facts;
  }

  /** Few values of any weights, to be completed as they are needed. */
  Map<Weight, Samples> few() {
    return few;
  }

  /** Values of the reference at sampled positions. */
  Samples samples() {
    return samples;
  }

  /** How the two compare at the sampled positions. */
  Impression impression() {
    return impression;
  }

  /** The two compared row by row and block by block, reference first. Reads every value once. */
  WeightScan scan() {
    WeightScan known = scan;
    if (known == null) {
      PairRounding rounding =
          PairRounding.withLevels(reference, suspect)
              .orElseGet(() -> PairRounding.of(reference, suspect));
      known = WeightScan.of(reference, suspect, rounding);
      scan = known;
    }
    return known;
  }

  TensorRole role() {
    return suspect.role();
  }

  Model suspectModel() {
    return facts.model(side);
  }

  Model referenceModel() {
    return facts.model(side == Side.A ? Side.B : Side.A);
  }

  boolean isVector() {
    return suspect.rows() == 1;
  }

  /** The error that the element types leave when an explanation is right. */
  double bound() {
    return bound(suspect, reference);
  }

  /** A fault on values is followed by rounding, so equal types leave an error too. */
  static double bound(Weight suspect, Weight reference) {
    return limited(NoiseFloor.budget(suspect.tensor().type(), reference.tensor().type()));
  }

  /** The error of places that no fault has touched: equal unquantised types agree exactly. */
  static double untouched(Weight suspect, Weight reference) {
    return suspect.tensor().type() == reference.tensor().type()
            && !suspect.tensor().type().isQuantized()
        ? limited(0)
        : bound(suspect, reference);
  }

  private static double limited(double budget) {
    return Math.min(0.3, Math.max(1e-9, budget));
  }

  /** Whether a reading of the suspect agrees with the reference at the sampled positions. */
  boolean fits(Samples.Reading reading) {
    return samples.fits(reading, bound());
  }

  /** Whether another weight agrees with the reference at the sampled positions. */
  boolean fits(Weight view) {
    return samples.fits((row, column) -> value(view, row, column), bound(view, reference));
  }

  /** The value of {@code weight} at a canonical position. */
  static float value(Weight weight, int row, int column) {
    return weight.storedValue((long) weight.firstRow() + weight.storedRow(row), column);
  }
}
