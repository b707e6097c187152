package dev.rosetta.diagnose;

import dev.rosetta.compare.PairRounding;
import dev.rosetta.normalize.Weight;
import java.util.Arrays;

/**
 * Two weights compared in blocks of 32 columns, in full: where they differ by more than noise,
 * where one is zero, and how one regresses on the other.
 *
 * @param elements values compared
 * @param differing values that differ at all
 * @param blocks blocks compared
 * @param differingBlocks blocks that differ by more than noise
 * @param zeroBlocks of those, blocks that are all zero in the suspect and not in the reference
 * @param differingRows rows with such a block
 * @param firstRow the first of those rows, or -1
 * @param firstColumn first column of the first such block
 * @param rest normalised squared error of the blocks that differ by no more than noise
 * @param slope regression of the suspect on the reference
 * @param residual share of the suspect's energy that the regression leaves, 0 to 1
 * @param meanDifference mean of suspect minus reference
 * @param spread standard deviation of suspect minus reference
 */
record WeightScan(
    long elements,
    long differing,
    long blocks,
    long differingBlocks,
    long zeroBlocks,
    long differingRows,
    int firstRow,
    int firstColumn,
    double rest,
    double slope,
    double residual,
    double meanDifference,
    double spread) {

  /** Columns that are compared together. */
  static final int BLOCK = 32;

  /**
   * Scans every value.
   *
   * @param rounding what rounding explains, the reference being its side A
   */
  static WeightScan of(Weight reference, Weight suspect, PairRounding rounding) {
    int columns = reference.columns();
    float[] rowR = new float[columns];
    float[] rowS = new float[columns];
    double[] energies = new double[Math.ceilDiv(columns, BLOCK)];
    long differing = 0;
    long blocks = 0;
    long differingBlocks = 0;
    long zeroBlocks = 0;
    long differingRows = 0;
    int firstRow = -1;
    int firstColumn = -1;
    double rr = 0;
    double ss = 0;
    double rs = 0;
    double sum = 0;
    double sumSquares = 0;
    double restDifference = 0;
    double restEnergy = 0;
    for (int row = 0; row < reference.rows(); row++) {
      reference.decodeRow(row, rowR, 0);
      suspect.decodeRow(row, rowS, 0);
      Arrays.fill(energies, 0);
      for (int c = 0; c < columns; c++) {
        energies[c / BLOCK] += (double) rowR[c] * rowR[c];
      }
      rounding.row(row, energies);
      boolean rowDiffers = false;
      for (int from = 0; from < columns; from += BLOCK) {
        int to = Math.min(from + BLOCK, columns);
        double difference = 0;
        double energyR = 0;
        double energyS = 0;
        for (int c = from; c < to; c++) {
          double r = rowR[c];
          double s = rowS[c];
          double d = s - r;
          differing += d != 0 ? 1 : 0;
          difference += d * d;
          energyR += r * r;
          energyS += s * s;
          rs += r * s;
          sum += d;
        }
        sumSquares += difference;
        rr += energyR;
        ss += energyS;
        blocks++;
        boolean differs =
            difference != 0
                && (rounding.isExact()
                    ? rounding.unexplained(rowR, rowS, from, to) > 0
                    : !rounding.explains(from / BLOCK, difference));
        if (differs) {
          differingBlocks++;
          rowDiffers = true;
          zeroBlocks += energyS == 0 && energyR > 0 ? 1 : 0;
          if (firstRow < 0) {
            firstRow = row;
            firstColumn = from;
          }
        } else {
          restDifference += difference;
          restEnergy += energyR;
        }
      }
      differingRows += rowDiffers ? 1 : 0;
    }
    long elements = (long) reference.rows() * columns;
    double mean = elements == 0 ? 0 : sum / elements;
    double variance = elements == 0 ? 0 : sumSquares / elements - mean * mean;
    return new WeightScan(
        elements,
        differing,
        blocks,
        differingBlocks,
        zeroBlocks,
        differingRows,
        firstRow,
        firstColumn,
        restEnergy > 0 ? restDifference / restEnergy : 0,
        rr > 0 ? rs / rr : Double.NaN,
        rr > 0 && ss > 0 ? Math.max(0, 1 - rs * rs / (rr * ss)) : 1,
        mean,
        Math.sqrt(Math.max(0, variance)));
  }
}
