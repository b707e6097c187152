package dev.rosetta.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.PointComparison.Status;
import dev.rosetta.engine.Engine;
import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import dev.rosetta.testing.PlainKernels;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Floats are judged value by value: rounded from one source, or not. */
final class PairRoundingTests {
  private static final int ROWS = 64;
  private static final int COLUMNS = 64;
  private static final TensorRole ROLE = TensorRole.parse("layers.0.ffn_gate.weight").orElseThrow();

  private static Weight claim(ElementType type, float[] values) {
    Model model = Pair.model(Pair.source("llama"));
    TensorInfo tensor =
        new TensorInfo(
            "w",
            type,
            List.of((long) ROWS, (long) COLUMNS),
            BlockLayout.ROW_ALIGNED,
            1,
            0,
            0,
            type.byteSize((long) ROWS * COLUMNS));
    return Weight.stored(ROLE, model.source(), tensor, null, 0, ROWS, COLUMNS, null)
        .withValues(ROWS, COLUMNS, values);
  }

  private static WeightPair compare(
      ElementType typeA, float[] valuesA, ElementType typeB, float[] valuesB) {
    Model any = Pair.model(Pair.source("llama"));
    try (Engine engine = new Engine(new PlainKernels(), 2)) {
      return new WeightComparer(any, any, Pair.THRESHOLD, engine)
          .compare(ROLE, claim(typeA, valuesA), claim(typeB, valuesB));
    }
  }

  private static float[] source(long seed) {
    Random random = new Random(seed);
    float[] values = new float[ROWS * COLUMNS];
    for (int i = 0; i < values.length; i++) {
      // One row in eight is nearly dead.
      double size = i / COLUMNS % 8 == 0 ? 1e-6 : 0.02;
      values[i] = (float) (size * random.nextGaussian());
    }
    return values;
  }

  private static float[] map(float[] values, UnaryOperator<Float> change) {
    float[] changed = new float[values.length];
    for (int i = 0; i < changed.length; i++) {
      changed[i] = change.apply(values[i]);
    }
    return changed;
  }

  private static float half(float value) {
    return Float.float16ToFloat(Float.floatToFloat16(value));
  }

  private static float brain(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.intBitsToFloat((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000);
  }

  private static float truncated(float value) {
    return Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xffff_0000);
  }

  @Test
  void whatOneSourceIsRoundedToIsNoise() {
    float[] x = source(1);
    float[] halves = map(x, PairRoundingTests::half);
    float[] brains = map(x, PairRoundingTests::brain);
    float[] cut = map(x, PairRoundingTests::truncated);
    assertEquals(Status.NOISE, status(ElementType.F32, x, ElementType.F16, halves));
    assertEquals(Status.NOISE, status(ElementType.F32, x, ElementType.BF16, brains));
    assertEquals(Status.NOISE, status(ElementType.F16, halves, ElementType.BF16, brains));
    WeightPair pair = compare(ElementType.BF16, cut, ElementType.F32, x);
    assertEquals(Status.NOISE, pair.comparison().status());
    assertTrue(pair.comparison().reason().contains("towards zero"), pair.comparison().reason());
  }

  private static Status status(ElementType typeA, float[] a, ElementType typeB, float[] b) {
    return compare(typeA, a, typeB, b).comparison().status();
  }

  @Test
  void oneValueThatNoSourceWasRoundedToIsAFault() {
    float[] x = source(1);
    for (int at : new int[] {70, 2000}) {
      float[] halves = map(x, PairRoundingTests::half);
      halves[at] = half(x[at] * 1.01f);
      assertEquals(Status.DIVERGED, status(ElementType.F32, x, ElementType.F16, halves));
      float[] brains = map(x, PairRoundingTests::brain);
      brains[at] = brain(x[at] * 1.03f);
      assertEquals(Status.DIVERGED, status(ElementType.F32, x, ElementType.BF16, brains));
    }
  }

  @Test
  void aFactorThatMovesValuesBothWaysIsNoRounding() {
    float[] x = source(1);
    float[] scaled = map(x, v -> brain(v * 1.001f));
    assertEquals(Status.DIVERGED, status(ElementType.F32, x, ElementType.BF16, scaled));
    float[] shrunk = map(x, v -> brain(v * 0.999f));
    assertEquals(Status.DIVERGED, status(ElementType.F32, x, ElementType.BF16, shrunk));
  }

  @Test
  void valuesThatWereRoundedBeforeAreLineage() {
    float[] x = source(1);
    float[] brains = map(x, v -> half(brain(v)));
    WeightPair pair = compare(ElementType.F32, x, ElementType.F16, brains);
    assertEquals(Status.NOISE, pair.comparison().status(), pair.comparison().reason());
    assertTrue(pair.comparison().reason().contains("BF16"), pair.comparison().reason());
    assertFalse(pair.lineage().toString().isEmpty());
    // 15 levels in each 32 values, as a decoded Q4_0 has
    float[] levels = x.clone();
    for (int from = 0; from < levels.length; from += 32) {
      float largest = 0;
      for (int i = from; i < from + 32; i++) {
        largest = Math.max(largest, Math.abs(x[i]));
      }
      for (int i = from; i < from + 32; i++) {
        levels[i] = largest / 7 * Math.round(x[i] / largest * 7);
      }
    }
    WeightPair decoded = compare(ElementType.F32, x, ElementType.F32, levels);
    assertEquals(Status.NOISE, decoded.comparison().status(), decoded.comparison().reason());
    levels[2000] += 0.2f;
    assertEquals(Status.DIVERGED, status(ElementType.F32, x, ElementType.F32, levels));
  }

  @Test
  void aFloatGridKnowsItsNeighbours() {
    FloatGrid half = FloatGrid.of(ElementType.F16).orElseThrow();
    assertEquals(0x1p-10f, half.step(1));
    assertEquals(0x1p-24f, half.step(0));
    assertEquals(0x1p-24f, half.step(0x1p-20f));
    assertTrue(half.has(0x1.004p0f));
    assertFalse(half.has(0x1.002p0f));
    FloatGrid brain = FloatGrid.of(ElementType.BF16).orElseThrow();
    assertEquals(0x1p-133f, brain.step(0));
    assertFalse(FloatGrid.of(ElementType.Q8_0).isPresent());
  }
}
