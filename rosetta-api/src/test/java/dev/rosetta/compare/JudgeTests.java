package dev.rosetta.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.Difference;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.TensorComparison;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Model;
import dev.rosetta.trace.Activation;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class JudgeTests {
  private static final TensorRole GATE = TensorRole.parse("layers.0.ffn_gate.weight").get();
  private static final TensorRole NORM = TensorRole.parse("layers.0.ffn_norm.weight").get();
  private static final TensorRole EMBEDDING = TensorRole.parse("embedding.weight").get();
  private static final Activation INPUT = filled(2, 32, 1);
  private static final Activation OUTPUT = filled(2, 64, 3);
  private static final double NORM_OF_OUTPUT = 3 * Math.sqrt(2 * 64);

  private static Activation filled(int tokens, int width, float value) {
    float[] values = new float[tokens * width];
    Arrays.fill(values, value);
    return new Activation(tokens, width, values);
  }

  /** A pair whose figures are as given, of float32 against {@code type}. */
  private static WeightPair pair(TensorRole role, ElementType type, double nmse, double worstRow) {
    Model model = Pair.model(Pair.source("llama"));
    double budget = NoiseFloor.budget(ElementType.F32, type);
    return new WeightPair(
        model.weight(role).orElseThrow(),
        model.weight(role).orElseThrow(),
        new TensorComparison(
            role,
            "a",
            "b",
            ElementType.F32,
            type,
            List.of(),
            List.of(),
            List.of(),
            nmse == 0 ? Status.OK : nmse > budget ? Status.DIVERGED : Status.NOISE,
            "test",
            false,
            nmse,
            budget,
            budget / 3,
            null),
        10,
        10,
        worstRow,
        worstRow,
        RowSlopes.Medians.NONE,
        WeightPair.Lineage.NONE,
        false,
        0,
        0);
  }

  private static Judge.Bound bound(TensorRole role, WeightPair pair, Activation input) {
    return new Judge(Map.of(role, pair), Set.of(), 1e-3)
        .bound(List.of(role), Set.of(), input, NORM_OF_OUTPUT, OUTPUT.tokens());
  }

  private static Difference difference(double maxDiff, double relL2) {
    return new Difference(maxDiff, 0, relL2, 1, 0, 0, 0, 0);
  }

  @Test
  void aFaultCannotWidenItsOwnBound() {
    for (ElementType type : List.of(ElementType.F16, ElementType.Q8_0, ElementType.Q4_K)) {
      double budget = NoiseFloor.budget(ElementType.F32, type);
      for (TensorRole role : List.of(GATE, NORM, EMBEDDING)) {
        Activation input = role == EMBEDDING ? null : INPUT;
        double limit = bound(role, pair(role, type, budget, 6 * budget), input).tolerance();
        for (double fault : new double[] {2 * budget, 1, 1e6, Double.POSITIVE_INFINITY}) {
          double widened = bound(role, pair(role, type, fault, fault), input).tolerance();
          assertTrue(widened <= Math.max(limit, 0.1) + 1e-6, role + " " + type + " " + fault);
          assertTrue(Double.isFinite(widened));
        }
      }
    }
  }

  @Test
  void theBoundGrowsWithTheDifferenceOfTheWeights() {
    double small = bound(GATE, pair(GATE, ElementType.Q4_K, 1e-4, 1e-4), INPUT).tolerance();
    double large = bound(GATE, pair(GATE, ElementType.Q4_K, 1e-2, 1e-2), INPUT).tolerance();
    // |D| = sqrt(nmse) |A|, |x| = sqrt(64), |y| = 3 sqrt(128); and float32's own sums
    double gain = 10 * 8 / (3 * Math.sqrt(128));
    assertEquals((Math.sqrt(1e-4) + 0x1p-22) * gain, small, 1e-12);
    assertEquals((Math.sqrt(1e-2) + 0x1p-22) * gain, large, 1e-12);
  }

  @Test
  void equalTypesHaveThePlainThreshold() {
    Judge.Bound bound = bound(GATE, pair(GATE, ElementType.F32, 0.5, 0.5), INPUT);
    assertEquals(1e-3, bound.tolerance());
    assertFalse(bound.relative());
    assertEquals(Status.DIVERGED, Judge.status(bound, difference(1.1e-3, 0)));
    assertEquals(Status.OK, Judge.status(bound, difference(1e-3, 1)));
  }

  @Test
  void aWeightOnOneSideOnlyAllowsNothing() {
    Judge judge = new Judge(Map.of(), Set.of(), 1e-3);
    Judge.Bound bound =
        judge.bound(List.of(GATE), Set.of(), INPUT, NORM_OF_OUTPUT, OUTPUT.tokens());
    assertEquals(0, bound.tolerance());
    assertEquals(Status.DIVERGED, Judge.status(bound, difference(1e-30, 1e-30)));
  }

  @Test
  void unequalConfigOutweighsTheNoiseOfTypes() {
    Judge judge =
        new Judge(
            Map.of(NORM, pair(NORM, ElementType.Q4_K, 1e-2, 1e-2)),
            Set.of(ConfigField.RMS_NORM_EPS),
            1e-3);
    Judge.Bound bound =
        judge.bound(
            List.of(NORM),
            Set.of(ConfigField.RMS_NORM_EPS),
            INPUT,
            NORM_OF_OUTPUT,
            OUTPUT.tokens());
    assertTrue(bound.tolerance() <= 1e-6);
    assertFalse(judge.sameFunction(List.of(NORM), List.of(NORM), Set.of(ConfigField.RMS_NORM_EPS)));
  }

  @Test
  void notANumberIsNeverWithinABound() {
    for (boolean relative : new boolean[] {true, false}) {
      for (double tolerance : new double[] {1, Double.NaN}) {
        Judge.Bound bound = new Judge.Bound(tolerance, relative, true, 1, "test");
        assertEquals(Status.DIVERGED, Judge.status(bound, difference(Double.NaN, Double.NaN)));
      }
    }
    Judge.Bound unknown = Judge.Bound.plain(Double.NaN, false, "test");
    assertEquals(Status.DIVERGED, Judge.status(unknown, difference(0, 0)));
  }

  @Test
  void onlyEqualValuesAreTheSameFunction() {
    WeightPair same = pair(GATE, ElementType.F16, 0, 0);
    WeightPair close = pair(GATE, ElementType.F16, 1e-9, 1e-9);
    List<TensorRole> roles = List.of(GATE);
    assertTrue(new Judge(Map.of(GATE, same), Set.of(), 0).sameFunction(roles, roles, Set.of()));
    assertFalse(new Judge(Map.of(GATE, close), Set.of(), 0).sameFunction(roles, roles, Set.of()));
    assertFalse(
        new Judge(Map.of(GATE, same), Set.of(), 0).sameFunction(roles, List.of(), Set.of()));
    assertFalse(new Judge(Map.of(), Set.of(), 0).sameFunction(roles, roles, Set.of()));
  }
}
