package dev.rosetta.formats.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.gguf.GgufFormat;
import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.ElementCodecs;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("shared")
final class SharedSafeTensorsTests {
  private static final SafeTensorsFormat FORMAT = new SafeTensorsFormat();

  static float[] values(ModelSource source, TensorInfo tensor) {
    byte[] bytes = new byte[(int) tensor.byteSize()];
    source.read(tensor, 0, MemorySegment.ofArray(bytes), bytes.length);
    float[] values = new float[(int) tensor.elements()];
    ElementCodecs.load()
        .codec(tensor.type())
        .orElseThrow()
        .decode(bytes, 0, values, 0, values.length);
    return values;
  }

  @Test
  void theOfficialSamplesHoldTheirSixValues() {
    Map<String, ElementType> types =
        Map.of(
            "upper_B", ElementType.U8,
            "upper_H", ElementType.U16,
            "upper_I", ElementType.U32,
            "b", ElementType.I8,
            "d", ElementType.F64,
            "e", ElementType.F16,
            "f", ElementType.F32,
            "h", ElementType.I16,
            "i", ElementType.I32);
    Path samples = SharedData.path("real/formats/safetensors-samples");
    int checked = 0;
    try (ModelSource overall = FORMAT.open(samples.resolve("overall.safetensors"))) {
      assertEquals(types.size(), overall.tensors().size());
      for (Map.Entry<String, ElementType> sample : types.entrySet()) {
        try (ModelSource one = FORMAT.open(samples.resolve(sample.getKey() + ".safetensors"))) {
          TensorInfo tensor = one.tensors().getFirst();
          assertEquals(sample.getValue(), tensor.type());
          TensorInfo same =
              overall.tensors().stream()
                  .filter(t -> t.type() == sample.getValue())
                  .findFirst()
                  .orElseThrow();
          float[] values = values(one, tensor);
          assertEquals(6, values.length);
          for (int i = 0; i < 6; i++) {
            double expected = i - 3;
            if (sample.getKey().startsWith("upper") && expected < 0) {
              expected += Math.pow(2, 8 * tensor.type().blockBytes());
            }
            assertEquals((float) expected, values[i], sample.getKey());
            checked++;
          }
          assertArrayEquals(values, values(overall, same));
        }
      }
    }
    assertEquals(54, checked);
  }

  @Test
  void filesOfOtherToolsAreRead() {
    try (ModelSource source =
        FORMAT.open(SharedData.path("real/formats/ollama-minicpm3-fixture.safetensors"))) {
      assertEquals(15, source.tensors().size());
      assertTrue(source.tensors().stream().allMatch(t -> t.type() == ElementType.F32));
    }
    try (ModelSource source =
        FORMAT.open(SharedData.path("real/formats/ollama-lora-adapters.safetensors"))) {
      assertEquals("model.layers.30.self_attn.q_proj.lora_a", source.tensors().getFirst().name());
      assertEquals(List.of(4096L, 8L), source.tensors().getFirst().dims());
      assertTrue(source.notes().stream().noneMatch(n -> n.severity() == Severity.ERROR));
    }
  }

  @Test
  void everyModelDirectoryOpensCleanly() throws IOException {
    int opened = 0;
    try (Stream<Path> directories = Files.walk(SharedData.path("golden"), 2)) {
      for (Path directory :
          directories
              .filter(d -> String.valueOf(d.getFileName()).startsWith("safetensors_"))
              .toList()) {
        assertTrue(FORMAT.recognizes(FileBytes.head(directory)));
        try (ModelSource source = FORMAT.open(directory)) {
          assertTrue(source.tensors().size() > 10);
          assertTrue(source.notes().stream().allMatch(n -> n.severity() == Severity.INFO));
          Optional<Object> type = source.metadata().value("model_type");
          assertTrue(type.isPresent());
          opened++;
        }
      }
    }
    assertTrue(opened >= 7, opened + " directories");
  }

  @Test
  void valuesAreThoseOfTheGgufOfTheSameModel() {
    Map<String, String> twins =
        Map.of(
            "golden/llama_tiny/safetensors_f32", "golden/llama_tiny/f32/model.gguf",
            "golden/stories260k/safetensors_f32", "golden/stories260k/f32/model.gguf",
            "golden/qwen2_tiny/safetensors_bf16", "golden/qwen2_tiny/bf16/model.gguf",
            "golden/qwen3_tiny/safetensors_bf16", "golden/qwen3_tiny/bf16/model.gguf");
    twins.forEach(
        (safetensors, gguf) -> {
          int compared = 0;
          try (ModelSource a = FORMAT.open(SharedData.path(safetensors));
              ModelSource b = new GgufFormat().open(SharedData.path(gguf))) {
            for (TensorInfo tensor : a.tensors()) {
              Optional<TensorInfo> twin =
                  b.tensors().stream()
                      .filter(t -> t.name().equals(ggufName(tensor.name())))
                      .findFirst();
              if (twin.isPresent()) {
                assertEquals(tensor.dims(), twin.get().dims().reversed(), tensor.name());
                assertArrayEquals(values(a, tensor), values(b, twin.get()), tensor.name());
                compared++;
              }
            }
            assertTrue(compared >= 16, safetensors + ": " + compared);
          }
        });
  }

  /** The GGUF name of what a converter copies without permuting rows. */
  private static String ggufName(String name) {
    return name.replace("model.embed_tokens.", "token_embd.")
        .replace("model.norm.", "output_norm.")
        .replace("lm_head.", "output.")
        .replace("model.layers.", "blk.")
        .replace("input_layernorm", "attn_norm")
        .replace("post_attention_layernorm", "ffn_norm")
        .replace("self_attn.v_proj", "attn_v")
        .replace("self_attn.o_proj", "attn_output")
        .replace("mlp.gate_proj", "ffn_gate")
        .replace("mlp.up_proj", "ffn_up")
        .replace("mlp.down_proj", "ffn_down");
  }

  @Test
  void hostileFilesBehaveAsTheirKeySays() throws IOException {
    Path key = SharedData.path("hostile/KEY.json");
    List<?> entries = (List<?>) BoundedJson.parse(Files.readAllBytes(key), key, 0);
    assertNotNull(entries);
    int checked = 0;
    for (Object item : entries) {
      Map<String, ?> entry = BoundedJson.asObject(item);
      assertNotNull(entry);
      if (!"st".equals(entry.get("format"))) {
        continue;
      }
      Path file = key.resolveSibling(String.valueOf(entry.get("file")));
      boolean read = isReadWithoutError(file);
      switch (String.valueOf(entry.get("expect"))) {
        case "ok" -> assertTrue(read, file.toString());
        case "error" -> assertFalse(read, file.toString());
        default -> assertEquals("either", entry.get("expect"));
      }
      checked++;
    }
    assertTrue(checked >= 21, checked + " files");
  }

  private static boolean isReadWithoutError(Path file) throws IOException {
    if (!FORMAT.recognizes(FileBytes.head(file))) {
      return false;
    }
    try (ModelSource source = FORMAT.open(file)) {
      return source.notes().stream().noneMatch(note -> note.severity() == Severity.ERROR);
    } catch (ModelException e) {
      return false;
    }
  }
}
