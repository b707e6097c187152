package dev.rosetta.normalize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue.Origin;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.RopeScaling;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import dev.rosetta.testing.TinyDecoder.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Checkpoints that hold a decoder under other names, inside a larger model, or in another order.
 */
final class SpecialReadingTests {
  private static final MetadataDialect HF = MetadataDialect.HUGGING_FACE;

  private static Model model(MemorySource source) {
    return Normalizer.normalize(source, MemorySource.codecs());
  }

  /** {@code tiny} as a Hugging Face checkpoint with other names. */
  private static MemorySource renamed(TinyDecoder tiny, UnaryOperator<String> name) {
    MemorySource source = new MemorySource(HF);
    tiny.config().forEach(source::state);
    tiny.tensors().forEach((n, t) -> source.add(name.apply(n), t.dims(), t.values()));
    return source;
  }

  /** The same with the config in {@code key}, of a model of several parts. */
  private static MemorySource nested(
      TinyDecoder tiny, String type, String key, Map<String, Object> changes) {
    MemorySource source = renamed(tiny, name -> "language_model." + name);
    tiny.config().keySet().forEach(source::forget);
    Map<String, Object> config = new LinkedHashMap<>(tiny.config());
    config.putAll(changes);
    config.values().removeIf(""::equals);
    return source.state("model_type", type).state(key, config);
  }

  private static void assertSameWeights(Model expected, Model actual) {
    assertEquals(expected.weights().keySet(), actual.weights().keySet());
    expected
        .weights()
        .forEach(
            (role, weight) ->
                assertArrayEquals(
                    weight.decodeAll(), actual.weight(role).orElseThrow().decodeAll(), role + ""));
    assertEquals(List.of(), actual.findings());
    assertEquals(List.of(), actual.unused());
  }

