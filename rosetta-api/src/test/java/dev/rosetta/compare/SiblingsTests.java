package dev.rosetta.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.Difference;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.TensorComparison;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What stands out among the weights of a file is told, what all of them do is not. */
final class SiblingsTests {
  private static final String[] PARTS = {"q", "k", "v", "attn_out", "ffn_gate", "ffn_up"};
  private static final int LAYERS = 8;

  private static WeightPair pair(TensorRole role, double slope, double excess) {
    double expected = 5e-3;
    return new WeightPair(
        null,
        null,
        new TensorComparison(
            role,
            "a",
            "b",
            ElementType.F16,
            ElementType.Q4_K,
            List.of(),
            List.of(),
            List.of(),
            Status.NOISE,
            "test",
            false,
            excess * expected,
            4 * expected,
            expected,
            new Difference(0, 0, 0, 1, 0, 0, 0, 0)),
        10,
        10,
        0,
        0,
        new RowSlopes.Medians(slope, 1e-4, excess * expected),
        WeightPair.Lineage.NONE,
        false,
        0,
        0);
  }

  private static SortedMap<TensorRole, WeightPair> model(double slope, double excess) {
    Random random = new Random(3);
    SortedMap<TensorRole, WeightPair> pairs = new TreeMap<>();
    for (int layer = 0; layer < LAYERS; layer++) {
      for (String part : PARTS) {
        TensorRole role = role(layer, part);
        double s = slope + 5e-4 * random.nextGaussian();
        pairs.put(role, pair(role, s, excess * (1 + 0.01 * random.nextGaussian())));
      }
    }
    return pairs;
  }

  private static TensorRole role(int layer, String part) {
    return TensorRole.parse("layers." + layer + "." + part + ".weight").orElseThrow();
  }

  private static List<TensorRole> judged(SortedMap<TensorRole, WeightPair> pairs) {
    Siblings.judge(pairs, 1e-3);
    return pairs.values().stream()
        .filter(pair -> pair.comparison().status() == Status.DIVERGED)
        .map(pair -> pair.comparison().role())
        .toList();
  }

  @Test
  void whatAllWeightsDoIsTheQuantisers() {
    assertEquals(List.of(), judged(model(1, 1)));
    assertEquals(List.of(), judged(model(0.97, 2.5)));
  }

  @Test
  void oneWeightThatIsScaledStandsOut() {
    for (double factor : new double[] {0.97, 1.03}) {
      SortedMap<TensorRole, WeightPair> pairs = model(0.995, 1);
      TensorRole role = role(3, "v");
      pairs.put(role, pair(role, 0.995 * factor, 1.1));
      assertEquals(List.of(role), judged(pairs));
      assertFalse(pairs.get(role).standsOut());
    }
  }

  @Test
  void oneWeightOrLayerOfAnotherCheckpointStandsOut() {
    SortedMap<TensorRole, WeightPair> single = model(1, 1);
    TensorRole role = role(5, "ffn_up");
    single.put(role, pair(role, 1, 1.7));
    assertEquals(List.of(role), judged(single));
    assertTrue(single.get(role).standsOut());
    SortedMap<TensorRole, WeightPair> layer = model(1, 1);
    for (String part : PARTS) {
      layer.put(role(2, part), pair(role(2, part), 1, 1.3));
    }
    assertEquals(PARTS.length, judged(layer).size());
  }

  @Test
  void aWeightByItselfHasMoreRoomThanOneAmongOthers() {
    TensorRole role = role(0, "q");
    for (double slope : new double[] {0.97, 1.03}) {
      assertEquals(
          Status.NOISE, Siblings.judgeAlone(pair(role, slope, 1), 1e-3).comparison().status());
    }
    for (double slope : new double[] {0.9, 1.1, -1}) {
      assertEquals(
          Status.DIVERGED, Siblings.judgeAlone(pair(role, slope, 1), 1e-3).comparison().status());
    }
  }
}
