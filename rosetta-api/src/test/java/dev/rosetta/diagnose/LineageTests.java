package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.DiagnosisCode;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class LineageTests {
  private static final int BLOCK = 32;

  /** Every block of 32 rounded to {@code levels} steps between its extremes. */
  private static float[] rounded(float[] values, int levels) {
    float[] result = new float[values.length];
    for (int from = 0; from < values.length; from += BLOCK) {
      float low = Float.POSITIVE_INFINITY;
      float high = Float.NEGATIVE_INFINITY;
      for (int i = from; i < from + BLOCK; i++) {
        low = Math.min(low, values[i]);
        high = Math.max(high, values[i]);
      }
      float step = (high - low) / (levels - 1);
      for (int i = from; i < from + BLOCK; i++) {
        result[i] = low + step * Math.round((values[i] - low) / step);
      }
    }
    return result;
  }

  private static Optional<Explanation> explained(float[] suspect, float[] reference) {
    return Lineage.quantisedTwice(
        Pairing.of(Pairing.withGate(suspect), Pairing.withGate(reference))
            .suspicion(Pairing.GATE_ROLE));
  }

  @Test
  void wideValuesOfSixteenLevelsWereOfFourBits() {
    Explanation found = explained(rounded(Pairing.gate(), 16), Pairing.gate()).orElseThrow();
    assertEquals(DiagnosisCode.DOUBLE_QUANTIZED, found.code());
    assertTrue(found.told());
    assertTrue((double) found.evidence().get("levels") <= 16);
  }

  @Test
  void manyLevelsAreNoSign() {
    assertEquals(Optional.empty(), explained(rounded(Pairing.gate(), 256), Pairing.gate()));
  }

  @Test
  void aReferenceOfAsFewLevelsTellsNothing() {
    float[] few = rounded(Pairing.gate(), 16);
    assertEquals(Optional.empty(), explained(rounded(few, 15), few));
  }

  @Test
  void otherValuesOfFewLevelsHaveAnotherOrigin() {
    float[] other = new float[Pairing.gate().length];
    Random random = new Random(5);
    for (int i = 0; i < other.length; i++) {
      other[i] = random.nextInt(16) - 7.5f;
    }
    assertEquals(Optional.empty(), explained(other, Pairing.gate()));
  }

  @Test
  void aFewRoundedBlocksAreNoLineage() {
    float[] values = Pairing.gate();
    System.arraycopy(rounded(values, 16), 0, values, 0, values.length / 4);
    assertEquals(Optional.empty(), explained(values, Pairing.gate()));
  }
}
