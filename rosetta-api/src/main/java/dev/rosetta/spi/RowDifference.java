package dev.rosetta.spi;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The sums that {@link KernelBackend#difference} takes over two rows, and their definition in plain
 * Java.
 *
 * <p>All are float64, every operation rounded by itself. Element k of a row, or of a block of
 * {@value #BLOCK} columns, accumulates into lane k mod 8; the lanes then fold as a tree, lane i
 * with lane i+4, then i+2, i+1. A row's sums are the six below, then two for each block: the sum of
 * (a - b)² and that of a².
 */
public final class RowDifference {
  /** Columns of a block; every quantised block is a multiple. */
  public static final int BLOCK = 32;

  /** Index of the sum of b². */
  public static final int ENERGY_B = 0;

  /** Index of the sum of a·b. */
  public static final int PRODUCT = 1;

  /** Index of the sum of |a - b|. */
  public static final int ABSOLUTE = 2;

  /** Index of the sum of (a·(a - b))². */
  public static final int SQUARED_PRODUCTS = 3;

  /** Index of the number of elements with a - b ≠ 0. */
  public static final int DIFFERING = 4;

  /** Index of the largest |a - b| that is a number. */
  public static final int LARGEST = 5;

  /** Index of the first block's sums. */
  public static final int BLOCKS = 6;

  private static final int LANES = 8;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;

  private RowDifference() {}

  /** Number of sums of a row of {@code columns}. */
  public static int length(int columns) {
    return BLOCKS + 2 * Math.ceilDiv(columns, BLOCK);
  }

  static void sum(MemorySegment a, MemorySegment b, int rows, int columns, MemorySegment target) {
    if (rows < 0 || columns < 0) {
      throw new IllegalArgumentException("rows " + rows + ", columns " + columns);
    }
    float[] rowA = new float[columns];
    float[] rowB = new float[columns];
    double[] sums = new double[length(columns)];
    double[] lanes = new double[6 * LANES];
    for (int row = 0; row < rows; row++) {
      long from = (long) row * columns * Float.BYTES;
      MemorySegment.copy(a, FLOAT, from, rowA, 0, columns);
      MemorySegment.copy(b, FLOAT, from, rowB, 0, columns);
      sum(rowA, rowB, sums, lanes);
      long to = (long) row * sums.length * Double.BYTES;
      MemorySegment.copy(sums, 0, target, DOUBLE, to, sums.length);
    }
  }

  private static void sum(float[] a, float[] b, double[] sums, double[] lanes) {
    Arrays.fill(lanes, 0);
    int differing = 0;
    double largest = 0;
    int block = BLOCKS;
    for (int from = 0; from < a.length; from += BLOCK) {
      Arrays.fill(lanes, 4 * LANES, 6 * LANES, 0);
      int end = Math.min(a.length, from + BLOCK);
      for (int k = from; k < end; k++) {
        int lane = k % LANES;
        double x = a[k];
        double y = b[k];
        double d = x - y;
        double size = Math.abs(d);
        double moment = x * d;
        lanes[ENERGY_B * LANES + lane] += y * y;
        lanes[PRODUCT * LANES + lane] += x * y;
        lanes[ABSOLUTE * LANES + lane] += size;
        lanes[SQUARED_PRODUCTS * LANES + lane] += moment * moment;
        lanes[4 * LANES + lane] += d * d;
        lanes[5 * LANES + lane] += x * x;
        differing += d != 0 ? 1 : 0;
        largest = size > largest ? size : largest;
      }
      sums[block] = fold(lanes, 4 * LANES);
      sums[block + 1] = fold(lanes, 5 * LANES);
      block += 2;
    }
    for (int sum = ENERGY_B; sum <= SQUARED_PRODUCTS; sum++) {
      sums[sum] = fold(lanes, sum * LANES);
    }
    sums[DIFFERING] = differing;
    sums[LARGEST] = largest;
  }

  private static double fold(double[] lanes, int at) {
    double first = (lanes[at] + lanes[at + 4]) + (lanes[at + 2] + lanes[at + 6]);
    return first + ((lanes[at + 1] + lanes[at + 5]) + (lanes[at + 3] + lanes[at + 7]));
  }
}
