package dev.rosetta.normalize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import dev.rosetta.testing.TinyDecoder.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NormalizerTests {
  private static final MetadataDialect GGUF = MetadataDialect.GGUF;
  private static final MetadataDialect HF = MetadataDialect.HUGGING_FACE;
  private static final String ATTENTION = "model.layers.1.self_attn.";

  private static Model model(MemorySource source) {
    return Normalizer.normalize(source, MemorySource.codecs());
  }

  private static Weight weight(Model model, String role) {
    return model.weight(TensorRole.parse(role).orElseThrow()).orElseThrow();
  }

  private static void assertFinding(
      Model model, DiagnosisCode code, Severity severity, String subject) {
    assertTrue(
        model.findings().stream()
            .anyMatch(
                f -> f.code() == code && f.severity() == severity && f.subject().equals(subject)),
        () -> code + " " + subject + " is not among " + model.findings());
  }

  private static float[] joined(TinyDecoder tiny, String suffix, String... modules) {
    float[] all = new float[0];
    for (String module : modules) {
      float[] part = tiny.tensors().get("model.layers.1." + module + suffix).values();
      all = Arrays.copyOf(all, all.length + part.length);
      System.arraycopy(part, 0, all, all.length - part.length, part.length);
    }
    return all;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "qwen3"})
  void everyDialectHasTheSameCanonicalValues(String family) {
    TinyDecoder tiny = TinyDecoder.of(family, 3);
    Model reference = model(tiny.source(HF));
    for (MetadataDialect dialect : MetadataDialect.values()) {
      Model model = model(tiny.source(dialect));
      assertEquals(reference.weights().keySet(), model.weights().keySet());
      reference
          .weights()
          .forEach(
              (role, weight) ->
                  assertArrayEquals(
                      weight.decodeAll(), weight(model, role.toString()).decodeAll(), role + ""));
    }
    Tensor q = tiny.tensors().get(ATTENTION + "q_proj.weight");
    assertArrayEquals(q.values(), weight(reference, "layers.1.q.weight").decodeAll());
  }

  @Test
  void rowsOfLlamaInGgufAreStoredInAnotherOrder() {
    Weight q = weight(model(TinyDecoder.of("llama", 3).source(GGUF)), "layers.0.q.weight");
    assertFalse(q.isInStoredOrder());
    assertEquals(List.of(0, 2, 4, 6, 1, 3, 5, 7, 8), List.of(at(q, 0, 1, 2, 3, 4, 5, 6, 7, 8)));
    assertTrue(
        weight(model(TinyDecoder.of("qwen2", 3).source(GGUF)), "layers.0.q.weight")
            .isInStoredOrder());
  }

  private static Integer[] at(Weight weight, int... rows) {
    return Arrays.stream(rows).map(weight::storedRow).boxed().toArray(Integer[]::new);
  }

  @Test
  void aLlamaBiasFollowsTheRowsOfItsWeight() {
    TinyDecoder tiny = TinyDecoder.of("llama", 3);
    int q = TinyDecoder.HEADS * tiny.headDim();
    float[] canonical = new float[q];
    float[] stored = new float[q];
    for (int i = 0; i < q; i++) {
      canonical[i] = i;
      int half = tiny.headDim() / 2;
      int inHead = i % tiny.headDim();
      stored[i - inHead + (inHead < half ? 2 * inHead : 2 * (inHead - half) + 1)] = i;
    }
    Model model = model(tiny.source(GGUF).add("blk.0.attn_q.bias", List.of((long) q), stored));
    assertArrayEquals(canonical, weight(model, "layers.0.q.bias").decodeAll());
  }

  @Test
  void reversedDimsAreNotedAndTheDataIsReadAsItLies() {
    TinyDecoder tiny = TinyDecoder.of("llama", 3);
    MemorySource source = tiny.source(HF);
    String name = "model.layers.1.mlp.down_proj.weight";
    Tensor down = tiny.tensors().get(name);
    source.remove(name).add(name, down.dims().reversed(), down.values());
    Model model = model(source);
    assertFinding(model, DiagnosisCode.DIMS_REVERSED, Severity.WARNING, "layers.1.ffn_down.weight");
    assertEquals(1, model.findings().size());
    Weight weight = weight(model, "layers.1.ffn_down.weight");
    assertEquals(TinyDecoder.HIDDEN, weight.rows());
    assertArrayEquals(down.values(), weight.decodeAll());
  }

  @Test
  void aShapeThatFitsNeitherWayIsAFindingAndNoWeight() {
    TinyDecoder tiny = TinyDecoder.of("llama", 3);
    String name = "model.layers.1.mlp.down_proj.weight";
    MemorySource source = tiny.source(HF).remove(name);
    source.add(name, List.of(32L, 63L), new float[32 * 63]);
    Model model = model(source);
    assertFinding(model, DiagnosisCode.SHAPE_MISMATCH, Severity.ERROR, "layers.1.ffn_down.weight");
    assertEquals(1, model.findings().size(), "it is not reported as missing too");
    assertFalse(model.weights().containsKey(TensorRole.parse("layers.1.ffn_down.weight").get()));
  }

  @Test
  void everyRequiredRoleIsMissedWhenItIsAbsent() {
    for (String family : List.of("llama", "qwen2", "qwen3")) {
      TinyDecoder tiny = TinyDecoder.of(family, 3);
      for (String name : tiny.tensors().keySet()) {
        if (name.equals("model.embed_tokens.weight") || name.equals("model.norm.weight")) {
          continue;
        }
        Model model = model(tiny.source(HF).remove(name));
        assertFinding(
            model,
            DiagnosisCode.TENSOR_MISSING,
            Severity.ERROR,
            Normalizer.role(name).orElseThrow().toString());
      }
    }
  }

  @Test
  void twoTensorsOfOneRoleAreAFinding() {
    TinyDecoder tiny = TinyDecoder.of("llama", 3);
    Model model =
        model(tiny.source(HF).add("norm.weight", List.of(32L), new float[TinyDecoder.HIDDEN]));
    assertFinding(model, DiagnosisCode.TENSOR_DUPLICATED, Severity.ERROR, "final_norm.weight");
    assertArrayEquals(
        tiny.tensors().get("model.norm.weight").values(),
        weight(model, "final_norm.weight").decodeAll());
  }

  @Test
  void damagedTensorsAreLeftOutAndTensorsWithoutARoleAreListed() {
    String name = "model.layers.0.mlp.up_proj.weight";
    Model model =
        model(
            TinyDecoder.of("llama", 3)
                .source(HF)
                .damage(name)
                .add("vision.patch.weight", List.of(1L), 1));
    assertFalse(model.weights().containsKey(TensorRole.parse("layers.0.ffn_up.weight").get()));
    assertEquals(
        List.of("vision.patch.weight"), model.unused().stream().map(t -> t.name()).toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2"})
  void fusedTensorsAreTheirParts(String family) {
    TinyDecoder tiny = TinyDecoder.of(family, 3);
    MemorySource source = tiny.source(HF);
    String[] attention = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"};
    String[] gates = {"mlp.gate_proj", "mlp.up_proj"};
    for (String module : attention) {
      source.remove("model.layers.1." + module + ".weight");
      source.remove("model.layers.1." + module + ".bias");
    }
    for (String module : gates) {
      source.remove("model.layers.1." + module + ".weight");
    }
    long rows = (TinyDecoder.HEADS + 2L * TinyDecoder.KV_HEADS) * tiny.headDim();
    source.add(
        ATTENTION + "qkv_proj.weight", List.of(rows, 32L), joined(tiny, ".weight", attention));
    source.add(
        "model.layers.1.mlp.gate_up_proj.weight",
        List.of(2L * TinyDecoder.FFN, 32L),
        joined(tiny, ".weight", gates));
    if (family.equals("qwen2")) {
      source.add(ATTENTION + "qkv_proj.bias", List.of(rows), joined(tiny, ".bias", attention));
    }
    Model fused = model(source);
    assertEquals(List.of(), fused.findings());
    Model separate = model(tiny.source(HF));
    assertEquals(separate.weights().keySet(), fused.weights().keySet());
    separate
        .weights()
        .forEach(
            (role, weight) ->
                assertArrayEquals(
                    weight.decodeAll(), weight(fused, role.toString()).decodeAll(), role + ""));
    assertEquals(TinyDecoder.HEADS * tiny.headDim(), weight(fused, "layers.1.k.weight").firstRow());
  }

  @Test
  void aFusedBiasOfATypeThatCannotBeDecodedIsNoCrash() {
    TinyDecoder tiny = TinyDecoder.of("qwen2", 3);
    MemorySource source = tiny.source(HF);
    for (String letter : List.of("q", "k", "v")) {
      source.remove(ATTENTION + letter + "_proj.bias");
    }
    long rows = (TinyDecoder.HEADS + 2L * TinyDecoder.KV_HEADS) * tiny.headDim();
    source.add(
        ATTENTION + "qkv_proj.bias",
        dev.rosetta.model.ElementType.I8,
        List.of(rows),
        1,
        new byte[(int) rows]);
    assertFalse(weight(model(source), "layers.1.q.bias").isReadable());
  }

  @Test
  void theHeadIsTheEmbeddingOnlyWhereItIsTied() {
    Model tied = model(TinyDecoder.of("qwen2", 3).source(HF));
    assertEquals("embedding.weight", tied.head().orElseThrow().role().toString());
    Model untied = model(TinyDecoder.of("llama", 3).source(HF));
    assertEquals("output.weight", untied.head().orElseThrow().role().toString());
  }

  @Test
  void interleavedRowsAreAPermutationWithinHeads() {
    for (int headDim : List.of(2, 4, 6, 8, 128)) {
      int[] order = RowConvention.interleaved(3 * headDim, headDim);
      assertEquals(3L * headDim, Arrays.stream(order).distinct().count());
      for (int row = 0; row < order.length; row++) {
        assertEquals(row / headDim, order[row] / headDim);
      }
    }
  }
}