  private static List<String> codes(Model model) {
    return model.notes().stream().map(SourceNote::code).toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"_orig_mod.", "base_model.model.", "module.", "transformer.", "module._orig_mod."})
  void aWrapperInFrontOfEveryNameIsLookedThroughAndNoted(String wrapper) {
    TinyDecoder tiny = TinyDecoder.of("qwen2", 3);
    Model wrapped = model(renamed(tiny, name -> wrapper + name));
    assertSameWeights(model(tiny.source(HF)), wrapped);
    assertEquals(List.of("NAMES_WRAPPED"), codes(wrapped));
    assertEquals(Severity.INFO, wrapped.notes().getFirst().severity());
    assertTrue(
        wrapped
            .notes()
            .getFirst()
            .message()
            .startsWith("the names of " + tiny.tensors().size() + " tensors are read without"));
    assertEquals(List.of(), model(tiny.source(HF)).notes());
  }

  @Test
  void aWrappedTensorBesideItsOwnIsTwoOfOneRole() {
    TinyDecoder tiny = TinyDecoder.of("llama", 3);
    Tensor norm = tiny.tensors().get("model.norm.weight");
    Model model =
        model(tiny.source(HF).add("_orig_mod.model.norm.weight", norm.dims(), norm.values()));
    assertEquals(
        List.of(DiagnosisCode.TENSOR_DUPLICATED),
        model.findings().stream().map(Finding::code).toList());
  }

  @ParameterizedTest
  @CsvSource({
    "llava, text_config, llama",
    "mistral3, text_config, mistral",
    "internvl_chat, llm_config, qwen2",
    "qwen2_5_vl, text_config, qwen2_5_vl_text",
    "qwen3_vl, text_config, qwen3_vl_text",
  })
  void theLanguagePartOfALargerModelIsReadByItsOwnConfig(String type, String key, String inner) {
    String family = inner.startsWith("qwen") ? inner.substring(0, 5) : "llama";
    TinyDecoder tiny = TinyDecoder.of(family, 3);
    MemorySource source = nested(tiny, type, key, Map.of("model_type", inner));
    source.add("vision_tower.encoder.layers.0.self_attn.q_proj.weight", List.of(1L), 1);
    source.add("model.visual.blocks.0.norm1.weight", List.of(1L), 1);
    Model model = model(source);
    assertSameWeights(model(tiny.source(HF)), model);
    assertEquals(family, model.config().architecture());
    assertEquals(key + "/rope_theta", model.config().field(ConfigField.ROPE_THETA).detail());
    assertEquals(List.of("NAMES_WRAPPED", "LANGUAGE_PART"), codes(model));
    assertEquals(
        "the language part of '"
            + type
            + "' is read by its "
            + key
            + "; 2 tensors of the other parts are left out:"
            + " vision_tower.encoder.layers.0.self_attn.q_proj.weight,"
            + " model.visual.blocks.0.norm1.weight",
        model.notes().getLast().message());
  }

  @Test
  void whatIsNeitherOfTheDecoderNorOfAnotherPartStaysUnknown() {
    TinyDecoder tiny = TinyDecoder.of("llama", 3);
    MemorySource source = nested(tiny, "llava", "text_config", Map.of());
    source.add("language_model.model.layers.0.extra.weight", List.of(1L), 1);
    assertEquals(1, model(source).unused().size());
    assertEquals(
        List.of("vision_tower.x.weight"),
        model(tiny.source(HF).add("vision_tower.x.weight", List.of(1L), 1)).unused().stream()
            .map(t -> t.name())
            .toList(),
        "a plain decoder has no other parts");
  }

  @Test
  void aLanguagePartThatIsNotRunIsRefusedWithBothTypes() {
    TinyDecoder tiny = TinyDecoder.of("llama", 3);
    MemorySource source =
        nested(tiny, "mllama", "text_config", Map.of("model_type", "mllama_text_model"));
    ModelException error = assertThrows(ModelException.class, () -> model(source));
    assertEquals(ErrorCode.UNSUPPORTED_ARCHITECTURE, error.code());
    assertTrue(
        error
            .getMessage()
            .contains("text_config/model_type is 'mllama_text_model', inside 'mllama'"),
        error.getMessage());
  }

  @Test
  void theHeadOfALargerModelMayBeTiedByItsOwnConfig() {
    TinyDecoder tiny = TinyDecoder.of("llama", 3);
    MemorySource source =
        nested(tiny, "llava", "text_config", Map.of("tie_word_embeddings", ""))
            .state("tie_word_embeddings", true);
    assertTrue(model(source).config().tiedEmbeddings());
  }

  @Test
  void headsThatALanguagePartDoesNotStateAreThoseOfItsConfigClass() {
    MemorySource source = new MemorySource(HF).state("model_type", "llava");
    source.state("text_config", Map.of("model_type", "llama", "rms_norm_eps", 1e-5));
    long hidden = 64;
    source.add("language_model.model.embed_tokens.weight", List.of(3L, hidden), new float[192]);
    source.add("language_model.model.norm.weight", List.of(hidden), new float[64]);
    String layer = "language_model.model.layers.0.";
    for (String name : List.of("self_attn.q_proj", "self_attn.k_proj")) {
      source.add(layer + name + ".weight", List.of(hidden, hidden), new float[4096]);
    }
    source.add(layer + "mlp.gate_proj.weight", List.of(8L, hidden), new float[512]);
    Model model = model(source);
    assertEquals(32, model.config().heads());
    assertEquals(2, model.config().headDim());
    assertEquals(32, model.config().kvHeads());
    assertEquals(Origin.DEFAULT, model.config().field(ConfigField.NUM_HEADS).origin());
  }

  @Test
  void positionsOfImagesAreThoseOfTextWhereThereIsTextOnly() {
    TinyDecoder tiny = TinyDecoder.of("qwen2", 3);
    MemorySource source = renamed(tiny, name -> name).state("model_type", "qwen2_5_vl");
    source.state(
        "rope_scaling",
        MemorySource.object("type", "mrope", "mrope_section", List.of(16L, 24L, 24L)));
    source.add("visual.blocks.0.attn.qkv.weight", List.of(1L), 1);
    Model model = model(source);
    assertEquals("qwen2", model.config().architecture());
    assertEquals(RopeScaling.NONE, model.config().ropeScaling());
    assertEquals(List.of(), model.unused());
    assertEquals(List.of("LANGUAGE_PART"), codes(model));
  }

  /** Meta's names; its code rotates adjacent pairs, so that rows lie as in GGUF. */
  @Test
  void theOriginalReleaseHasItsOwnNamesAndRowOrder() {
    TinyDecoder tiny = TinyDecoder.of("llama", 3);
    Map<String, String> modules =
        Map.of(
            "token_embd", "tok_embeddings",
            "output_norm", "norm",
            "attn_q", "attention.wq",
            "attn_k", "attention.wk",
            "attn_v", "attention.wv",
            "attn_output", "attention.wo",
            "attn_norm", "attention_norm",
            "ffn_gate", "feed_forward.w1",
            "ffn_down", "feed_forward.w2",
            "ffn_up", "feed_forward.w3");
    MemorySource source = new MemorySource(HF);
    tiny.ggufTensors()
        .forEach(
            (name, tensor) -> {
              String stem = name.replaceFirst("^blk\\.\\d+\\.", "").replaceFirst("\\.weight$", "");
              String layer = name.startsWith("blk.") ? "layers." + name.split("\\.")[1] + "." : "";
              source.add(
                  layer + modules.getOrDefault(stem, stem) + ".weight",
                  tensor.dims(),
                  tensor.values());
            });
    source.state("dim", 32L).state("n_layers", 2L).state("n_heads", 4L).state("n_kv_heads", 2L);
    source.state("norm_eps", 1e-5).state("rope_theta", 1e4);
    Model model = model(source);
    assertSameWeights(model(tiny.source(HF)), model);
    assertEquals(List.of("ORIGINAL_ROW_ORDER"), codes(model));
    assertEquals("llama", model.config().architecture());
    assertEquals(1e-5, model.config().rmsNormEps());
    assertFalse(
        model(renamed(tiny, name -> name.replace("self_attn.q_proj", "attention.wq")))
            .notes()
            .stream()
            .anyMatch(note -> note.code().equals("ORIGINAL_ROW_ORDER")),
        "behind 'model.' the rows are split halves");
  }

  @Test
  void emptyTensorsAreOneFindingThatNamesTheirOrigin() {
    TinyDecoder tiny = TinyDecoder.of("llama", 3);
    MemorySource source = new MemorySource(HF);
    tiny.config().forEach(source::state);
    tiny.tensors().keySet().forEach(name -> source.add(name, List.of(0L)));
    Model model = model(source);
    assertEquals(1, model.findings().size(), model.findings().toString());
    Finding finding = model.findings().getFirst();
    assertEquals(DiagnosisCode.SHAPE_MISMATCH, finding.code());
    assertEquals("embedding.weight", finding.subject());
    assertTrue(
        finding
            .message()
            .startsWith(
                "'model.embed_tokens.weight' is empty, of shape [0], and so are "
                    + (tiny.tensors().size() - 1)
                    + " more weights"),
        finding.message());
    assertTrue(finding.message().contains("ZeRO-3"), finding.message());
  }
}
