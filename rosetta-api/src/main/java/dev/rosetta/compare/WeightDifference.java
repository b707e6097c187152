package dev.rosetta.compare;

import dev.rosetta.spi.RowDifference;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Accumulates the difference of two weights, row by row, and how much of it rounding explains. Not
 * thread-safe.
 */
final class WeightDifference {
  private static final int BLOCK = RowDifference.BLOCK;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** Energy of blocks that are nearly dead, over the mean of the tensor's blocks. */
  private static final double DEAD = 1e-5;

  /** Share of the squared error to expect that nearly dead blocks may add unexplained. */
  private static final double UNNOTICEABLE = 1e-3;

  /** Share of the energy that float32's own sums hide. */
  private static final double BELOW_ARITHMETIC = 0x1p-46;

  private final DifferenceSum sum = new DifferenceSum();
  private final PairRounding rounding;
  private final boolean exact;
  private double[] energies = new double[0];
  private float[] rowA = new float[0];
  private float[] rowB = new float[0];
  private double squares;
  private double energy;
  private double expected;
  private double reach;
  private double beyond;
  private double largestBeyond;
  private long blocksBeyond;
  private long towardsZero;
  private long toNearest;
  private int firstRow = -1;
  private final RowSlopes slopes = new RowSlopes();

  WeightDifference(PairRounding rounding) {
    this.rounding = rounding;
    this.exact = rounding.isExact();
  }

  /** Adds a row of a matrix by its sums, as {@link RowDifference} lists them from {@code at} on. */
  void addRow(int row, int columns, double[] sums, int at, MemorySegment a, MemorySegment b) {
    sum.addRow(row, columns, sums, at, a, b);
    int blocks = Math.ceilDiv(columns, BLOCK);
    reserve(columns, blocks);
    double difference = 0;
    for (int block = 0; block < blocks; block++) {
      difference += sums[at + RowDifference.BLOCKS + 2 * block];
      energies[block] = sums[at + RowDifference.BLOCKS + 2 * block + 1];
      energy += energies[block];
    }
    if (difference == 0 || !Double.isFinite(difference)) {
      return;
    }
    if (exact) {
      MemorySegment.copy(a, FLOAT, 0, rowA, 0, columns);
      MemorySegment.copy(b, FLOAT, 0, rowB, 0, columns);
    }
    rounding.row(row, energies);
    long before = blocksBeyond;
    double rowEnergy = 0;
    for (int block = 0; block < blocks; block++) {
      addBlock(row, columns, block, sums[at + RowDifference.BLOCKS + 2 * block]);
      rowEnergy += energies[block];
    }
    if (exact) {
      return;
    }
    if (blocksBeyond == before && !rounding.explainsRow(difference)) {
      beyond += difference;
      largestBeyond = Math.max(largestBeyond, Math.max(difference, rowEnergy) / blocks);
      blocksBeyond += blocks;
      firstRow = firstRow < 0 ? row : firstRow;
    }
    double product = sums[at + RowDifference.PRODUCT];
    double energyB = sums[at + RowDifference.ENERGY_B];
    if (rowEnergy > 0 && energyB > 0) {
      slopes.add((float) (product / rowEnergy), 1 - product / rowEnergy * (product / energyB));
    }
  }

  /** Adds the only row of a vector, by its values. */
  void addVector(float[] a, float[] b) {
    int columns = a.length;
    sum.addRow(0, a, 0, b, 0, columns);
    int blocks = Math.ceilDiv(columns, BLOCK);
    reserve(columns, blocks);
    double[] differences = new double[blocks];
    double difference = 0;
    for (int i = 0; i < columns; i++) {
      double d = (double) a[i] - b[i];
      differences[i / BLOCK] += d * d;
      difference += d * d;
      energies[i / BLOCK] += (double) a[i] * a[i];
      energy += (double) a[i] * a[i];
    }
    if (difference == 0 || !Double.isFinite(difference)) {
      return;
    }
    System.arraycopy(a, 0, rowA, 0, columns);
    System.arraycopy(b, 0, rowB, 0, columns);
    rounding.row(0, energies);
    for (int block = 0; block < blocks; block++) {
      addBlock(0, columns, block, differences[block]);
    }
  }

