package dev.rosetta.diagnose;

import dev.rosetta.Side;
import dev.rosetta.compare.NoiseFloor;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;

/**
 * One side's weight under suspicion, with the other side's as the reference. Every hypothesis is
 * tried both ways round, because values alone do not say which side is wrong.
 *
 * @param side the side under suspicion
 * @param suspect its weight
 * @param reference the other side's weight of the same role and shape
 * @param samples values of the reference at sampled positions
 * @param scan the two compared row by row and block by block, reference first
 * @param facts everything else that is known
 */
record Suspicion(
    Side side, Weight suspect, Weight reference, Samples samples, WeightScan scan, Facts facts) {

  TensorRole role() {
    return suspect.role();
  }

  Model suspectModel() {
    return side == Side.A ? facts.a() : facts.b();
  }

  Model referenceModel() {
    return side == Side.A ? facts.b() : facts.a();
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
    return samples.nmse(reading) <= bound();
  }

  /** Whether another weight agrees with the reference at the sampled positions. */
  boolean fits(Weight view) {
    double bound = bound(view, reference);
    return samples.nmse((row, column) -> value(view, row, column)) <= bound;
  }

  /** The value of {@code weight} at a canonical position. */
  static float value(Weight weight, int row, int column) {
    return weight.storedValue((long) weight.firstRow() + weight.storedRow(row), column);
  }
}
