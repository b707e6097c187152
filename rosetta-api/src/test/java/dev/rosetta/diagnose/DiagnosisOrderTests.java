package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Proof;
import dev.rosetta.model.Severity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class DiagnosisOrderTests {

  private static Diagnosis diagnosis(
      DiagnosisCode code, Severity severity, String subject, Proof proof) {
    return new Diagnosis(code, severity, subject, null, null, "", "", proof, Map.of());
  }

  private static Diagnosis error(DiagnosisCode code, String subject, Proof proof) {
    return diagnosis(code, Severity.ERROR, subject, proof);
  }

  @Test
  void theCauseStandsInFrontOfWhatMayFollowFromIt() {
    List<Diagnosis> expected =
        List.of(
            error(DiagnosisCode.FILE_TRUNCATED, "output.weight", Proof.CONSISTENT),
            error(DiagnosisCode.CONFIG_SHAPE_CONFLICT, "num_heads", Proof.CONSISTENT),
            error(DiagnosisCode.TENSOR_MISSING, "layers.0.q.weight", Proof.PROVEN),
            error(DiagnosisCode.DIFFERENT_CHECKPOINT, "embedding.weight", Proof.CONSISTENT),
            error(DiagnosisCode.CONFIG_MISMATCH, "rope_theta", Proof.CONSISTENT),
            error(DiagnosisCode.QK_PERMUTED, "layers.1.q.weight", Proof.PROVEN),
            error(DiagnosisCode.ROWS_PERMUTED, "layers.0.v.weight", Proof.CONSISTENT),
            error(DiagnosisCode.SCALE_FACTOR, "embedding.weight", Proof.HINT),
            error(DiagnosisCode.VALUES_CORRUPTED, "embedding.weight", Proof.CONSISTENT),
            error(DiagnosisCode.UNEXPLAINED, "layers.0.k.weight", Proof.HINT),
            diagnosis(DiagnosisCode.DIMS_REVERSED, Severity.WARNING, "x", Proof.PROVEN),
            diagnosis(DiagnosisCode.NUMERICAL_NOISE, Severity.INFO, "x", Proof.PROVEN));
    for (long seed = 0; seed < 20; seed++) {
      List<Diagnosis> shuffled = new ArrayList<>(expected);
      java.util.Collections.shuffle(shuffled, new Random(seed));
      assertEquals(expected, DiagnosisOrder.sorted(shuffled), "seed " + seed);
    }
  }

  @Test
  void sizesOfTheWholeModelComeBeforeAllThatHasThem() {
    List<Diagnosis> expected =
        List.of(
            error(DiagnosisCode.CONFIG_MISMATCH, "num_layers", Proof.CONSISTENT),
            error(DiagnosisCode.SHAPE_MISMATCH, "embedding.weight", Proof.CONSISTENT),
            error(DiagnosisCode.CONFIG_MISMATCH, "rms_norm_eps", Proof.CONSISTENT));
    assertEquals(expected, DiagnosisOrder.sorted(expected.reversed()));
  }

  @Test
  void equalsStayInTheOrderOfTheForwardPass() {
    List<Diagnosis> found =
        List.of(
            error(DiagnosisCode.SIGN_FLIPPED, "layers.0.q.weight", Proof.PROVEN),
            error(DiagnosisCode.BYTE_ORDER, "layers.1.q.weight", Proof.PROVEN),
            error(DiagnosisCode.SIGN_FLIPPED, "layers.2.q.weight", Proof.PROVEN));
    assertEquals(found, DiagnosisOrder.sorted(found));
  }
}