  private void reserve(int columns, int blocks) {
    if (energies.length < blocks) {
      energies = new double[blocks];
      rowA = new float[columns];
      rowB = new float[columns];
    }
  }

  private void addBlock(int row, int columns, int block, double difference) {
    squares += difference;
    expected += rounding.expected(block);
    reach += rounding.share(block);
    boolean explained;
    if (exact) {
      explained = true;
      for (int i = block * BLOCK; i < Math.min(columns, (block + 1) * BLOCK); i++) {
        switch (rounding.rounded(rowA[i], rowB[i])) {
          case EITHER_WAY -> {}
          case TO_NEAREST -> toNearest++;
          case TOWARDS_ZERO -> towardsZero++;
          case NEITHER -> explained = false;
        }
      }
    } else {
      explained = rounding.explains(block, difference);
    }
    if (!explained) {
      beyond += difference;
      largestBeyond = Math.max(largestBeyond, Math.max(difference, energies[block]));
      blocksBeyond++;
      firstRow = firstRow < 0 ? row : firstRow;
    }
  }

  /** Adds what another sum has seen; rows of {@code later} come after this one's. */
  void add(WeightDifference later) {
    sum.add(later.sum);
    squares += later.squares;
    energy += later.energy;
    expected += later.expected;
    reach += later.reach;
    beyond += later.beyond;
    largestBeyond = Math.max(largestBeyond, later.largestBeyond);
    blocksBeyond += later.blocksBeyond;
    towardsZero += later.towardsZero;
    toNearest += later.toNearest;
    firstRow = firstRow < 0 ? later.firstRow : firstRow;
    slopes.add(later.slopes);
  }

  /** How the rows of B regress on those of A; empty for vectors and for floats on both sides. */
  RowSlopes slopes() {
    return slopes;
  }

  DifferenceSum sum() {
    return sum;
  }

  /** Whether rounding explains the difference, but for what no output can notice. */
  boolean isExplained() {
    if (sum.hasNonFinite()) {
      return false;
    }
    if (exact && toNearest > 0 && towardsZero > 0) {
      return false;
    }
    return (blocksBeyond == 0 || isUnnoticeable())
        && (exact || PairRounding.explainsTensor(squares, reach, energy));
  }

  /** What an earlier rounding has left on either side. */
  WeightPair.Lineage lineage() {
    return rounding.lineage();
  }

  /** Whether every value was judged by itself. */
  boolean isExact() {
    return exact;
  }

  /** Whether what rounding does not explain is nothing that an output can notice. */
  private boolean isUnnoticeable() {
    double meanBlock = energy / Math.max(1.0, (double) sum.count() / BLOCK);
    boolean dead = largestBeyond <= DEAD * meanBlock && beyond <= UNNOTICEABLE * expected;
    return dead || beyond <= BELOW_ARITHMETIC * energy;
  }

  /** Whether it takes rounding towards zero to explain the difference. */
  boolean isTruncated() {
    return exact && towardsZero > 0 && toNearest == 0;
  }

  /** Blocks of 32 columns that rounding does not explain. */
  long blocksBeyond() {
    return blocksBeyond;
  }

  /** First row with such a block; -1 if there is none. */
  int firstRow() {
    return firstRow;
  }

  /** Squared error to expect over the sum of squares of A; NaN where nothing is rounded. */
  double predicted() {
    return energy > 0 && expected > 0 ? expected / energy : Double.NaN;
  }

  /** Largest normalised squared error that counts as rounding. */
  double budget() {
    return energy > 0 ? PairRounding.room(reach) / energy : 0;
  }
}
