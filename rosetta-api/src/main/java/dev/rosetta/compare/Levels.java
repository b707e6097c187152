package dev.rosetta.compare;

import dev.rosetta.model.ElementType;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.RowDifference;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Levels of a narrower type on which the values of a wider one lie: the weight was rounded before,
 * and what that rounded off is explained by those levels.
 *
 * @param grid of the narrower float type, or null where blocks have few or evenly spaced levels
 * @param words what the levels are like
 */
public record Levels(@Nullable FloatGrid grid, String words) {
  private static final int BLOCK = RowDifference.BLOCK;

  /** Rows looked at, spread over the tensor. */
  private static final int ROWS = 48;

  /** Share of the blocks that have to lie on levels. */
  private static final double MOST = 0.9;

  /** Distinct values of 32: a type of four bits has 16, six bits and more leave over 24. */
  private static final int FEW = 20;

  /** Gaps of a table of levels, and those where levels are not used, over the median gap. */
  private static final double WIDEST = 3;

  /** Levels on one side of zero that evenly spaced ones are searched up to. */
  private static final int FINEST = 128;

  /** Fewer values than this may lie on any levels by chance. */
  private static final int FEWEST = 16;

  /** The levels that a weight's values lie on, if they are fewer than its type has. */
  public static Optional<Levels> of(Weight weight) {
    if (!isWide(weight.tensor().type())
        || !weight.isReadable()
        || weight.rows() == 0
        || weight.columns() < FEWEST) {
      return Optional.empty();
    }
    int step = Math.max(1, weight.rows() / ROWS);
    ElementType[] narrower = narrower(weight.tensor().type());
    boolean[] fits = new boolean[narrower.length];
    Arrays.fill(fits, true);
    boolean matrix = weight.rows() > 1;
    int blocks = 0;
    int onLevels = 0;
    double distinct = 0;
    float[] row = new float[weight.columns()];
    for (long r = 0; r < weight.rows(); r += step) {
      weight.decodeRow((int) r, row, 0);
      for (int type = 0; type < narrower.length; type++) {
        fits[type] = fits[type] && isOn(grid(narrower[type], weight), row);
      }
      for (int from = 0; matrix && from + BLOCK <= row.length; from += BLOCK) {
        if (isZero(row, from)) {
          continue;
        }
        blocks++;
        onLevels += Double.isNaN(reach(row, from, from + BLOCK, weight.tensor().type())) ? 0 : 1;
        distinct += distinct(row, from, from + BLOCK).length;
      }
    }
    for (int type = narrower.length - 1; type >= 0; type--) {
      if (fits[type]) {
        return Optional.of(
            new Levels(grid(narrower[type], weight), "are all values of " + narrower[type]));
      }
    }
    return blocks > 0 && onLevels >= MOST * blocks
        ? Optional.of(
            new Levels(
                null,
                "lie on about "
                    + Math.round(distinct / blocks)
                    + " evenly spaced or few levels in 32"))
        : Optional.empty();
  }

  /** Whether a type has so many levels in 32 values that few of them mean another type. */
  private static boolean isWide(ElementType type) {
    return switch (type) {
      case F64, F32, F16, BF16, Q8_0, Q6_K -> true;
      default -> false;
    };
  }

  /** Float types whose values a type has, the narrowest last. */
  private static ElementType[] narrower(ElementType type) {
    return switch (type) {
      case F64 -> new ElementType[] {ElementType.F32, ElementType.F16, ElementType.BF16};
      case F32 ->
          new ElementType[] {
            ElementType.F16, ElementType.BF16, ElementType.F8_E4M3, ElementType.F8_E5M2
          };
      case F16, BF16 ->
          type == ElementType.F16
              ? new ElementType[] {ElementType.BF16, ElementType.F8_E4M3, ElementType.F8_E5M2}
              : new ElementType[] {ElementType.F8_E4M3, ElementType.F8_E5M2};
      default -> new ElementType[0];
    };
  }

  private static FloatGrid grid(ElementType narrower, Weight weight) {
    return FloatGrid.of(narrower)
        .orElseThrow()
        .within(FloatGrid.of(weight.tensor().type()).orElseThrow());
  }

  private static boolean isOn(FloatGrid grid, float[] row) {
    for (float value : row) {
      if (!grid.has(value)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isZero(float[] row, int from) {
    for (int i = from; i < from + BLOCK; i++) {
      if (row[i] != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * How far a source value may lie from those of a block, by the levels that they show; NaN where
   * they show none.
   *
   * @param type that the values are stored in
   */
  static double reach(float[] row, int from, int to, ElementType type) {
    // Types with 64 values to a scale may leave half of them without a level but zero.
    int start = from / (2 * BLOCK) * 2 * BLOCK;
    float[] both = distinct(row, start, Math.min(row.length, start + 2 * BLOCK));
    double wide = both.length > 1 && both.length <= FEW && to - from == BLOCK ? gap(both) / 2 : 0;
    float[] levels = distinct(row, from, to);
    if (levels.length <= Math.min(FEW, (to - from) * FEW / BLOCK)) {
      return Math.max(wide, gap(levels) / 2);
    }
    // Blocks have evenly spaced levels of their own.
    return type.isQuantized()
        ? Double.NaN
        : evenStep(levels, type == ElementType.BF16 ? 0x1p-8 : 0x1p-11) / 2;
  }

  /** The widest gap of levels, but of one that no other comes near: a stray value is no level. */
  private static double gap(float[] levels) {
    double[] gaps = new double[levels.length - 1];
    for (int i = 0; i < gaps.length; i++) {
      gaps[i] = (double) levels[i + 1] - levels[i];
    }
    Arrays.sort(gaps);
    return gaps.length == 0 ? 0 : Math.min(gaps[gaps.length - 1], WIDEST * gaps[gaps.length / 2]);
  }

  private static float[] distinct(float[] row, int from, int to) {
    float[] sorted = Arrays.copyOfRange(row, from, to);
    Arrays.sort(sorted);
    int count = 1;
    for (int i = 1; i < sorted.length; i++) {
      if (sorted[i] != sorted[count - 1]) {
        sorted[count++] = sorted[i];
      }
    }
    return Arrays.copyOf(sorted, count);
  }

  /** The widest step of which all values are whole multiples; NaN if there is none. */
  private static double evenStep(float[] values, double relative) {
    double largest = Math.max(Math.abs(values[0]), Math.abs(values[values.length - 1]));
    // A value is off by that share of itself; of those of 8 bits only the small ones tell.
    for (int levels = 8; levels <= FINEST; levels++) {
      double step = largest / levels;
      int told = 0;
      boolean all = true;
      for (int i = 0; all && i < values.length; i++) {
        double multiple = values[i] / step;
        double room = Math.abs(multiple) * relative * 2 + 0x1p-9;
        all = Math.abs(multiple - Math.rint(multiple)) <= room;
        told += room < 0.2 ? 1 : 0;
      }
      if (all && told >= values.length / 4) {
        return step;
      }
    }
    return Double.NaN;
  }
}
