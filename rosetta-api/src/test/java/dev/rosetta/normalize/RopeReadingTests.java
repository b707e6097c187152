package dev.rosetta.normalize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.RopeScaling;
import dev.rosetta.model.RopeStyle;
import dev.rosetta.model.Severity;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RopeReadingTests {
  private static MemorySource source(String family, MetadataDialect dialect) {
    return TinyDecoder.of(family, 1).source(dialect);
  }

  private static Model model(MemorySource source) {
    return Normalizer.normalize(source, MemorySource.codecs());
  }

  private static RopeScaling scaling(MemorySource source) {
    return (RopeScaling) model(source).config().field(ConfigField.ROPE_SCALING).value();
  }

  private static RopeScaling huggingFace(Object... keysAndValues) {
    return scaling(
        source("llama", MetadataDialect.HUGGING_FACE)
            .state("rope_scaling", MemorySource.object(keysAndValues)));
  }

  private static MemorySource gguf() {
    return source("llama", MetadataDialect.GGUF);
  }

  /** An APR file with the names and the row order of GGUF. */
  private static MemorySource importedFromGguf(String family) {
    TinyDecoder tiny = TinyDecoder.of(family, 1);
    MemorySource source = new MemorySource(MetadataDialect.APR);
    tiny.aprMetadata().forEach(source::state);
    tiny.ggufTensors().forEach((name, t) -> source.add(name, t.dims(), t.values()));
    return source;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "qwen3"})
  void ggufAndHuggingFaceRotateSplitHalvesOfCanonicalRows(String family) {
    for (MetadataDialect dialect : List.of(MetadataDialect.GGUF, MetadataDialect.HUGGING_FACE)) {
      assertEquals(RopeStyle.HALF_SPLIT, model(source(family, dialect)).config().ropeStyle());
    }
  }

  @ParameterizedTest
  @CsvSource({
    // GGUF rows with adjacent pairs are canonical rows with split halves.
    "llama, gguf, 0, HALF_SPLIT",
    "llama, gguf, 2, INTERLEAVED",
    // Rows in half-split order cannot have been meant for adjacent pairs.
    "llama, hf, 0, HALF_SPLIT",
    "llama, hf, 2, HALF_SPLIT",
    "qwen2, gguf, 2, HALF_SPLIT",
    "qwen2, hf, 2, HALF_SPLIT",
    "qwen2, hf, 0, INTERLEAVED",
    "qwen3, hf, 0, HALF_SPLIT",
    "qwen3, gguf, 2, HALF_SPLIT",
  })
  void aprStatesAStyleThatBelongsToItsRows(
      String family, String names, long ropeType, RopeStyle style) {
    MemorySource source =
        names.equals("gguf") ? importedFromGguf(family) : source(family, MetadataDialect.APR);
    assertEquals(style, model(source.state("rope_type", ropeType)).config().ropeStyle());
  }

  @Test
  void aHabitOfImportersIsNotedAndNoFault() {
    for (String family : List.of("llama", "qwen3")) {
      Model model = model(source(family, MetadataDialect.APR).state("rope_type", 0L));
      assertEquals(1, model.findings().size(), family);
      assertEquals(Severity.INFO, model.findings().getFirst().severity());
      assertEquals("rope_style", model.findings().getFirst().subject());
    }
  }

  @Test
  void aStyleThatDoesNotExistIsRefused() {
    for (Object type : List.of(1L, 3L, "neox", 2.0)) {
      ModelException e =
          assertThrows(
              ModelException.class,
              () -> model(source("llama", MetadataDialect.APR).state("rope_type", type)));
      assertEquals(ErrorCode.MALFORMED, e.code());
    }
  }

  @Test
  void noScalingIsStatedInManyWays() {
    assertEquals(RopeScaling.NONE, scaling(gguf()));
    assertEquals(RopeScaling.NONE, scaling(gguf().state("llama.rope.scaling.type", "none")));
    assertEquals(RopeScaling.NONE, huggingFace("rope_type", "default"));
    assertEquals(RopeScaling.NONE, huggingFace("rope_type", "default", "factor", 8.0));
  }

  @Test
  void linearScalingHasTheSameReadingEverywhere() {
    RopeScaling four = RopeScaling.linear(4);
    assertEquals(four, huggingFace("type", "linear", "factor", 4.0));
    assertEquals(four, huggingFace("rope_type", "linear", "factor", 4L));
    assertEquals(
        four,
        scaling(
            gguf()
                .state("llama.rope.scaling.type", "linear")
                .state("llama.rope.scaling.factor", 4.0)));
    // ggml takes a factor without a type for linear scaling; older files call it scale_linear.
    assertEquals(four, scaling(gguf().state("llama.rope.scaling.factor", 4.0)));
    assertEquals(four, scaling(gguf().state("llama.rope.scale_linear", 4.0)));
  }

  @Test
  void llama3AndYarnTakeTheirParameters() {
    RopeScaling llama3 =
        huggingFace(
            "rope_type", "llama3",
            "factor", 32.0,
            "low_freq_factor", 1.0,
            "high_freq_factor", 4.0,
            "original_max_position_embeddings", 8192L);
    assertEquals(
        new RopeScaling(RopeScaling.Kind.LLAMA3, 32, 8192, 1, 4, 0, 0, Double.NaN), llama3);
    RopeScaling yarn =
        huggingFace("type", "yarn", "factor", 4.0, "original_max_position_embeddings", 32768L);
    assertEquals(new RopeScaling(RopeScaling.Kind.YARN, 4, 32768, 0, 0, 32, 1, Double.NaN), yarn);
    assertEquals(
        yarn,
        scaling(
            gguf()
                .state("llama.rope.scaling.type", "yarn")
                .state("llama.rope.scaling.factor", 4.0)
                .state("llama.rope.scaling.original_context_length", 32768L)));
    assertEquals(
        yarn,
        scaling(
            source("llama", MetadataDialect.APR)
                .state(
                    "hf_config",
                    Map.of(
                        "rope_scaling",
                        MemorySource.object(
                            "type",
                            "yarn",
                            "factor",
                            4.0,
                            "original_max_position_embeddings",
                            32768L)))));
  }

  @Test
  void scalingThatIsNotKnownIsRefused() {
    for (String type : List.of("longrope", "dynamic", "mrope", "")) {
      ModelException e =
          assertThrows(ModelException.class, () -> huggingFace("rope_type", type, "factor", 2.0));
      assertEquals(ErrorCode.UNSUPPORTED_ARCHITECTURE, e.code());
      assertEquals(
          ErrorCode.UNSUPPORTED_ARCHITECTURE,
          assertThrows(
                  ModelException.class,
                  () -> scaling(gguf().state("llama.rope.scaling.type", type)))
              .code());
    }
  }

  @Test
  void scalingParametersMustMakeSense() {
    for (double factor : List.of(0.0, -1.0, Double.NaN, Double.POSITIVE_INFINITY)) {
      assertMalformed("rope_type", "linear", "factor", factor);
    }
    assertMalformed("rope_type", "yarn", "factor", 4.0);
    assertMalformed("rope_type", "llama3", "factor", 8.0, "original_max_position_embeddings", 0L);
    assertMalformed(
        "rope_type", "llama3", "factor", 8.0, "low_freq_factor", 4.0, "high_freq_factor", 4.0);
    assertMalformed("rope_type", "linear", "factor", "four");
    ModelException e =
        assertThrows(
            ModelException.class,
            () ->
                scaling(
                    source("llama", MetadataDialect.HUGGING_FACE).state("rope_scaling", "yarn")));
    assertEquals(ErrorCode.MALFORMED, e.code());
  }

  private static void assertMalformed(Object... keysAndValues) {
    ModelException e = assertThrows(ModelException.class, () -> huggingFace(keysAndValues));
    assertEquals(ErrorCode.MALFORMED, e.code(), e.getMessage());
  }
}
