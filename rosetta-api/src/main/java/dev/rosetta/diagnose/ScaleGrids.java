package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.normalize.Weight;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Values of a scaled format with other scales than they should have: in each block of a grid the
 * suspect is the reference times a factor of the block's own.
 */
final class ScaleGrids {
  /** Rows of the tiles that FP8 checkpoints scale; narrower grids are of single rows. */
  private static final int BAND = 128;

  /** Rows in which a grid is looked for, in bands spread through the matrix. */
  private static final int BANDS = 4;

  /** Rounding of the codes: three bits of mantissa. */
  private static final double CODES = 4e-3;

  /** A factor of a block's own explains at least this many times more than one for all. */
  private static final double BETTER = 10;

  /** Energy that one factor for all must leave for the blocks' to be ones of their own. */
  private static final double UNEVEN = 0.01;

  /** Beside other evidence a smaller gain is enough. */
  private static final double SLIGHTLY_BETTER = 1.5;

  private static final double SLIGHTLY_UNEVEN = 1e-3;

  /** A block with a factor this near to one is as it should be. */
  private static final double ONE = 0.05;

  private static final double SAME_SIGN = 0.9;

  /** Correlation of factors and values, in logarithms. */
  private static final double TWICE = 0.9;

  /** Scales bring each block's largest value to the format's largest. */
  private static final double FULL = 0.05;

  private ScaleGrids() {}

  /** Sizes of blocks that formats scale, coarse ones first: what fits one fits all finer ones. */
  private enum Grid {
    TILE("block of 128x128", BAND, 128),
    ROW("row", 1, Integer.MAX_VALUE),
    GROUP_128("group of 128 columns", 1, 128),
    GROUP_64("group of 64 columns", 1, 64),
    GROUP_32("group of 32 columns", 1, 32),
    GROUP_16("group of 16 columns", 1, 16);

    private final String words;
    private final int rows;
    private final int columns;

    Grid(String words, int rows, int columns) {
      this.words = words;
      this.rows = rows;
      this.columns = columns;
    }
  }

  static Optional<Explanation> ignored(Suspicion s) {
    if (s.isVector() || s.reference().columns() < Grid.GROUP_16.columns) {
      return Optional.empty();
    }
    Fit rows = fit(s, Grid.ROW);
    boolean scaledFormat = isScaledFormat(s.suspect()) || isScaledFormat(s.reference());
    boolean coded = isCoded(s.suspect());
    if (!(rows.sameSign() > SAME_SIGN) || !coded && isCoded(s.reference())) {
      return Optional.empty();
    }
    double limit = Math.max(Math.min(s.bound(), 0.02), CODES);
    for (Grid grid : Grid.values()) {
      Fit fit = grid == Grid.ROW ? rows : fit(s, grid);
      if (fit.residual() <= limit) {
        return fit.isOnes() ? Optional.empty() : explained(s, grid, fit, coded, scaledFormat);
      }
    }
    return Optional.empty();
  }

  private static Optional<Explanation> explained(
      Suspicion s, Grid grid, Fit fit, boolean coded, boolean scaledFormat) {
    boolean full = fit.isFull(true);
    if (!full && !coded && fit.isFull(false)) {
      return Optional.empty(); // Seen from the other side it is the codes that lack their scales.
    }
    double gain = fit.unevenness() / fit.residual();
    // Rows may be scaled for good reasons, as where the next weight's columns take it back.
    boolean clear = gain > BETTER && fit.unevenness() > UNEVEN && grid != Grid.ROW;
    boolean perBlock =
        clear
            || gain > SLIGHTLY_BETTER
                && fit.unevenness() > SLIGHTLY_UNEVEN
                && (full || scaledFormat);
    if (!perBlock && !(scaledFormat && gain <= SLIGHTLY_BETTER)) {
      return Optional.empty();
    }
    Map<String, Object> evidence = new LinkedHashMap<>();
    evidence.put("factor", fit.factor());
    if (perBlock) {
      evidence.put("smallestFactor", fit.least());
      evidence.put("largestFactor", fit.most());
    }
    evidence.put("residual", fit.residual());
    evidence.put("oneFactorLeaves", fit.unevenness());
    String which =
        full || coded
            ? ": codes that were read without their scales"
            : perBlock && fit.twice() > TWICE
                ? ", which is larger where the values are: scales applied twice"
                : ": scales left out, applied twice or taken from elsewhere";
    Explanation explanation =
        Explanation.of(
                DiagnosisCode.SCALES_IGNORED,
                "is the other side's values times "
                    + (perBlock ? "a factor of its own in every " + grid.words : "a factor")
                    + which,
                "multiply the codes by their own scales, once: look for the scales' tensor, its"
                    + " shape and its order",
                perBlock ? repaired(s, grid) : scaled(s, fit.factor()))
            .withEvidence(evidence);
    return Optional.of(full || coded ? explanation.onThisSide() : explanation);
  }

