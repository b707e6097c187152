package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Side;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.Severity;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import dev.rosetta.testing.TinyDecoder.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** What one mistake did to a whole file is one diagnosis. */
final class WholeFileTests {
  private static final TinyDecoder LLAMA = TinyDecoder.of("llama", 11);

  /** Changes every tensor that {@code affected} selects by name. */
  private static MemorySource changed(
      Predicate<String> affected, java.util.function.UnaryOperator<Tensor> change) {
    Map<String, Tensor> tensors = new LinkedHashMap<>(LLAMA.tensors());
    tensors.replaceAll((name, tensor) -> affected.test(name) ? change.apply(tensor) : tensor);
    return new TinyDecoder("llama", tensors).source(MetadataDialect.HUGGING_FACE);
  }

  private static Tensor transposed(Tensor tensor) {
    int rows = tensor.dims().getFirst().intValue();
    int columns = tensor.dims().getLast().intValue();
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i % columns * rows + i / columns] = tensor.values()[i];
    }
    return new Tensor(tensor.dims().reversed(), values);
  }

  private static List<Diagnosis> errors(MemorySource a, MemorySource b) {
    return Pairing.of(a, b).diagnoses().stream()
        .filter(d -> d.severity() == Severity.ERROR)
        .toList();
  }

  private static boolean isMatrix(String name) {
    return LLAMA.tensors().get(name).dims().size() == 2;
  }

  @Test
  void everyMatrixTransposedIsOneDiagnosisThatNamesThemAllAndTheSide() {
    MemorySource wrong = changed(WholeFileTests::isMatrix, WholeFileTests::transposed);
    for (Side side : Side.values()) {
      List<Diagnosis> found =
          side == Side.A ? errors(wrong, Pairing.healthy()) : errors(Pairing.healthy(), wrong);
      assertEquals(1, found.size(), found::toString);
      Diagnosis one = found.getFirst();
      assertEquals(DiagnosisCode.WEIGHT_TRANSPOSED, one.code());
      assertEquals(side, one.side(), "the dims of matrices that are not square tell");
      assertNull(one.layer());
      assertEquals("embedding.weight", one.subject());
      assertEquals(16, ((List<?>) one.evidence().get("tensors")).size());
    }
  }

  @Test
  void aTransposeOfOneLayerIsNotOfTheWholeFile() {
    List<Diagnosis> found =
        errors(
            changed(
                name -> isMatrix(name) && name.contains(".layers.0.mlp."),
                WholeFileTests::transposed),
            Pairing.healthy());
    assertEquals(3, found.size());
    assertTrue(found.stream().allMatch(d -> d.layer() != null && d.layer() == 0));
  }

  @Test
  void allNormsOffByOneAreOneDiagnosisTheFinalOneIncluded() {
    MemorySource wrong =
        changed(
            name -> !isMatrix(name),
            tensor -> {
              float[] values = tensor.values().clone();
              for (int i = 0; i < values.length; i++) {
                values[i] += 1;
              }
              return new Tensor(tensor.dims(), values);
            });
    List<Diagnosis> found = errors(wrong, Pairing.healthy());
    assertEquals(1, found.size(), found::toString);
    assertEquals(DiagnosisCode.NORM_OFFSET, found.getFirst().code());
    assertEquals(5, ((List<?>) found.getFirst().evidence().get("tensors")).size());
  }

  @Test
  void qAndKOfEveryLayerInTheOtherOrderMayAsWellBeTheRopeStyle() {
    MemorySource gguf = LLAMA.source(MetadataDialect.GGUF);
    MemorySource wrong = Pairing.healthy();
    for (int layer = 0; layer < TinyDecoder.LAYERS; layer++) {
      for (String part : List.of("q", "k")) {
        byte[] interleaved = gguf.bytes("blk." + layer + ".attn_" + part + ".weight");
        byte[] target =
            wrong.bytes("model.layers." + layer + ".self_attn." + part + "_proj.weight");
        System.arraycopy(interleaved, 0, target, 0, target.length);
      }
    }
    List<Diagnosis> found = errors(wrong, Pairing.healthy());
    assertEquals(1, found.size(), found::toString);
    assertEquals(DiagnosisCode.QK_PERMUTED, found.getFirst().code());
    assertEquals("rope_style", found.getFirst().evidence().get("alternative"));
    assertNull(found.getFirst().side());
  }

  @Test
  void unrelatedModelsAreOneDiagnosisHoweverManyMatricesTheyHave() {
    MemorySource other = TinyDecoder.of("llama", 12).source(MetadataDialect.HUGGING_FACE);
    List<Diagnosis> found = errors(other, Pairing.healthy());
    assertEquals(DiagnosisCode.DIFFERENT_CHECKPOINT, found.getFirst().code());
    assertEquals(1, found.size(), found::toString);
  }

  @Test
  void aSearchGoesOnWhereSomethingWasExplained() {
    MemorySource other = TinyDecoder.of("llama", 12).source(MetadataDialect.HUGGING_FACE);
    float[] rows = Pairing.gate();
    for (int row = 0; row < 64; row++) {
      System.arraycopy(Pairing.gate(), (63 - row) * 32, rows, row * 32, 32);
    }
    System.arraycopy(MemorySource.floats(rows), 0, other.bytes(Pairing.GATE), 0, 4 * rows.length);
    for (String part : List.of("q", "k", "v", "o")) {
      String name = "model.layers.0.self_attn." + part + "_proj.weight";
      float[] scaled = LLAMA.tensors().get(name).values().clone();
      for (int i = 0; i < scaled.length; i++) {
        scaled[i] *= 3;
      }
      System.arraycopy(MemorySource.floats(scaled), 0, other.bytes(name), 0, 4 * scaled.length);
    }
    List<Diagnosis> found = errors(other, Pairing.healthy());
    assertTrue(
        found.stream()
            .anyMatch(
                d ->
                    d.code() == DiagnosisCode.ROWS_PERMUTED
                        && "layers.1.ffn_gate.weight".equals(d.subject())),
        found::toString);
  }
}
