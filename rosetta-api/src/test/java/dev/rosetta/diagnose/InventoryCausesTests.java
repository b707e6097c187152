package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Side;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.testing.MemorySource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tensors that one side has beyond the other, or that nobody knows. */
final class InventoryCausesTests {
  private static final String BIAS = "model.layers.0.self_attn.q_proj.bias";

  private static MemorySource with(String name, float... values) {
    return Pairing.healthy().add(name, List.of((long) values.length), values);
  }

  private static float[] filled(int length, float value) {
    float[] values = new float[length];
    java.util.Arrays.fill(values, value);
    return values;
  }

  @Test
  void aBiasThatTheArchitectureDoesNotNeedIsUnexpectedAndBothReadingsAreGiven() {
    MemorySource more = with(BIAS, filled(32, 0.5f));
    for (Pairing pairing :
        List.of(Pairing.of(more, Pairing.healthy()), Pairing.of(Pairing.healthy(), more))) {
      List<Hypothesis> found = Diagnostician.hypotheses(pairing.facts());
      assertEquals(1, found.size());
      Diagnosis diagnosis = found.getFirst().diagnosis();
      assertEquals(DiagnosisCode.TENSOR_UNEXPECTED, diagnosis.code());
      assertEquals(Severity.ERROR, diagnosis.severity());
      assertEquals("layers.0.q.bias", diagnosis.subject());
      assertNull(diagnosis.side(), "the files do not tell which is wrong");
      assertTrue(diagnosis.message().contains("one too many"), diagnosis::message);
      assertTrue(diagnosis.message().contains("lost it"), diagnosis::message);
      assertEquals(1, found.getFirst().repairs().size());
    }
  }

  @Test
  void aBiasOfZerosChangesNothing() {
    Pairing pairing = Pairing.of(with(BIAS, filled(32, 0)), Pairing.healthy());
    Diagnosis diagnosis = pairing.diagnoses().getFirst();
    assertEquals(DiagnosisCode.TENSOR_UNEXPECTED, diagnosis.code());
    assertEquals(Severity.WARNING, diagnosis.severity());
    assertEquals(Side.A, diagnosis.side());
    TensorRole role = TensorRole.parse("layers.0.q.bias").orElseThrow();
    assertEquals(Status.OK, pairing.facts().weights().get(role).comparison().status());
  }

  @Test
  void aBiasThatTheArchitectureNeedsIsMissingEvenIfItIsZero() {
    MemorySource qwen =
        dev.rosetta.testing.TinyDecoder.of("qwen2", 11)
            .source(dev.rosetta.model.MetadataDialect.HUGGING_FACE);
    java.util.Arrays.fill(qwen.bytes(BIAS), (byte) 0);
    MemorySource without =
        dev.rosetta.testing.TinyDecoder.of("qwen2", 11)
            .source(dev.rosetta.model.MetadataDialect.HUGGING_FACE)
            .remove(BIAS);
    Diagnosis diagnosis = Pairing.of(qwen, without).diagnoses().getFirst();
    assertEquals(DiagnosisCode.BIAS_MISSING, diagnosis.code());
    assertEquals(Side.B, diagnosis.side());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "vision.patch.weight",
        "model.layers.0.self_attn.sinks",
        "model.layers.0.input_layernorm.bias",
      })
  void aTensorOfNoKnownRoleIsNamedOnItsSide(String name) {
    Diagnosis diagnosis = Pairing.of(Pairing.healthy(), with(name, 1, 2)).diagnoses().getFirst();
    assertEquals(DiagnosisCode.TENSOR_UNEXPECTED, diagnosis.code());
    assertEquals(Severity.WARNING, diagnosis.severity());
    assertEquals(name, diagnosis.subject());
    assertEquals(Side.B, diagnosis.side());
    assertEquals(List.of(name), diagnosis.evidence().get("tensors"));
  }

  @Test
  void unknownTensorsOfBothSidesAreSaidNotToHaveBeenCompared() {
    List<Diagnosis> found =
        Pairing.of(with("vision.patch.weight", 1), with("vision.patch.weight", 2)).diagnoses();
    assertEquals(1, found.size());
    assertNull(found.getFirst().side());
    assertTrue(found.getFirst().message().contains("not compared"));
  }

  @Test
  void namesThatBothSidesDoNotShareAreListedBothWays() {
    List<Diagnosis> found = Pairing.of(with("one.weight", 1), with("other.weight", 1)).diagnoses();
    assertEquals(List.of(Side.A, Side.B), found.stream().map(Diagnosis::side).toList());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "__training__.step",
        "model.layers.0.self_attn.rotary_emb.inv_freq",
        "model.rotary_emb.inv_freq",
        "rope.freqs",
      })
  void whatNoForwardPassReadsIsNotReported(String name) {
    assertEquals(List.of(), Pairing.of(with(name, 1, 2), Pairing.healthy()).diagnoses());
  }

  @Test
  void aMissingTensorUnderAnUnknownNameIsPointedOut() {
    MemorySource renamed =
        Pairing.healthy()
            .remove(Pairing.GATE)
            .add("model.layers.1.mlp.gateproj.weight", List.of(64L, 32L), Pairing.gate());
    List<Diagnosis> found = Pairing.of(renamed, Pairing.healthy()).diagnoses();
    assertEquals(DiagnosisCode.TENSOR_MISSING, found.getFirst().code());
    assertTrue(found.getFirst().message().contains("gateproj"), found.getFirst()::message);
    assertEquals(DiagnosisCode.TENSOR_UNEXPECTED, found.getLast().code());
  }

  @Test
  void frequencyFactorsThatOneSideLostAreMissing() {
    MemorySource factors = with("rope_freqs.weight", 1, 1, 4, 8);
    Diagnosis diagnosis = Pairing.of(factors, Pairing.healthy()).diagnoses().getFirst();
    assertEquals(DiagnosisCode.TENSOR_MISSING, diagnosis.code());
    assertEquals("rope_freqs.weight", diagnosis.subject());
    assertEquals(
        List.of(),
        Pairing.of(with("rope_freqs.weight", 1, 1, 1, 1), Pairing.healthy()).diagnoses());
  }

  @Test
  void scalingThatIsStatedInTwoWaysAndDiffersIsOneFault() {
    MemorySource parameters =
        Pairing.healthy()
            .state(
                "rope_scaling",
                MemorySource.object(
                    "rope_type",
                    "llama3",
                    "factor",
                    8.0,
                    "low_freq_factor",
                    1.0,
                    "high_freq_factor",
                    4.0,
                    "original_max_position_embeddings",
                    64L));
    MemorySource factors = with("rope_freqs.weight", 1, 1, 4, 9);
    for (Pairing pairing :
        List.of(Pairing.of(parameters, factors), Pairing.of(factors, parameters))) {
      List<Hypothesis> found = Diagnostician.hypotheses(pairing.facts());
      assertEquals(1, found.size());
      assertEquals(DiagnosisCode.CONFIG_MISMATCH, found.getFirst().diagnosis().code());
      assertEquals("rope_scaling", found.getFirst().diagnosis().subject());
      assertEquals(2, found.getFirst().repairs().size());
    }
  }
}
