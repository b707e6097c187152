package dev.rosetta.compare;

import dev.rosetta.Difference;
import dev.rosetta.spi.RowDifference;
import dev.rosetta.trace.Activation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Accumulates the difference of two arrays, row by row, in float64.
 *
 * <p>A value that is not finite on one side, or not the same on both, makes every figure infinite:
 * it can never hide behind a comparison with NaN.
 */
final class DifferenceSum {
  private static final int BLOCK = RowDifference.BLOCK;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final float[] NOTHING = {};

  private double[] blockDifference = new double[0];
  private double[] blockA = new double[0];
  private double worstBlockNmse;
  private long count;
  private double squaredDifference;
  private double squaredA;
  private double squaredB;
  private double product;
  private double squaredProducts;
  private double absolute;
  private double worst = -1;
  private int worstRow;
  private int worstColumn;
  private float worstA;
  private float worstB;
  private double worstRowNmse;
  private double worstRelative;
  private long differing;
  private long nonFiniteA;
  private long nonFiniteB;

  /** Adds row {@code row}: {@code columns} values of each side from the given offsets. */
  void addRow(int row, float[] a, int offsetA, float[] b, int offsetB, int columns) {
    double rowDifference = 0;
    double rowA = 0;
    double rowB = 0;
    double rowProduct = 0;
    double rowAbsolute = 0;
    int blocks = Math.ceilDiv(columns, BLOCK);
    if (blockA.length < blocks) {
      blockDifference = new double[blocks];
      blockA = new double[blocks];
    }
    for (int block = 0; block < blocks; block++) {
      int from = block * BLOCK;
      int end = Math.min(columns, from + BLOCK);
      int pairs = from + ((end - from) & ~1);
      // Two sums of each kind: one would be waited for at every value.
      double difference = 0;
      double difference1 = 0;
      double energy = 0;
      double energy1 = 0;
      double energyB = 0;
      double energyB1 = 0;
      double product1 = 0;
      double absolute1 = 0;
      for (int i = from; i < pairs; i += 2) {
        double x = a[offsetA + i];
        double y = b[offsetB + i];
        double d = x - y;
        difference += d * d;
        energy += x * x;
        energyB += y * y;
        rowProduct += x * y;
        rowAbsolute += Math.abs(d);
        double x1 = a[offsetA + i + 1];
        double y1 = b[offsetB + i + 1];
        double d1 = x1 - y1;
        difference1 += d1 * d1;
        energy1 += x1 * x1;
        energyB1 += y1 * y1;
        product1 += x1 * y1;
        absolute1 += Math.abs(d1);
      }
      if (pairs < end) {
        double x = a[offsetA + pairs];
        double y = b[offsetB + pairs];
        double d = x - y;
        difference += d * d;
        energy += x * x;
        energyB += y * y;
        rowProduct += x * y;
        rowAbsolute += Math.abs(d);
      }
      blockDifference[block] = difference + difference1;
      blockA[block] = energy + energy1;
      rowDifference += difference + difference1;
      rowA += energy + energy1;
      rowB += energyB + energyB1;
      rowProduct += product1;
      rowAbsolute += absolute1;
    }
    count += columns;
    if (rowDifference == 0) {
      agree(row, columns > 0, rowA, rowB, rowProduct, a, offsetA);
      return;
    }
    if (Double.isFinite(rowDifference)) {
      locateFinite(row, a, offsetA, b, offsetB, columns);
    } else {
      for (int i = 0; i < columns; i++) {
        locate(row, i, a[offsetA + i], b[offsetB + i]);
      }
    }
    addTotals(rowDifference, rowA, rowB, rowProduct, rowAbsolute);
    for (int block = 0; block < blocks; block++) {
      addBlock(blockDifference[block], blockA[block], block, rowA, columns);
    }
  }

