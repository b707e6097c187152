package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Proof;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Verdict;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.quant.ElementEncoder;
import dev.rosetta.model.ElementType;
import dev.rosetta.testing.TinyDecoder;
import dev.rosetta.testing.TinyDecoder.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pairs whose values two causes seem to fit, of which one is right. */
final class LikelierCauseTests {
  private static final String HEAD = "lm_head.weight";
  private static final String EMBEDDING = "model.embed_tokens.weight";

  @TempDir Path folder;
  private TinyFiles files;

  @BeforeEach
  void prepare() {
    files = new TinyFiles(folder);
  }

  private static List<Diagnosis> diagnoses(Path a, Path b) {
    ComparisonReport report =
        RosettaComparator.create()
            .compare(ComparisonRequest.of(a, b).withThreads(2).withTokens(List.of(3, 1, 4, 1, 5)));
    assertEquals(Verdict.DIVERGED, report.verdict());
    return report.diagnoses();
  }

  private static Tensor rolled(Tensor tensor, int rows) {
    int count = tensor.values().length;
    int shift = rows * tensor.dims().getLast().intValue();
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[(i + shift) % count] = tensor.values()[i];
    }
    return new Tensor(tensor.dims(), values);
  }

  @Test
  void aWrittenCopyOfAWrongEmbeddingIsNoDuplicatedHead() {
    TinyDecoder tied = TinyDecoder.of("qwen2", 5);
    Map<String, Tensor> tensors = new LinkedHashMap<>(tied.tensors());
    tensors.put(EMBEDDING, rolled(tensors.get(EMBEDDING), 1));
    tensors.put(HEAD, tensors.get(EMBEDDING));
    List<Diagnosis> found = diagnoses(files.apr("wrong", tied, tensors), files.gguf("right", tied));
    assertEquals("embedding.weight", found.getFirst().subject(), found::toString);
    assertTrue(
        found.stream().noneMatch(d -> d.code() == DiagnosisCode.TENSOR_DUPLICATED),
        found::toString);
  }

  @Test
  void aHeadInAnotherOrderIsThatThoughTheOtherSidesHeadRepeatsItsEmbedding() {
    TinyDecoder llama = TinyDecoder.of("llama", 5);
    Map<String, Tensor> right = new LinkedHashMap<>(llama.tensors());
    right.put(HEAD, right.get(EMBEDDING));
    Map<String, Tensor> wrong = new LinkedHashMap<>(right);
    wrong.put(HEAD, rolled(right.get(HEAD), 7));
    List<Diagnosis> found =
        diagnoses(files.apr("wrong", llama, wrong), files.apr("right", llama, right));
    assertTrue(
        List.of(DiagnosisCode.ROWS_PERMUTED, DiagnosisCode.DATA_SHIFTED)
            .contains(found.getFirst().code()),
        found::toString);
    assertEquals(Proof.PROVEN, found.getFirst().proof());
  }

  @Test
  void aHeadOverwrittenByTheEmbeddingIsDuplicated() {
    TinyDecoder llama = TinyDecoder.of("llama", 5);
    Map<String, Tensor> wrong = new LinkedHashMap<>(llama.tensors());
    wrong.put(HEAD, wrong.get(EMBEDDING));
    List<Diagnosis> found = diagnoses(files.apr("wrong", llama, wrong), files.gguf("right", llama));
    assertEquals(DiagnosisCode.TENSOR_DUPLICATED, found.getFirst().code(), found::toString);
  }

  @Test
  void aNormOfOnesIsNoLabelOfAnIntegerType() {
    TinyDecoder llama = TinyDecoder.of("llama", 5);
    String norm = "model.layers.1.input_layernorm.weight";
    Map<String, Tensor> wrong = new LinkedHashMap<>(llama.tensors());
    float[] ones = new float[TinyDecoder.HIDDEN];
    Arrays.fill(ones, 1);
    wrong.put(norm, new Tensor(List.of((long) TinyDecoder.HIDDEN), ones));
    List<Diagnosis> found = diagnoses(files.gguf("right", llama), files.apr("wrong", llama, wrong));
    assertEquals("layers.1.attn_norm.weight", found.getFirst().subject());
    assertNotEquals(DiagnosisCode.DTYPE_CONFUSED, found.getFirst().code(), found::toString);
    assertNotEquals(Proof.PROVEN, found.getFirst().proof(), found::toString);
  }

  private static byte[] quantised(Tensor tensor) {
    float[] values = tensor.values();
    byte[] bytes = new byte[(int) ElementType.Q4_0.byteSize(values.length)];
    ElementEncoder.of(ElementType.Q4_0).orElseThrow().encode(values, 0, values.length, bytes, 0);
    return bytes;
  }

  @Test
  void aTailThatWasNeverWrittenIsZeroThoughItBeginsInsideABlock() {
    TinyDecoder llama = TinyDecoder.of("llama", 5);
    List<TensorEntry> right = new ArrayList<>(TinyFiles.entries(llama.ggufTensors()));
    List<TensorEntry> wrong = new ArrayList<>(right);
    for (int i = 0; i < right.size(); i++) {
      TensorEntry entry = right.get(i);
      if (entry.name().equals("blk.1.ffn_up.weight")) {
        byte[] whole = quantised(llama.ggufTensors().get(entry.name()));
        byte[] cut = whole.clone();
        Arrays.fill(cut, 21 * 18 + 11, cut.length, (byte) 0);
        right.set(i, TensorEntry.of(entry.name(), ElementType.Q4_0, entry.dims(), whole));
        wrong.set(i, TensorEntry.of(entry.name(), ElementType.Q4_0, entry.dims(), cut));
      }
    }
    List<Diagnosis> found =
        diagnoses(
            files.gguf("wrong", llama, wrong, Map.of()),
            files.gguf("right", llama, right, Map.of()));
    assertEquals(DiagnosisCode.ZEROED_REGION, found.getFirst().code(), found::toString);
    assertEquals("layers.1.ffn_up.weight", found.getFirst().subject());
  }
}
