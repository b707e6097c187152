package dev.rosetta.formats.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.synth.ModelShape;
import dev.rosetta.formats.synth.SyntheticModel;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every APR file that is written is one that aprender and realizar accept alike: checked byte by
 * byte, without the reader.
 */
class WrittenAprTests {
  /** Fields of which a file may use one spelling: a second makes realizar drop all metadata. */
  private static final List<List<String>> SPELLINGS =
      List.of(
          List.of("hidden_size", "hidden_dim", "d_model", "n_embd"),
          List.of("num_layers", "num_hidden_layers", "n_layers", "n_layer"),
          List.of("num_heads", "num_attention_heads", "n_heads", "n_head"),
          List.of("num_kv_heads", "num_key_value_heads", "n_kv_heads"),
          List.of("vocab_size", "n_vocab"),
          List.of("intermediate_size", "ffn_dim", "intermediate_dim", "n_inner"),
          List.of("max_position_embeddings", "max_seq_len", "context_length", "n_ctx"),
          List.of("rms_norm_eps", "layer_norm_eps", "norm_eps"));

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "llama, F32, false",
    "llama, Q4_K_M, true",
    "qwen2, F16, true",
    "qwen2, Q8_0, false",
    "qwen3, BF16, true",
    "qwen3, Q6_K, false",
  })
  void syntheticModels(String architecture, ElementMix mix, boolean tied) throws IOException {
    Path file = folder.resolve("made.apr");
    ModelShape shape = ModelShape.tiny(architecture).with("layers=1,vocab=259").withTied(tied);
    ModelFiles.write(file, FileFormat.APR, SyntheticModel.of(shape, mix, 5));
    check(Files.readAllBytes(file));
  }

  static List<Path> goldens() throws IOException {
    Path golden = SharedData.locate().map(data -> data.resolve("golden")).orElse(null);
    if (golden == null) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(golden)) {
      return files
          .filter(file -> file.toString().matches(".*\\.gguf|.*safetensors_\\w+"))
          .filter(file -> !file.toString().matches(".*-0000[2-9]-of-.*"))
          .sorted()
          .toList();
    }
  }

  @Tag("shared")
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("goldens")
  void convertedModels(Path golden) throws IOException {
    Path file = folder.resolve("converted.apr");
    Conversion.convert(golden, file, FileFormat.APR, null);
    check(Files.readAllBytes(file));
  }

  private static void check(byte[] bytes) {
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals("APR\0", text(bytes, 0, 4));
    assertEquals(0x0002, file.getShort(4), "version 2.0");
    assertEquals(0x0400, file.getShort(6), "flags");
    assertEquals(64, file.getLong(12));
    int metadataLength = file.getInt(20);
    int indexOffset = Math.toIntExact(file.getLong(24));
    int dataOffset = Math.toIntExact(file.getLong(32));
    assertEquals(0, indexOffset % 64);
    assertEquals(0, dataOffset % 64);
    byte[] header = Arrays.copyOf(bytes, 64);
    byte[] checked = new byte[60];
    System.arraycopy(header, 0, checked, 0, 40);
    System.arraycopy(header, 44, checked, 40, 20);
    assertEquals(crc(checked, 60), file.getInt(40), "header checksum");
    assertEquals(crc(bytes, bytes.length - 4), file.getInt(bytes.length - 4), "footer checksum");
    checkMetadata(Arrays.copyOfRange(bytes, 64, 64 + metadataLength));
    checkIndex(file.position(indexOffset), file.getInt(8), dataOffset);
  }

  private static void checkMetadata(byte[] json) {
    Map<String, ?> metadata = BoundedJson.parseObject(json, Path.of("metadata"), 0);
    assertFalse(new String(json, StandardCharsets.UTF_8).contains("\n"), "compact");
    assertFalse(metadata.containsValue(null), metadata.keySet()::toString);
    for (List<String> group : SPELLINGS) {
      List<String> used = group.stream().filter(metadata::containsKey).toList();
      assertTrue(used.size() <= 1, used::toString);
      assertTrue(used.isEmpty() || used.equals(group.subList(0, 1)), used::toString);
    }
    for (String key :
        List.of(
            "architecture",
            "hidden_size",
            "num_layers",
            "num_heads",
            "num_kv_heads",
            "intermediate_size",
            "vocab_size",
            "rope_type",
            "rope_theta",
            "rms_norm_eps",
            "head_dim")) {
      assertTrue(metadata.containsKey(key), key);
    }
  }

  private static void checkIndex(ByteBuffer index, int count, int dataOffset) {
    byte[] bytes = index.array();
    Map<String, long[]> dims = new TreeMap<>();
    String previous = "";
    long end = dataOffset;
    for (int i = 0; i < count; i++) {
      int length = index.getShort() & 0xffff;
      assertTrue(length > 0 && length <= 256);
      String name = text(bytes, index.position(), length);
      index.position(index.position() + length);
      assertTrue(previous.compareTo(name) < 0, previous + " before " + name);
      previous = name;
      index.get();
      long[] shape = new long[index.get()];
      for (int d = 0; d < shape.length; d++) {
        shape[d] = index.getLong();
      }
      dims.put(name, shape);
      long offset = dataOffset + index.getLong();
      long size = index.getLong();
      assertEquals(0, offset % 64, name);
      assertTrue(offset >= end && offset - end < 64, name + " leaves a hole");
      end = offset + size;
    }
    assertTrue(bytes.length - 4 - end >= 0 && bytes.length - 4 - end < 64, "tail");
    assertTrue(dims.containsKey("lm_head.weight"), dims.keySet()::toString);
    long[] embedding = dims.get("model.embed_tokens.weight");
    long[] head = dims.get("lm_head.weight");
    assertEquals(embedding[1], head[1]);
    assertEquals(dims.get("model.norm.weight")[0], embedding[1]);
    assertEquals(embedding[1], dims.get("model.layers.0.mlp.up_proj.weight")[1], "[out, in]");
    assertEquals(embedding[1], dims.get("model.layers.0.mlp.down_proj.weight")[0], "[out, in]");
  }

  private static String text(byte[] bytes, int from, int length) {
    return new String(bytes, from, length, StandardCharsets.UTF_8);
  }

  private static int crc(byte[] bytes, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