  /**
   * Adds row {@code row} of a matrix by its sums, without the largest relative difference.
   *
   * @param sums the row's from {@code at} on, as {@link RowDifference} lists them
   * @param a {@code columns} values of side A
   */
  void addRow(int row, int columns, double[] sums, int at, MemorySegment a, MemorySegment b) {
    int end = at + RowDifference.length(columns);
    double rowDifference = 0;
    double rowA = 0;
    for (int block = at + RowDifference.BLOCKS; block < end; block += 2) {
      rowDifference += sums[block];
      rowA += sums[block + 1];
    }
    double rowB = sums[at + RowDifference.ENERGY_B];
    double rowProduct = sums[at + RowDifference.PRODUCT];
    count += columns;
    if (rowDifference == 0) {
      if (worst < 0) {
        agree(row, columns > 0, rowA, rowB, rowProduct, a.toArray(FLOAT), 0);
      } else {
        agree(row, false, rowA, rowB, rowProduct, NOTHING, 0);
      }
      return;
    }
    if (Double.isFinite(rowDifference)) {
      squaredProducts += sums[at + RowDifference.SQUARED_PRODUCTS];
      differing += (long) sums[at + RowDifference.DIFFERING];
      locateLargest(row, columns, sums[at + RowDifference.LARGEST], a, b);
    } else {
      for (int i = 0; i < columns; i++) {
        locate(row, i, a.getAtIndex(FLOAT, i), b.getAtIndex(FLOAT, i));
      }
    }
    addTotals(rowDifference, rowA, rowB, rowProduct, sums[at + RowDifference.ABSOLUTE]);
    int block = 0;
    for (int i = at + RowDifference.BLOCKS; i < end; i += 2) {
      addBlock(sums[i], sums[i + 1], block++, rowA, columns);
    }
  }

  private void locateLargest(
      int row, int columns, double largest, MemorySegment a, MemorySegment b) {
    if (largest <= worst) {
      return;
    }
    for (int i = 0; i < columns; i++) {
      float x = a.getAtIndex(FLOAT, i);
      float y = b.getAtIndex(FLOAT, i);
      if (Math.abs((double) x - y) == largest) {
        worst = largest;
        worstRow = row;
        worstColumn = i;
        worstA = x;
        worstB = y;
        return;
      }
    }
    throw new IllegalStateException("no element of row " + row + " differs by " + largest);
  }

  /** Adds a row without a difference: a NaN or infinity would have made its sum NaN. */
  private void agree(
      int row, boolean any, double rowA, double rowB, double rowProduct, float[] a, int offsetA) {
    squaredA += rowA;
    squaredB += rowB;
    product += rowProduct;
    if (worst < 0 && any) {
      worst = 0;
      worstRow = row;
      worstA = a[offsetA];
      worstB = a[offsetA];
    }
  }

  private void addTotals(
      double rowDifference, double rowA, double rowB, double rowProduct, double rowAbsolute) {
    squaredDifference += rowDifference;
    squaredA += rowA;
    squaredB += rowB;
    product += rowProduct;
    absolute += rowAbsolute;
    double rowNmse = rowA > 0 ? rowDifference / rowA : Double.POSITIVE_INFINITY;
    worstRowNmse =
        Math.max(worstRowNmse, Double.isNaN(rowNmse) ? Double.POSITIVE_INFINITY : rowNmse);
  }

  private void addBlock(
      double difference, double blockEnergy, int block, double rowA, int columns) {
    int length = Math.min(BLOCK, columns - block * BLOCK);
    // Small blocks beside large ones lose more to a shared scale than their own energy says.
    double energy = Math.max(blockEnergy, rowA * length / columns);
    double nmse = energy > 0 ? difference / energy : 0;
    worstBlockNmse = Math.max(worstBlockNmse, Double.isNaN(nmse) ? Double.POSITIVE_INFINITY : nmse);
  }

  /** As {@link #locate} for each of a row's values, where all are finite. */
  private void locateFinite(int row, float[] a, int offsetA, float[] b, int offsetB, int columns) {
    double products = 0;
    double relative = worstRelative;
    double largest = worst;
    int at = -1;
    int differ = 0;
    for (int i = 0; i < columns; i++) {
      double x = a[offsetA + i];
      double d = Math.abs(x - b[offsetB + i]);
      products += x * d * (x * d);
      differ += d > 0 ? 1 : 0;
      // A product, as it is cheaper than the quotient, and false where both values are 0.
      if (d > relative * Math.abs(x)) {
        relative = d / Math.abs(x);
      }
      if (d > largest) {
        largest = d;
        at = i;
      }
    }
    squaredProducts += products;
    differing += differ;
    worstRelative = relative;
    if (at >= 0) {
      worst = largest;
      worstRow = row;
      worstColumn = at;
      worstA = a[offsetA + at];
      worstB = b[offsetB + at];
    }
  }

  private void locate(int row, int column, float x, float y) {
    boolean finiteA = Float.isFinite(x);
    boolean finiteB = Float.isFinite(y);
    nonFiniteA += finiteA ? 0 : 1;
    nonFiniteB += finiteB ? 0 : 1;
    double d = finiteA && finiteB ? Math.abs((double) x - y) : Double.POSITIVE_INFINITY;
    squaredProducts += x * d * (x * d);
    if (d > 0) {
      differing++;
      worstRelative = Math.max(worstRelative, x == 0 ? Double.POSITIVE_INFINITY : d / Math.abs(x));
    }
    if (d > worst) {
      worst = d;
      worstRow = row;
      worstColumn = column;
      worstA = x;
      worstB = y;
    }
  }

