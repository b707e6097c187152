package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Weight;
import dev.rosetta.testing.MemorySource;
import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Directions are counted beside noise of any shape, and damage is none. */
final class RankSketchTests {
  private static final int ROWS = 192;
  private static final int COLUMNS = 160;
  private static final TensorRole ROLE = TensorRole.weight(Part.Q, 0);

  private static Weight weight(float[] values) {
    List<Long> dims = List.of((long) ROWS, (long) COLUMNS);
    MemorySource source = new MemorySource(MetadataDialect.HUGGING_FACE).add("q", dims, values);
    return Weight.stored(
        ROLE,
        source,
        source.tensor("q"),
        MemorySource.codecs().codec(source.tensor("q").type()).orElseThrow(),
        0,
        ROWS,
        COLUMNS,
        null);
  }

  private static float[] gaussian(long seed) {
    Random random = new Random(seed);
    float[] values = new float[ROWS * COLUMNS];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static float[] plus(float[] values, IntToDoubleFunction more) {
    float[] sum = new float[values.length];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = (float) (values[i] + more.applyAsDouble(i));
    }
    return sum;
  }

  /** A product of two random matrices, of a root mean square of one. */
  private static float[] product(int rank, long seed) {
    Random random = new Random(seed);
    double[] down = random.doubles((long) rank * COLUMNS, -1.7, 1.7).toArray();
    double[] up = random.doubles((long) rank * ROWS, -1.7, 1.7).toArray();
    float[] values = new float[ROWS * COLUMNS];
    for (int i = 0; i < values.length; i++) {
      double sum = 0;
      for (int k = 0; k < rank; k++) {
        sum += up[i / COLUMNS * rank + k] * down[k * COLUMNS + i % COLUMNS];
      }
      values[i] = (float) (sum / Math.sqrt(rank));
    }
    return values;
  }

  private static RankSketch sketch(float[] a, float[] b) {
    return RankSketch.of(weight(a), weight(b), 96, 2048);
  }

  @Test
  void theRankOfAnUpdateIsCounted() {
    float[] base = gaussian(1);
    for (int rank : new int[] {1, 2, 8, 16}) {
      float[] update = product(rank, rank);
      RankSketch found = sketch(base, plus(base, i -> 0.05 * update[i]));
      assertEquals(rank, found.rank());
      assertTrue(found.isLow());
      assertTrue(found.rest() < 1e-6, found::toString);
    }
  }

  @Test
  void anUpdateIsSeenBesideMoreNoiseThanItself() {
    float[] base = gaussian(1);
    float[] noise = gaussian(2);
    float[] update = product(4, 4);
    RankSketch found = sketch(base, plus(base, i -> 0.02 * update[i] + 0.03 * noise[i]));
    assertEquals(4, found.rank(), found::toString);
    assertTrue(found.rest() > 0.5, found::toString);
  }

  @Test
  void noiseOfUnequalRowsAndColumnsHasNoDirections() {
    float[] base = gaussian(1);
    for (int seed = 10; seed < 30; seed++) {
      float[] noise = gaussian(seed);
      RankSketch found =
          sketch(
              base,
              plus(
                  base,
                  i ->
                      0.01
                          * noise[i]
                          * (i % COLUMNS < 32 ? 20 : 1)
                          * (i / COLUMNS % 7 == 0 ? 0.001 : 1)));
      assertEquals(0, found.rank(), "seed " + seed + ": " + found);
    }
  }

  @Test
  void damageInAFewPlacesHasNoDirections() {
    float[] base = gaussian(1);
    float[] noise = gaussian(3);
    assertEquals(0, sketch(base, plus(base, i -> i / COLUMNS == 40 ? 3 : 0)).rank());
    assertEquals(0, sketch(base, plus(base, i -> i % COLUMNS == 40 ? 3 : 0)).rank());
    assertEquals(0, sketch(base, plus(base, i -> i % 5003 == 7 ? 30 : 0)).rank());
    assertEquals(
        0,
        sketch(base, plus(base, i -> 0.01 * noise[i] + (i / COLUMNS % 40 == 3 ? noise[i] : 0)))
            .rank());
  }

  @Test
  void equalWeightsHaveNone() {
    assertEquals(0, sketch(gaussian(1), gaussian(1)).rank());
  }

  @Test
  void anotherMatrixIsNoUpdate() {
    assertEquals(0, sketch(gaussian(1), gaussian(2)).rank());
  }

  @Test
  void whatIsTakenOutLeavesTheNoise() {
    float[] base = gaussian(1);
    float[] noise = gaussian(2);
    float[] update = product(4, 4);
    float[] merged = plus(base, i -> 0.1 * update[i] + 1e-3 * noise[i]);
    float[] repaired = LowRankPart.removed(weight(base), weight(merged), 4).decodeAll();
    double left = 0;
    for (int i = 0; i < base.length; i++) {
      left += Math.pow(repaired[i] - base[i], 2) / base.length;
    }
    assertEquals(1e-3, Math.sqrt(left), 1e-4);
  }
}
