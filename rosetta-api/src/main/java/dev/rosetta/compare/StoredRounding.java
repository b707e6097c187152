package dev.rosetta.compare;

import dev.rosetta.model.ElementType;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.RowDifference;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the stored bytes of one weight round off, a row at a time, in blocks of {@value
 * RowDifference#BLOCK} columns. Not thread-safe: a thread takes a {@link #fork}.
 */
interface StoredRounding {

  /**
   * The figures of a canonical row.
   *
   * @param energies sum of squares of each block, of values as large as this side's
   * @param rowEnergy their sum
   * @param expected takes the sum of squared errors to expect of each block
   * @param reach takes the sum of squared reaches of each block: how far source values can lie from
   *     the stored ones that they were rounded to
   */
  void row(int row, double[] energies, double rowEnergy, double[] expected, double[] reach);

  /** The same for another thread. */
  default StoredRounding fork() {
    return this;
  }

  /** The grid of a float type; null for all others. */
  default @Nullable FloatGrid grid() {
    return null;
  }

  /**
   * Mean of the squared reach of a value, where {@link #row} knows the largest only; NaN where it
   * knows each.
   */
  default double meanReach() {
    return Double.NaN;
  }

  /** As the bytes of {@code weight} tell it. */
  static StoredRounding of(Weight weight) {
    ElementType type = weight.tensor().type();
    Weight told = weight.isInMemory() ? weight.asStored() : weight;
    if (told != null && PackedRounding.isTold(told)) {
      return weight.isInMemory()
          ? MeanRounding.of(told, new PackedRounding(told), weight)
          : new PackedRounding(told);
    }
    Optional<FloatGrid> grid = FloatGrid.of(type);
    if (grid.isPresent()) {
      return new OfFloats(grid.get(), weight.columns());
    }
    if (weight.isInMemory()) {
      return told != null && BlockRounding.isTold(told)
          ? MeanRounding.of(told, new BlockRounding(told), weight)
          : new OfCodeBook(type, weight.columns());
    }
    if (type == ElementType.APR_Q8) {
      double squared = (double) weight.tensor().scale() * weight.tensor().scale();
      return new MeanRounding(squared / 12, squared / 4, squared / 4, weight.columns());
    }
    return BlockRounding.isTold(weight)
        ? new BlockRounding(weight)
        : new OfCodeBook(type, weight.columns());
  }

  /** As the bytes tell it, and the levels of a narrower type that the values lie on. */
  static StoredRounding of(Weight weight, Levels levels) {
    FloatGrid narrower = levels.grid();
    return narrower == null
        ? new LevelRounding(weight, of(weight))
        : new OfFloats(narrower.rounded(), weight.columns());
  }

  /** Number of columns of a block. */
  static int length(int block, int columns) {
    return Math.min(RowDifference.BLOCK, columns - block * RowDifference.BLOCK);
  }

  /** Floats, whose steps follow from their values. */
  record OfFloats(FloatGrid grid, int columns) implements StoredRounding {
    @Override
    public void row(
        int row, double[] energies, double rowEnergy, double[] expected, double[] reach) {
      for (int block = 0; block * RowDifference.BLOCK < columns; block++) {
        double squares = grid.squaredSteps(energies[block], length(block, columns));
        expected[block] = squares / 24; // Steps lie between half of the bound and the bound.
        reach[block] = squares / 4;
      }
    }
  }

  /**
   * Types with a code book instead of levels: the share of the energy that such a type loses stands
   * for what it rounds off.
   */
  record OfCodeBook(ElementType type, int columns) implements StoredRounding {
    /** Squared reach over the squared error to expect. */
    private static final double REACH = 6;

    /** But no code book leaves less than this share of the energy where it should be. */
    private static final double MOST = 0.2;

    /** Below this the smallest scale, a subnormal half, has no values. */
    private static final double FAINTEST = 0x1p-15;

    @Override
    public void row(
        int row, double[] energies, double rowEnergy, double[] expected, double[] reach) {
      double lost = NoiseFloor.of(type);
      if (lost == 0) {
        Arrays.fill(expected, 0);
        Arrays.fill(reach, 0);
        return;
      }
      for (int block = 0; block * RowDifference.BLOCK < columns; block++) {
        int length = length(block, columns);
        expected[block] = lost * Math.max(energies[block], rowEnergy * length / columns);
        reach[block] =
            expected[block] / lost * Math.max(lost, Math.min(REACH * lost, MOST))
                + length * FAINTEST * FAINTEST;
      }
    }
  }

  /**
   * A weight whose values a repair has put in other places: the mean and the largest figures of the
   * tensor as it is stored.
   *
   * @param expected mean of step²/12
   * @param meanReach mean of the squared reach
   * @param largest largest squared reach
   */
  record MeanRounding(double expected, double meanReach, double largest, int columns)
      implements StoredRounding {

    /** Of {@code stored}, scaled as its values were to give {@code repaired}. */
    static MeanRounding of(Weight stored, StoredRounding rounding, Weight repaired) {
      int columns = stored.columns();
      int blocks = Math.ceilDiv(columns, RowDifference.BLOCK);
      double[] energies = new double[blocks];
      double[] expected = new double[blocks];
      double[] reach = new double[blocks];
      double sumExpected = 0;
      double sumReach = 0;
      double largest = 0;
      double before = 0;
      float[] row = new float[columns];
      for (int r = 0; r < stored.rows(); r++) {
        stored.decodeRow(r, row, 0);
        before += energy(row);
        rounding.row(r, energies, 0, expected, reach);
        for (int block = 0; block < blocks; block++) {
          sumExpected += expected[block];
          sumReach += reach[block];
          largest = Math.max(largest, reach[block] / length(block, columns));
        }
      }
      double scaled = before > 0 ? energy(repaired.decodeAll()) / before : 1;
      double elements = Math.max(1.0, (double) stored.rows() * columns);
      return new MeanRounding(
          scaled * sumExpected / elements,
          scaled * sumReach / elements,
          scaled * largest,
          repaired.columns());
    }

    private static double energy(float[] values) {
      double sum = 0;
      for (float value : values) {
        sum += (double) value * value;
      }
      return sum;
    }

    @Override
    public void row(
        int row, double[] energies, double rowEnergy, double[] expectedOf, double[] reach) {
      for (int block = 0; block * RowDifference.BLOCK < columns; block++) {
        expectedOf[block] = length(block, columns) * expected;
        reach[block] = length(block, columns) * largest;
      }
    }
  }

  /** Values on the {@link Levels} of a narrower type than the one they are stored in. */
  final class LevelRounding implements StoredRounding {
    private final Weight weight;
    private final StoredRounding stored;
    private final float[] values;

    LevelRounding(Weight weight, StoredRounding stored) {
      this.weight = weight;
      this.stored = stored;
      this.values = new float[weight.columns()];
    }

    @Override
    public StoredRounding fork() {
      return new LevelRounding(weight, stored.fork());
    }

    @Override
    public void row(
        int row, double[] energies, double rowEnergy, double[] expected, double[] reach) {
      stored.row(row, energies, rowEnergy, expected, reach);
      weight.decodeRow(row, values, 0);
      for (int block = 0; block * RowDifference.BLOCK < values.length; block++) {
        int from = block * RowDifference.BLOCK;
        int length = length(block, values.length);
        double level = Levels.reach(values, from, from + length, weight.tensor().type());
        if (level > 0) {
          double both = Math.sqrt(reach[block]) + level * Math.sqrt(length);
          reach[block] = both * both;
          expected[block] += length * level * level / 3;
        }
      }
    }
  }
}
