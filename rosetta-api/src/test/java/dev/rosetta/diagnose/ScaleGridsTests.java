package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.DiagnosisCode;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** {@link ScaleGrids}: a factor for each block, and the factors that are none. */
final class ScaleGridsTests {
  private static final int COLUMNS = 32;

  /** The gate of layer 1, {@code [64, 32]}, each value times a factor. */
  private static Optional<Explanation> times(IntToDoubleFunction factor) {
    float[] values = Pairing.gate();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factor.applyAsDouble(i));
    }
    return ScaleGrids.ignored(Pairing.ofGate(values).suspicion(Pairing.GATE_ROLE));
  }

  private static double power(int block) {
    return Math.pow(2, -(block * 7 % 5));
  }

  @Test
  void aFactorForEachGroupOfSixteenIsFoundAndTakenOut() {
    Explanation found = times(i -> power(i / 16)).orElseThrow();
    assertEquals(DiagnosisCode.SCALES_IGNORED, found.code());
    assertTrue(found.words().contains("group of 16 columns"), found.words());
    assertEquals(1.0 / 16, (double) found.evidence().get("smallestFactor"), 1e-6);
    float[] repaired = found.repairs().getFirst().decodeAll();
    float[] gate = Pairing.gate();
    for (int i = 0; i < repaired.length; i++) {
      assertEquals(gate[i], repaired[i], 1e-6);
    }
  }

  @Test
  void aFactorForEachColumnIsAFoldedNorm() {
    assertEquals(Optional.empty(), times(i -> 0.5 + i % COLUMNS * 3 % 7));
  }

  @Test
  void aFactorForEachRowOfPlainValuesMayBeTakenBackElsewhere() {
    assertEquals(Optional.empty(), times(i -> power(i / COLUMNS)));
  }

  @Test
  void rowsOfCodesThatAllReachTheLargestLackTheirScales() {
    float[] gate = Pairing.gate();
    double[] largest = new double[gate.length / COLUMNS];
    for (int i = 0; i < gate.length; i++) {
      largest[i / COLUMNS] = Math.max(largest[i / COLUMNS], Math.abs(gate[i]));
    }
    Explanation found = times(i -> 127 / largest[i / COLUMNS]).orElseThrow();
    assertTrue(found.told());
    assertTrue(found.words().contains("every row"), found.words());
  }

  @Test
  void oneFactorForAllOrNoneIsLeftToOthers() {
    assertEquals(Optional.empty(), times(i -> 3));
    assertEquals(Optional.empty(), times(i -> i / COLUMNS < 8 ? 0 : 1));
    assertEquals(Optional.empty(), times(i -> i % 3 == 0 ? -1 : 1));
  }
}
