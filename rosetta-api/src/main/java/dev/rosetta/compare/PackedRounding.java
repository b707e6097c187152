package dev.rosetta.compare;

import dev.rosetta.model.ModelSource;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.RowDifference;

/**
 * What a weight's packing rounds off that its source decodes as it reads ({@link
 * ModelSource#rounding}): an 8-bit float with scales beside it, four bits to a word.
 */
final class PackedRounding implements StoredRounding {
  private final Weight weight;
  private final float[] steps;
  private final float[] reaches;

  /**
   * @param weight of which {@link #isTold}
   */
  PackedRounding(Weight weight) {
    this.weight = weight;
    this.steps = new float[weight.columns()];
    this.reaches = new float[weight.columns()];
  }

  /** Whether the source of this weight says how it was rounded. */
  static boolean isTold(Weight weight) {
    float[] one = new float[1];
    return weight.tensor().elements() > 0
        && weight.source().rounding(weight.tensor(), 0, one, one.clone(), 1);
  }

  @Override
  public StoredRounding fork() {
    return new PackedRounding(weight);
  }

  /** As the source tells it; the energies are not needed. */
  @Override
  public void row(int row, double[] energies, double rowEnergy, double[] expected, double[] reach) {
    int columns = weight.columns();
    long from =
        Math.multiplyExact((long) weight.firstRow() + weight.storedRow(row), (long) columns);
    weight.source().rounding(weight.tensor(), from, steps, reaches, columns);
    for (int block = 0; block * RowDifference.BLOCK < columns; block++) {
      int start = block * RowDifference.BLOCK;
      int end = start + StoredRounding.length(block, columns);
      double sumSteps = 0;
      double sumReaches = 0;
      for (int i = start; i < end; i++) {
        sumSteps += (double) steps[i] * steps[i];
        sumReaches += (double) reaches[i] * reaches[i];
      }
      expected[block] = sumSteps / 12;
      reach[block] = sumReaches;
    }
  }
}
