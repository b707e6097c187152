package dev.rosetta.compare;

import dev.rosetta.PointComparison.Status;
import dev.rosetta.TensorComparison;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Weights whose difference is within their steps, held against the others of their file: a
 * quantiser shrinks all weights of a type alike and is off by as much in every layer, so that a
 * weight which stands out has been scaled, or comes from another checkpoint.
 */
final class Siblings {
  /** Fewer others tell nothing of what is usual. */
  private static final int FEWEST = 4;

  /** Standard deviations of chance; errors within a block are not independent. */
  private static final double CHANCE = 6;

  /** Deviations of the others' slopes that one may be away from them. */
  private static final double SPREAD = 6;

  /** A slope may be off by this multiple of the energy that rounding takes, beside others. */
  private static final double SHRUNK = 1;

  /**
   * The same without others: clipping, and levels beside levels, move it by more than they take.
   */
  private static final double SHRUNK_ALONE = 12;

  /** Rows of unseen tokens are often all alike, and repeat their errors. */
  private static final double SHRUNK_TABLE = 2;

  /** Excess over the same part of the other layers that is told, of one weight and of a layer. */
  private static final double STANDS_OUT = 1.5;

  private static final double LAYER_STANDS_OUT = 1.12;

  /** Deviations of the others' excess. */
  private static final double EXCESS_SPREAD = 10;

  /** The least deviation of an excess: what chance makes of a small matrix. */
  private static final double LEAST_DEVIATION = 0.01;

  private final SortedMap<TensorRole, WeightPair> pairs;
  private final double threshold;

  private Siblings(SortedMap<TensorRole, WeightPair> pairs, double threshold) {
    this.pairs = pairs;
    this.threshold = threshold;
  }

  /** Replaces pairs that stand out among their kind by ones that are at fault. */
  static void judge(SortedMap<TensorRole, WeightPair> pairs, double threshold) {
    Siblings siblings = new Siblings(pairs, threshold);
    siblings.judgeSlopes();
    siblings.judgeExcess();
  }

  private static boolean isJudged(WeightPair pair) {
    return pair.comparison().status() == Status.NOISE
        && !Double.isNaN(pair.slope())
        && pair.comparison().typeA() != null
        && pair.comparison().typeB() != null
        && (pair.comparison().typeA().isQuantized() || pair.comparison().typeB().isQuantized());
  }

  private void judgeSlopes() {
    Map<String, List<Double>> byTypes = new HashMap<>();
    for (WeightPair pair : pairs.values()) {
      if (isJudged(pair)) {
        byTypes.computeIfAbsent(types(pair), types -> new ArrayList<>()).add(pair.slope());
      }
    }
    pairs.replaceAll(
        (role, pair) -> judgeSlope(pair, byTypes.getOrDefault(types(pair), List.of()), threshold));
  }

  /** {@code pair}, at fault if it is scaled by more than clipping can be the reason of. */
  static WeightPair judgeAlone(WeightPair pair, double threshold) {
    return judgeSlope(pair, List.of(), threshold);
  }

  private static WeightPair judgeSlope(WeightPair pair, List<Double> slopes, double threshold) {
    return isJudged(pair) && isScaled(pair, slopes, threshold)
        ? pair.diverged(
            String.format(
                Locale.ROOT, "B is A times %.6g, which rounding does not explain", pair.slope()),
            false)
        : pair;
  }

  private static boolean isScaled(WeightPair pair, List<Double> slopes, double threshold) {
    double slope = pair.slope();
    double lost = pair.rows().lost();
    Part part = pair.comparison().role().part();
    double room = threshold + CHANCE * pair.rows().deviation();
    if (part == Part.EMBEDDING || part == Part.OUTPUT) {
      room += SHRUNK_TABLE * lost;
    }
    if (slopes.size() <= FEWEST) {
      return !(Math.abs(slope - 1) <= room + SHRUNK_ALONE * lost);
    }
    double median = median(slopes);
    double deviation = deviation(slopes, median);
    return !(Math.abs(slope - median) <= room + SPREAD * deviation + SHRUNK * lost);
  }

  private void judgeExcess() {
    Map<String, List<Double>> byKind = new HashMap<>();
    for (WeightPair pair : pairs.values()) {
      if (isCompared(pair)) {
        byKind.computeIfAbsent(kind(pair), k -> new ArrayList<>()).add(log(pair));
      }
    }
    List<Double> all = new ArrayList<>();
    Map<TensorRole, Double> excess = new TreeMap<>();
    for (WeightPair pair : pairs.values()) {
      List<Double> kind = byKind.get(kind(pair));
      if (isCompared(pair) && kind != null && kind.size() > FEWEST) {
        double above = log(pair) - median(kind);
        excess.put(pair.comparison().role(), above);
        all.add(above);
      }
    }
    if (all.size() <= FEWEST) {
      return;
    }
    double deviation = Math.max(LEAST_DEVIATION, deviation(all, median(all)));
    Map<Integer, List<TensorRole>> byLayer = new TreeMap<>();
    excess.keySet().forEach(r -> byLayer.computeIfAbsent(r.layer(), l -> new ArrayList<>()).add(r));
    for (List<TensorRole> layer : byLayer.values()) {
      double mean =
          layer.stream().mapToDouble(role -> excess.getOrDefault(role, 0.0)).average().orElse(0);
      boolean layerStandsOut =
          layer.size() >= FEWEST
              && mean > Math.log(LAYER_STANDS_OUT)
              && mean * Math.sqrt(layer.size()) > EXCESS_SPREAD * deviation;
      double limit = Math.max(Math.log(STANDS_OUT), EXCESS_SPREAD * deviation);
      double least = layerStandsOut ? Math.min(limit, mean / 2) : limit;
      for (TensorRole role : layer) {
        double above = excess.getOrDefault(role, 0.0);
        if (above > least) {
          pairs.computeIfPresent(role, (r, pair) -> pair.diverged(standsOut(pair, above), true));
        }
      }
    }
  }

  private static String standsOut(WeightPair pair, double above) {
    return String.format(
        Locale.ROOT,
        "differs by %.2f times what its steps lead to expect, the same weight of the other layers"
            + " by %.2f",
        pair.comparison().excess(),
        pair.comparison().excess() / Math.exp(above));
  }

  private static boolean isCompared(WeightPair pair) {
    TensorComparison comparison = pair.comparison();
    return isJudged(pair) && comparison.role().layer() >= 0 && comparison.excess() > 0;
  }

  private static double log(WeightPair pair) {
    return Math.log(pair.comparison().excess());
  }

  private static String types(WeightPair pair) {
    return pair.comparison().typeA() + " " + pair.comparison().typeB();
  }

  private static String kind(WeightPair pair) {
    return pair.comparison().role().part() + " " + types(pair);
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  /** Standard deviation of a normal distribution with this median absolute deviation. */
  private static double deviation(List<Double> values, double median) {
    return 1.4826 * median(values.stream().map(value -> Math.abs(value - median)).toList());
  }
}