  /** Adds what another sum has seen; rows of {@code later} come after this one's. */
  void add(DifferenceSum later) {
    count += later.count;
    squaredDifference += later.squaredDifference;
    squaredA += later.squaredA;
    squaredB += later.squaredB;
    product += later.product;
    squaredProducts += later.squaredProducts;
    absolute += later.absolute;
    worstRowNmse = Math.max(worstRowNmse, later.worstRowNmse);
    worstBlockNmse = Math.max(worstBlockNmse, later.worstBlockNmse);
    worstRelative = Math.max(worstRelative, later.worstRelative);
    differing += later.differing;
    nonFiniteA += later.nonFiniteA;
    nonFiniteB += later.nonFiniteB;
    if (later.worst > worst) {
      worst = later.worst;
      worstRow = later.worstRow;
      worstColumn = later.worstColumn;
      worstA = later.worstA;
      worstB = later.worstB;
    }
  }

  /** The difference of two activations of equal shape. */
  static DifferenceSum of(Activation a, Activation b) {
    return of(a, b, 0, a.tokens(), 0);
  }

  /**
   * The difference at the positions from {@code from} to before {@code to}.
   *
   * @param before number of the prompt's positions in front of these activations
   */
  static DifferenceSum of(Activation a, Activation b, int from, int to, int before) {
    DifferenceSum sum = new DifferenceSum();
    for (int t = from; t < to; t++) {
      sum.addRow(before + t, a.values(), t * a.width(), b.values(), t * b.width(), a.width());
    }
    return sum;
  }

  /** The difference of finite values from themselves. */
  static Difference none(Activation values) {
    float first = values.values().length == 0 ? 0 : values.values()[0];
    return new Difference(0, 0, 0, 1, 0, 0, first, first);
  }

  boolean hasNonFinite() {
    return nonFiniteA > 0 || nonFiniteB > 0;
  }

  long nonFiniteA() {
    return nonFiniteA;
  }

  long nonFiniteB() {
    return nonFiniteB;
  }

  long count() {
    return count;
  }

  /** Elements that differ. */
  long differing() {
    return differing;
  }

  /** Square root of the sum of squares of side A. */
  double normA() {
    return Math.sqrt(squaredA);
  }

  double normB() {
    return Math.sqrt(squaredB);
  }

  /**
   * Largest |a - b| / |a|, infinite where a is 0 and b is not, of rows that were added by value.
   */
  double worstRelative() {
    return worstRelative;
  }

  /** Largest of the rows' own {@link #nmse()}. */
  double worstRowNmse() {
    return worstRowNmse;
  }

  /**
   * Largest sum of squared differences of 32 neighbouring values, over their own sum of squares or
   * the mean one in their row, whichever is larger.
   */
  double worstBlockNmse() {
    return worstBlockNmse;
  }

  /** Least-squares factor from A to B; NaN where A is zero. */
  double slope() {
    return product / squaredA;
  }

  /** Share of B's sum of squares that no multiple of A explains; NaN where either is zero. */
  double unexplained() {
    return Math.max(0, 1 - product / squaredA * (product / squaredB));
  }

  /**
   * Standard deviation that {@link #slope()} would have if the differences had random signs: the
   * root of the sum of (a (a - b))² over the sum of a².
   */
  double slopeDeviation() {
    return Math.sqrt(squaredProducts) / squaredA;
  }

  /** Sum of squared differences over the sum of squares of A; infinite if not finite. */
  double nmse() {
    if (hasNonFinite()) {
      return Double.POSITIVE_INFINITY;
    }
    if (squaredDifference == 0) {
      return 0;
    }
    return squaredA > 0 ? squaredDifference / squaredA : Double.POSITIVE_INFINITY;
  }

  Difference difference() {
    if (hasNonFinite()) {
      return new Difference(
          Double.POSITIVE_INFINITY,
          Double.POSITIVE_INFINITY,
          Double.POSITIVE_INFINITY,
          Double.NaN,
          worstRow,
          worstColumn,
          worstA,
          worstB);
    }
    double cosine;
    if (squaredDifference == 0) {
      cosine = 1;
    } else if (squaredA == 0 || squaredB == 0) {
      cosine = 0;
    } else {
      cosine = product / Math.sqrt(squaredA * squaredB);
    }
    return new Difference(
        Math.max(worst, 0),
        count == 0 ? 0 : absolute / count,
        Math.sqrt(nmse()),
        cosine,
        worstRow,
        worstColumn,
        worstA,
        worstB);
  }
}
