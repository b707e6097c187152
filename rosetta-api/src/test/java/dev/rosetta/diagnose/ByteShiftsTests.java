package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.testing.MemorySource;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ByteShiftsTests {

  /** The gate's bytes {@code shift} places behind where they belong, the gap zero. */
  private static Optional<Explanation> shifted(int shift) {
    MemorySource source = Pairing.healthy();
    byte[] healthy = source.bytes(Pairing.GATE).clone();
    byte[] bytes = source.bytes(Pairing.GATE);
    for (int i = 0; i < bytes.length; i++) {
      int from = i - shift;
      bytes[i] = from >= 0 && from < healthy.length ? healthy[from] : 0;
    }
    return ByteShifts.shifted(Pairing.of(source, Pairing.healthy()).suspicion(Pairing.GATE_ROLE));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 32, 63, 64, -1, -2, -7, -64})
  void theDistanceIsFoundInBytes(int shift) {
    Explanation found = shifted(shift).orElseThrow();
    assertEquals(DiagnosisCode.DATA_SHIFTED, found.code());
    assertEquals(Map.of("bytes", shift), found.evidence());
    assertTrue(found.words().contains(shift > 0 ? "late" : "early"), found.words());
  }

  @ParameterizedTest
  @ValueSource(ints = {65, -65, 200})
  void whatIsOutOfReachIsNotClaimed(int shift) {
    assertEquals(Optional.empty(), shifted(shift));
  }

  @Test
  void unrelatedValuesAreNotShifted() {
    Random random = new Random(3);
    float[] other = new float[Pairing.gate().length];
    for (int i = 0; i < other.length; i++) {
      other[i] = (float) random.nextGaussian();
    }
    assertEquals(
        Optional.empty(), ByteShifts.shifted(Pairing.ofGate(other).suspicion(Pairing.GATE_ROLE)));
  }

  @Test
  void oneRowThatMovedIsNoShiftOfTheTensor() {
    float[] values = Pairing.gate();
    System.arraycopy(values, 21 * 32, values, 21 * 32 + 1, 31);
    assertEquals(
        Optional.empty(), ByteShifts.shifted(Pairing.ofGate(values).suspicion(Pairing.GATE_ROLE)));
  }
}
