package dev.rosetta.formats.apr;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.rosetta.formats.gguf.GgufFormat;
import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.safetensors.SafeTensorsFormat;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.ElementCodecs;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** APR files that an independent writer made of the golden models. */
@Tag("shared")
class GoldenAprTests {
  private static final ElementCodecs CODECS = ElementCodecs.load();

  /** Hugging Face names to GGUF's, without layer prefixes. */
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("model.embed_tokens.", "token_embd."),
          Map.entry("lm_head.", "output."),
          Map.entry("model.norm.", "output_norm."),
          Map.entry("self_attn.q_proj.", "attn_q."),
          Map.entry("self_attn.k_proj.", "attn_k."),
          Map.entry("self_attn.v_proj.", "attn_v."),
          Map.entry("self_attn.o_proj.", "attn_output."),
          Map.entry("self_attn.q_norm.", "attn_q_norm."),
          Map.entry("self_attn.k_norm.", "attn_k_norm."),
          Map.entry("input_layernorm.", "attn_norm."),
          Map.entry("post_attention_layernorm.", "ffn_norm."),
          Map.entry("mlp.gate_proj.", "ffn_gate."),
          Map.entry("mlp.up_proj.", "ffn_up."),
          Map.entry("mlp.down_proj.", "ffn_down."));

  static Stream<Path> files() throws IOException {
    Path folder = SharedData.path("golden-apr");
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(path -> path.toString().endsWith(".apr")).sorted().toList().stream();
    }
  }

  static Stream<Arguments> twins() throws IOException {
    Path path = SharedData.path("golden-apr/MANIFEST.json");
    Map<String, ?> files =
        Objects.requireNonNull(
            BoundedJson.asObject(
                BoundedJson.parseObject(Files.readAllBytes(path), path, 0).get("files")));
    return files.entrySet().stream()
        .map(
            entry ->
                Arguments.of(
                    entry.getKey(),
                    Objects.requireNonNull(BoundedJson.asObject(entry.getValue())).get("source")));
  }

  @ParameterizedTest
  @MethodSource("files")
  void opensWithTensorsAndTokenizerAndNothingOdd(Path path) {
    try (ModelSource source = new AprFormat().open(path)) {
      assertFalse(source.tensors().isEmpty());
      assertEquals(
          List.of(),
          source.notes().stream().filter(note -> note.severity() != Severity.INFO).toList());
      source.vocabulary();
    }
  }

  @ParameterizedTest
  @MethodSource("twins")
  void holdsTheValuesOfTheModelItWasMadeOf(String file, String original) {
    Path from = SharedData.path(original);
    try (ModelSource apr = new AprFormat().open(SharedData.path("golden-apr/" + file));
        ModelSource source =
            original.endsWith(".gguf")
                ? new GgufFormat().open(from)
                : new SafeTensorsFormat().open(from)) {
      Map<String, TensorInfo> originals = new HashMap<>();
      source.tensors().forEach(tensor -> originals.put(tensor.name(), tensor));
      for (TensorInfo tensor : apr.tensors()) {
        TensorInfo twin =
            original.endsWith(".gguf")
                ? twin(originals, ggufName(tensor.name()), "token_embd.weight")
                : twin(originals, tensor.name(), "model.embed_tokens.weight");
        if (twin.type() == tensor.type()) {
          assertArrayEquals(bytes(source, twin), bytes(apr, tensor), tensor.name());
        }
        assertArrayEquals(values(source, twin), values(apr, tensor), tensor.name());
      }
    }
  }

  /** A tied head is written out as a copy of the embedding. */
  private static TensorInfo twin(Map<String, TensorInfo> tensors, String name, String embedding) {
    TensorInfo twin = tensors.get(name);
    boolean head = name.equals("output.weight") || name.equals("lm_head.weight");
    return Objects.requireNonNull(twin == null && head ? tensors.get(embedding) : twin, name);
  }

  private static String ggufName(String name) {
    String layered = name.replaceFirst("^model\\.layers\\.(\\d+)\\.", "blk.$1.");
    for (Map.Entry<String, String> entry : NAMES.entrySet()) {
      String renamed =
          layered.replaceFirst("(^|\\.)" + quoted(entry.getKey()), "$1" + entry.getValue());
      if (!renamed.equals(layered)) {
        return renamed;
      }
    }
    return layered;
  }

  private static String quoted(String name) {
    return java.util.regex.Pattern.quote(name);
  }

  private static byte[] bytes(ModelSource source, TensorInfo tensor) {
    byte[] bytes = new byte[Math.toIntExact(tensor.byteSize())];
    source.read(tensor, 0, MemorySegment.ofArray(bytes), bytes.length);
    return bytes;
  }

  private static float[] values(ModelSource source, TensorInfo tensor) {
    float[] values = new float[Math.toIntExact(tensor.elements())];
    assertFalse(tensor.type() == ElementType.APR_Q8, "no golden has this type");
    byte[] blocks = new byte[Math.toIntExact(tensor.byteSize())];
    source.read(tensor, 0, MemorySegment.ofArray(blocks), blocks.length);
    CODECS.codec(tensor.type()).orElseThrow().decode(blocks, 0, values, 0, values.length);
    return values;
  }
}