  /** Whether the values are codes by their own type. */
  private static boolean isCoded(Weight weight) {
    return switch (weight.tensor().type()) {
      case F8_E4M3, F8_E5M2, F8_E4M3FNUZ, F8_E5M2FNUZ, F4, F6_E2M3, F6_E3M2 -> true;
      default -> false;
    };
  }

  /** Whether the tensor is of codes, or stands beside scales of its own. */
  private static boolean isScaledFormat(Weight weight) {
    String name = weight.tensor().name();
    return isCoded(weight)
        || weight.source().tensors().stream()
            .map(TensorInfo::name)
            .anyMatch(
                other ->
                    other.length() > name.length()
                        && other.startsWith(name)
                        && other.contains("scale"));
  }

  /**
   * One factor a block, by least squares.
   *
   * @param residual share of the suspect's energy that the factors leave
   * @param unevenness share that a single factor for all leaves
   * @param factor that single factor
   * @param sameSign share of the values that have one sign on both sides
   * @param least smallest factor of a block
   * @param most largest
   * @param right share of the blocks whose factor is one
   * @param twice correlation of the factors with the largest value of their block, in logarithms
   * @param suspectSpread of the largest values of blocks: range over mean; NaN for a single block
   * @param referenceSpread the same of the reference
   */
  private record Fit(
      double residual,
      double unevenness,
      double factor,
      double sameSign,
      double least,
      double most,
      double right,
      double twice,
      double suspectSpread,
      double referenceSpread) {

    /** Whether most factors are one, which makes others isolated, or some are none at all. */
    boolean isOnes() {
      return !(least > 0) || right > 0.5 || Math.abs(factor - 1) < 0.1 && most < 1.1 && least > 0.9;
    }

    boolean isFull(boolean ofSuspect) {
      return (ofSuspect ? suspectSpread : referenceSpread) <= FULL;
    }
  }

  private static Fit fit(Suspicion s, Grid grid) {
    Weight reference = s.reference();
    int bands = Math.ceilDiv(reference.rows(), BAND);
    int step = Math.max(1, bands / BANDS);
    Sums sums = new Sums();
    for (int band = 0; band < bands; band += step) {
      int first = band * BAND;
      int last = Math.min(reference.rows(), first + BAND);
      for (int row = first; row < last; row += grid.rows) {
        Block[] blocks = blocks(s, grid, row);
        for (Block block : blocks) {
          sums.add(block);
        }
      }
    }
    return sums.fit();
  }

