package dev.rosetta.formats.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.gguf.GgufValue;
import dev.rosetta.formats.gguf.GgufWriter;
import dev.rosetta.formats.synth.ModelShape;
import dev.rosetta.formats.synth.SyntheticModel;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.spi.ModelFormats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model says of itself is understood, told or refused, and never passed over. */
final class StatedFactsTests {
  private static final ModelContent MODEL =
      SyntheticModel.of(ModelShape.tiny("llama").with("layers=1"), ElementMix.F32, 2);

  @TempDir Path folder;
  private Path directory;

  @BeforeEach
  void writeDirectory() {
    directory = folder.resolve("in");
    ModelFiles.write(directory, FileFormat.SAFETENSORS, MODEL);
  }

  private List<String> convert(Path input) {
    return Conversion.convert(input, folder.resolve("out.gguf"), FileFormat.GGUF, null);
  }

  private ErrorCode refusal(Path input, String named) {
    ModelException error = assertThrows(ModelException.class, () -> convert(input));
    assertTrue(String.valueOf(error.getMessage()).contains(named), error::getMessage);
    assertFalse(Files.exists(folder.resolve("out.gguf")));
    return error.code();
  }

  /** Replaces a field of config.json, or adds it. */
  private void state(String key, String json) throws IOException {
    Path config = directory.resolve("config.json");
    String text = Files.readString(config).replaceFirst("\"" + key + "\":[^,}]*,?", "");
    Files.writeString(config, "{\"" + key + "\":" + json + "," + text.substring(1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "num_attention_heads | 0",
        "num_attention_heads | \"4\"",
        "num_attention_heads | 2147483648",
        "num_key_value_heads | 0",
        "num_key_value_heads | 3",
        "head_dim | 63",
        "head_dim | -64",
        "num_hidden_layers | 1e3",
        "num_hidden_layers | 9223372036854775807",
        "hidden_size | []",
        "rope_theta | 0",
        "rope_theta | \"10000\"",
        "rms_norm_eps | -1",
        "max_position_embeddings | \"4096\"",
        "max_position_embeddings | -1",
        "tie_word_embeddings | \"false\"",
        "sliding_window | \"all\"",
        "use_sliding_window | 1",
        "rope_scaling | \"linear\"",
        "rope_scaling | {\"type\":\"linear\",\"factor\":\"2\"}",
        "rope_scaling | {\"type\":\"linear\",\"factor\":0}",
      })
  void aValueOfTheWrongKindIsRefused(String key, String json) throws IOException {
    state(key, json);
    assertEquals(ErrorCode.MALFORMED, refusal(directory, ""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "partial_rotary_factor | 0.5",
        "rope_scaling | {\"type\":\"dynamic\"}",
        "rope_scaling | {\"rope_type\":\"longrope\"}",
        "model_type | \"gpt2\"",
      })
  void whatNoOutputCouldSayIsRefused(String key, String json) throws IOException {
    state(key, json);
    assertEquals(ErrorCode.UNSUPPORTED_ARCHITECTURE, refusal(directory, ""));
  }

  @Test
  void aVocabularySizeOtherThanTheEmbeddingsIsTold() throws IOException {
    state("vocab_size", "100");
    List<String> notes = convert(directory);
    assertTrue(notes.getFirst().startsWith("vocab_size is 100"), notes::toString);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "1.0"})
  void aHeadThatIsRotatedAsAWholeMaySaySo(String factor) throws IOException {
    state("partial_rotary_factor", factor);
    assertEquals(List.of(), convert(directory));
  }

  @Test
  void fieldsOfAScalingThatGgufLacksAreTold() throws IOException {
    state(
        "rope_scaling",
        "{\"rope_type\":\"yarn\",\"factor\":4.0,\"beta_fast\":32,"
            + "\"original_max_position_embeddings\":2048}");
    List<String> notes = convert(directory);
    assertEquals(List.of("of the rotary scaling: beta_fast"), notes);
  }

  @ParameterizedTest
  @ValueSource(longs = {32, 65})
  void aHeadThatIsRotatedInPartIsRefused(long rotated) {
    Path gguf = folder.resolve("in.gguf");
    ModelFiles.write(gguf, FileFormat.GGUF, MODEL);
    SequencedMap<String, GgufValue> metadata = GgufMetadataOf.content(MODEL);
    metadata.put("llama.rope.dimension_count", GgufValue.u32(rotated));
    Path changed = folder.resolve("changed.gguf");
    try (ModelSource source = ModelFormats.load().open(gguf)) {
      GgufWriter.write(
          changed,
          metadata,
          source.tensors().stream()
              .map(t -> TensorEntry.copyOf(t.name(), source, t, t.dims().reversed()))
              .toList());
    }
    assertEquals(ErrorCode.UNSUPPORTED_ARCHITECTURE, refusal(changed, rotated + " of 64"));
  }

  /** A quantised bias has no element that could change its place with another. */
  @Test
  void aQuantisedBiasIsDecodedBeforeItsElementsAreMoved() {
    ModelContent qwen =
        SyntheticModel.of(ModelShape.tiny("qwen2").with("layers=1"), ElementMix.F32, 2);
    Recoding recoding = new Recoding();
    List<RoleTensor> tensors = new ArrayList<>(qwen.tensors());
    tensors.replaceAll(t -> t.role().bias() ? recoding.recode(t, ElementType.Q8_0) : t);
    Path gguf = folder.resolve("bias.gguf");
    ModelFiles.write(
        gguf,
        FileFormat.GGUF,
        new ModelContent(qwen.facts(), qwen.vocabulary(), null, tensors, List.of()));
    try (ModelSource source = ModelFormats.load().open(gguf)) {
      RoleTensor bias =
          ModelReader.read(source).content().tensors().stream()
              .filter(t -> t.role().bias())
              .findFirst()
              .orElseThrow();
      assertEquals(ElementType.F32, bias.type());
    }
  }
}
