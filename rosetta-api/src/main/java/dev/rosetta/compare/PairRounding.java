package dev.rosetta.compare;

import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.RowDifference;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What rounding explains of the difference of two weights, a row at a time. Not thread-safe.
 *
 * <p>Two floats explain a difference of two values if a common source can have been rounded to
 * both, to nearest or towards zero. Where a side has blocks, {@value RowDifference#BLOCK} columns
 * are judged together: quantisers choose scales by search and by importance, clip what stands out,
 * and feed errors forward, so that single values may lie beyond half a step, but not most of a
 * block.
 */
public final class PairRounding {
  /**
   * Squared difference of a block over the largest squared reach in its row, where a quantiser does
   * not round every value to the nearest level: errors that are fed forward along the row have the
   * size of its widest steps.
   */
  private static final double BLOCK_ROOM = 4;

  /** Squared difference over the squared reaches of a whole row. */
  private static final double ROW_ROOM = 4;

  /** The same of a whole tensor. */
  private static final double TENSOR_ROOM = 2;

  /** But of more than rounding to the nearest level explains, a quantiser keeps most energy. */
  private static final double CEILING = 0.8;

  /** Room for the arithmetic of float32, in which values were scaled and rounded. */
  private static final double ARITHMETIC = 0x1p-44;

  private final StoredRounding a;
  private final StoredRounding b;
  private final int columns;
  private final WeightPair.Lineage lineage;
  private final @Nullable FloatGrid gridA;
  private final @Nullable FloatGrid gridB;
  private double[] expectedA = new double[0];
  private double[] expectedB = new double[0];
  private double[] reachA = new double[0];
  private double[] reachB = new double[0];
  private double[] energies = new double[0];
  private double rowEnergy;
  private double rowReach;
  private double largestReach;

  private PairRounding(
      StoredRounding a, StoredRounding b, int columns, WeightPair.Lineage lineage) {
    this.lineage = lineage;
    this.a = a;
    this.b = b;
    this.columns = columns;
    this.gridA = a.grid();
    this.gridB = b.grid();
  }

  /** For two weights of one shape, {@code a} being the one that energies are told of. */
  public static PairRounding of(Weight a, Weight b) {
    return new PairRounding(
        StoredRounding.of(a), StoredRounding.of(b), a.columns(), WeightPair.Lineage.NONE);
  }

  /**
   * As {@link #of}, with the {@link Levels} of narrower types that the values of a side lie on;
   * empty where there are none.
   */
  public static Optional<PairRounding> withLevels(Weight a, Weight b) {
    Optional<Levels> levelsA = Levels.of(a);
    Optional<Levels> levelsB = Levels.of(b);
    if (levelsA.isEmpty() && levelsB.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new PairRounding(
            levelsA
                .map(levels -> StoredRounding.of(a, levels))
                .orElseGet(() -> StoredRounding.of(a)),
            levelsB
                .map(levels -> StoredRounding.of(b, levels))
                .orElseGet(() -> StoredRounding.of(b)),
            a.columns(),
            new WeightPair.Lineage(levelsA.orElse(null), levelsB.orElse(null))));
  }

  /** What an earlier rounding has left on either side. */
  WeightPair.Lineage lineage() {
    return lineage;
  }

  /** Whether both are floats, so that every value can be judged by itself. */
  public boolean isExact() {
    return gridA != null && gridB != null;
  }

  /**
   * Goes to a canonical row.
   *
   * @param energyOfBlocks sum of squares of A in each block, of finite values
   */
  public void row(int row, double[] energyOfBlocks) {
    int blocks = Math.ceilDiv(columns, RowDifference.BLOCK);
    if (reachA.length < blocks) {
      expectedA = new double[blocks];
      expectedB = new double[blocks];
      reachA = new double[blocks];
      reachB = new double[blocks];
    }
    energies = energyOfBlocks;
    rowEnergy = 0;
    for (int block = 0; block < blocks; block++) {
      rowEnergy += energies[block];
    }
    a.row(row, energies, rowEnergy, expectedA, reachA);
    b.row(row, energies, rowEnergy, expectedB, reachB);
    rowReach = 0;
    largestReach = 0;
    for (int block = 0; block < blocks; block++) {
      double reach = reach(block);
      rowReach += reach;
      largestReach = Math.max(largestReach, reach / StoredRounding.length(block, columns));
    }
  }

  /** Whether rounding explains the sum of squared differences of a block of the row. */
  public boolean explains(int block, double squaredDifference) {
    double energy = energies[block];
    if (squaredDifference <= reach(block) * (1 + 1e-6) + ARITHMETIC * rowEnergy) {
      return true;
    }
    if (energy == 0 || squaredDifference == energy) {
      return false; // Zero on one side: no search for scales makes that of what is out of reach.
    }
    int length = StoredRounding.length(block, columns);
    double typical = Math.max(energy, rowEnergy * length / columns);
    return squaredDifference <= BLOCK_ROOM * length * largestReach
        && squaredDifference <= CEILING * typical;
  }

  /** Whether rounding explains the sum of squared differences of the row. */
  boolean explainsRow(double squaredDifference) {
    return squaredDifference <= rowReach * (1 + 1e-6) + ARITHMETIC * rowEnergy
        || (squaredDifference <= ROW_ROOM * rowReach && squaredDifference <= CEILING * rowEnergy);
  }

  /** Sum of squared errors to expect of a block of the row. */
  public double expected(int block) {
    return expectedA[block] + expectedB[block];
  }

  /** Sum of squared differences that rounding to the nearest levels makes at the most. */
  public double reach(int block) {
    double sum = Math.sqrt(reachA[block]) + Math.sqrt(reachB[block]);
    return sum * sum;
  }

  /** What a block of the row adds to the squared reach of the tensor. */
  double share(int block) {
    double sum = Math.sqrt(share(a, reachA, block)) + Math.sqrt(share(b, reachB, block));
    return sum * sum;
  }

  private double share(StoredRounding side, double[] reach, int block) {
    double mean = side.meanReach();
    return Double.isNaN(mean) ? reach[block] : StoredRounding.length(block, columns) * mean;
  }

  /** Largest sum of squared differences that counts as rounding, of the tensor's {@link #share}. */
  static double room(double share) {
    return TENSOR_ROOM * share;
  }

  /** Whether rounding explains the sum of squared differences of a whole tensor. */
  static boolean explainsTensor(double squaredDifference, double reach, double energy) {
    return squaredDifference <= TENSOR_ROOM * reach + ARITHMETIC * energy;
  }

  /** How two values can have been rounded from one. */
  public enum Rounded {
    EITHER_WAY,
    TO_NEAREST,
    TOWARDS_ZERO,
    NEITHER
  }

  /** How a pair of values of {@link #isExact exact} weights can have been rounded. */
  public Rounded rounded(float x, float y) {
    if (gridA == null || gridB == null) {
      throw new IllegalStateException("not floats on both sides");
    }
    double stepX = gridA.step(x);
    double stepY = gridB.step(y);
    double difference = Math.abs((double) x - y);
    FloatGrid coarser = stepX > stepY ? gridA : gridB;
    float coarse = stepX > stepY ? x : y;
    float fine = stepX > stepY ? y : x;
    double room = Math.min(stepX, stepY) / 2;
    if (coarse == 0) {
      // Processors flush what has no normal form.
      return Math.abs(fine) <= Math.scalb(1.0, coarser.smallestExponent()) + room
          ? Rounded.EITHER_WAY
          : Rounded.NEITHER;
    }
    // Written so that a NaN is neither.
    boolean nearest = difference <= (stepX + stepY) / 2;
    boolean truncated =
        difference <= Math.max(stepX, stepY) + room && Math.abs(coarse) <= Math.abs(fine) + room;
    return nearest && truncated
        ? Rounded.EITHER_WAY
        : nearest ? Rounded.TO_NEAREST : truncated ? Rounded.TOWARDS_ZERO : Rounded.NEITHER;
  }

  /**
   * Values of {@link #isExact exact} weights that no source was rounded to, in a range of a row.
   */
  public int unexplained(float[] x, float[] y, int from, int to) {
    int count = 0;
    for (int i = from; i < to; i++) {
      count += rounded(x[i], y[i]) == Rounded.NEITHER ? 1 : 0;
    }
    return count;
  }

  /** For another thread. */
  PairRounding fork() {
    return new PairRounding(a.fork(), b.fork(), columns, lineage);
  }
}