  /** The blocks of a grid that begin in {@code row}. */
  private static Block[] blocks(Suspicion s, Grid grid, int row) {
    int columns = s.reference().columns();
    int width = Math.min(grid.columns, columns);
    Block[] blocks = new Block[Math.ceilDiv(columns, width)];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = new Block();
    }
    float[] reference = new float[columns];
    float[] suspect = new float[columns];
    for (int r = row; r < Math.min(row + grid.rows, s.reference().rows()); r++) {
      s.reference().decodeRow(r, reference, 0);
      s.suspect().decodeRow(r, suspect, 0);
      for (int c = 0; c < columns; c++) {
        blocks[c / width].add(reference[c], suspect[c]);
      }
    }
    return blocks;
  }

  /** Sums over one block. */
  private static final class Block {
    private double rr;
    private double rs;
    private double ss;
    private double largestR;
    private double largestS;
    private long values;
    private long sameSign;

    void add(double r, double s) {
      rr += r * r;
      rs += r * s;
      ss += s * s;
      largestR = Math.max(largestR, Math.abs(r));
      largestS = Math.max(largestS, Math.abs(s));
      if (r != 0 && s != 0) {
        values++;
        sameSign += (r > 0) == (s > 0) ? 1 : 0;
      }
    }

    double factor() {
      return rs / rr;
    }
  }

  /** Sums over blocks. */
  private static final class Sums {
    private double rr;
    private double rs;
    private double ss;
    private double left;
    private long values;
    private long sameSign;
    private long blocks;
    private long right;
    private double least = Double.POSITIVE_INFINITY;
    private double most = Double.NEGATIVE_INFINITY;
    private final Spread suspect = new Spread();
    private final Spread reference = new Spread();
    private final Correlation twice = new Correlation();

    void add(Block block) {
      rr += block.rr;
      rs += block.rs;
      ss += block.ss;
      values += block.values;
      sameSign += block.sameSign;
      if (block.rr == 0 || block.ss == 0) {
        left += block.ss;
        return;
      }
      double factor = block.factor();
      blocks++;
      right += Math.abs(factor - 1) < ONE ? 1 : 0;
      left += Math.max(0, block.ss - block.rs * factor);
      least = Math.min(least, factor);
      most = Math.max(most, factor);
      suspect.add(block.largestS);
      reference.add(block.largestR);
      if (factor > 0) {
        twice.add(Math.log(factor), Math.log(block.largestR));
      }
    }

    Fit fit() {
      return new Fit(
          ss > 0 ? left / ss : 1,
          ss > 0 && rr > 0 ? Math.max(0, 1 - rs * rs / (rr * ss)) : 1,
          rs / rr,
          values > 0 ? (double) sameSign / values : 0,
          least,
          most,
          blocks > 0 ? (double) right / blocks : 0,
          twice.value(),
          suspect.value(),
          reference.value());
    }
  }

  /** Range of some values over their mean. */
  private static final class Spread {
    private double least = Double.POSITIVE_INFINITY;
    private double most;
    private double sum;
    private int count;

    void add(double value) {
      least = Math.min(least, value);
      most = Math.max(most, value);
      sum += value;
      count++;
    }

    double value() {
      return count > 1 ? (most - least) * count / sum : Double.NaN;
    }
  }

  /** Correlation of two series. */
  private static final class Correlation {
    private double x;
    private double y;
    private double xx;
    private double yy;
    private double xy;
    private int count;

    void add(double left, double right) {
      x += left;
      y += right;
      xx += left * left;
      yy += right * right;
      xy += left * right;
      count++;
    }

    double value() {
      double n = Math.max(count, 1);
      double variance = (xx - x * x / n) * (yy - y * y / n);
      return variance > 0 ? (xy - x * y / n) / Math.sqrt(variance) : 0;
    }
  }

  private static Weight scaled(Suspicion s, double factor) {
    Weight suspect = s.suspect();
    return suspect.withValues(
        suspect.rows(),
        suspect.columns(),
        () -> {
          float[] values = suspect.decodeAll().clone();
          for (int i = 0; i < values.length; i++) {
            values[i] = (float) (values[i] / factor);
          }
          return values;
        });
  }

  /** The suspect over the factors of its blocks, fitted over all of it. */
  private static Weight repaired(Suspicion s, Grid grid) {
    Weight suspect = s.suspect();
    int columns = suspect.columns();
    int width = Math.min(grid.columns, columns);
    return suspect.withValues(
        suspect.rows(),
        columns,
        () -> {
          float[] values = new float[Math.multiplyExact(suspect.rows(), columns)];
          for (int row = 0; row < suspect.rows(); row += grid.rows) {
            Block[] blocks = blocks(s, grid, row);
            for (int r = row; r < Math.min(row + grid.rows, suspect.rows()); r++) {
              suspect.decodeRow(r, values, r * columns);
              for (int c = 0; c < columns; c++) {
                double factor = blocks[c / width].factor();
                int at = r * columns + c;
                values[at] = factor > 0 ? (float) (values[at] / factor) : values[at];
              }
            }
          }
          return values;
        });
  }
}
