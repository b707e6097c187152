package dev.rosetta.formats.convert;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.gguf.GgufFormat;
import dev.rosetta.formats.gguf.GgufValue;
import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.spi.ModelFormats;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What another converter made of published models: its keys, its values and the names of its
 * tensors. The weights are not at hand: they are holes of a sparse file here, so the hashes of
 * tensors cannot be checked, those of the tokenizer can.
 */
@Tag("shared")
class ReferenceConversionTests {
  /** Keys that converters choose freely, or that state a default. */
  private static final Set<String> NOT_COMPARED =
      Set.of(
          "general.file_type", // of the element types, which are BF16 here
          "general.parameter_count",
          "general.quantization_version",
          "tokenizer.ggml.add_padding_token",
          "tokenizer.ggml.scores"); // byte-level BPE has none

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "ollama-convert-Qwen2.5-0.5B-Instruct.json, Qwen2ForCausalLM, qwen2, true, 1e-6",
    "ollama-convert-Meta-Llama-3-8B-Instruct.json, LlamaForCausalLM, llama, false, 1e-5",
    "ollama-convert-Mistral-7B-Instruct-v0.2.json, MistralForCausalLM, mistral, false, 1e-5",
  })
  void keysAndNamesAreThoseOfTheOtherConverter(
      String file, String architecture, String type, boolean tied, String eps) throws IOException {
    Map<String, ?> reference = reference(file);
    String prefix = reference.get("general.architecture") + ".";
    Set<String> tensors = new TreeSet<>();
    Map<String, Object> keys = new LinkedHashMap<>();
    reference.forEach(
        (key, value) -> {
          if (key.endsWith(".weight") || key.endsWith(".bias")) {
            tensors.add(key);
          } else if (!NOT_COMPARED.contains(key) && !key.startsWith("tokenizer.")) {
            keys.put(key, value);
          }
        });
    long hidden = size(reference, prefix + "embedding_length");
    long heads = size(reference, prefix + "attention.head_count");
    long kv = size(reference, prefix + "attention.head_count_kv");
    long ffn = size(reference, prefix + "feed_forward_length");
    Object theta = reference.get(prefix + "rope.freq_base");
    String config =
        """
        {"architectures":["%s"],"model_type":"%s","hidden_size":%d,"num_hidden_layers":%d,
         "num_attention_heads":%d,"num_key_value_heads":%d,"intermediate_size":%d,
         "vocab_size":%d,"max_position_embeddings":%d,"rms_norm_eps":%s%s,
         "tie_word_embeddings":%b,"hidden_act":"silu","torch_dtype":"bfloat16"}\
        """
            .formatted(
                architecture,
                type,
                hidden,
                size(reference, prefix + "block_count"),
                heads,
                kv,
                ffn,
                vocab(reference, prefix),
                size(reference, prefix + "context_length"),
                eps,
                theta == null ? "" : ",\"rope_theta\":" + theta,
                tied);
    Files.writeString(folder.resolve("config.json"), config);
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    for (String tensor : tensors) {
      long[] sizes = {hidden, hidden / heads * kv, ffn, vocab(reference, prefix)};
      shapes.put(huggingFaceName(tensor), shape(tensor, sizes));
    }
    sparse(shapes);
    try (ModelSource source = ModelFormats.load().open(folder)) {
      ModelContent content = ModelReader.read(source).content();
      assertEquals(
          tensors,
          content.tensors().stream()
              .map(tensor -> RoleNames.gguf(tensor.role()))
              .collect(Collectors.toCollection(TreeSet::new)));
      SequencedMap<String, GgufValue> ours = GgufMetadataOf.content(content);
      keys.forEach(
          (key, value) -> {
            GgufValue own = ours.get(key);
            assertNotNull(own, () -> key + " is missing in " + ours.keySet());
            assertEquals(number(value), number(own.value()), key);
          });
    }
  }

  /** The names and shapes of the published Qwen2-0.5B, listed by others. */
  @Test
  void everyTensorOfQwen2HasAPlace() throws IOException {
    Map<String, ?> graph = reference("ollama-modeltest-qwen2.json");
    Set<String> names = new TreeSet<>();
    for (Object item : (List<?>) graph.get("graph")) {
      Map<String, ?> tensor = BoundedJson.asObject(item);
      assertNotNull(tensor);
      names.add(RoleNames.role((String) tensor.get("name")).map(RoleNames::gguf).orElse("no role"));
    }
    Set<String> expected =
        reference("ollama-convert-Qwen2.5-0.5B-Instruct.json").keySet().stream()
            .filter(key -> key.endsWith(".weight") || key.endsWith(".bias"))
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(expected, names);
  }

  /** Hashes of the tokens and merges as JSON, which the other converter pinned. */
  @ParameterizedTest
  @CsvSource({
    "ggml-vocab-llama-bpe.rebuilt.gguf, ollama-convert-Meta-Llama-3-8B-Instruct.json, true",
    // Its unused tokens have other names there.
    "ggml-vocab-qwen2.rebuilt.gguf, ollama-convert-Qwen2.5-0.5B-Instruct.json, false",
  })
  void tokenizersHaveThePinnedHashes(String vocab, String file, boolean tokens) throws IOException {
    Map<String, ?> reference = reference(file);
    try (ModelSource source = new GgufFormat().open(SharedData.path("real/vocab/" + vocab))) {
      Vocabulary vocabulary = source.vocabulary().orElseThrow();
      assertEquals(reference.get("tokenizer.ggml.merges"), sha256(vocabulary.merges()));
      if (tokens) {
        assertEquals(reference.get("tokenizer.ggml.tokens"), sha256(vocabulary.tokens()));
      }
    }
  }

  private static Map<String, ?> reference(String file) throws IOException {
    Path path = SharedData.path("real/reference-json/" + file);
    return BoundedJson.parseObject(Files.readAllBytes(path), path, 0);
  }

  private static long vocab(Map<String, ?> reference, String prefix) {
    boolean stated = reference.containsKey(prefix + "vocab_size");
    return stated ? size(reference, prefix + "vocab_size") : 151_936;
  }

  private static long size(Map<String, ?> reference, String key) {
    return Long.parseLong(String.valueOf(reference.get(key)));
  }

  private static Object number(Object value) {
    String text = String.valueOf(value);
    return text.matches("-?[0-9.]+([eE][-+]?[0-9]+)?") ? (Object) Float.parseFloat(text) : text;
  }

  private static String huggingFaceName(String gguf) {
    return gguf.replace("token_embd.", "model.embed_tokens.")
        .replace("output_norm.", "model.norm.")
        .replaceFirst("^output\\.", "lm_head.")
        .replace("blk.", "model.layers.")
        .replace("attn_norm", "input_layernorm")
        .replace("ffn_norm", "post_attention_layernorm")
        .replace("attn_output", "self_attn.o_proj")
        .replaceAll("attn_([qkv])\\.", "self_attn.$1_proj.")
        .replaceAll("ffn_(gate|up|down)\\.", "mlp.$1_proj.");
  }

  /**
   * @param sizes hidden, rows of K and V, feed-forward, vocabulary
   */
  private static List<Long> shape(String gguf, long[] sizes) {
    long rows =
        gguf.contains("attn_k.") || gguf.contains("attn_v.")
            ? sizes[1]
            : gguf.contains("ffn_gate") || gguf.contains("ffn_up")
                ? sizes[2]
                : gguf.startsWith("token_embd") || gguf.startsWith("output.") ? sizes[3] : sizes[0];
    if (gguf.contains("norm") || gguf.endsWith(".bias")) {
      return List.of(rows);
    }
    return List.of(rows, gguf.contains("ffn_down") ? sizes[2] : sizes[0]);
  }

  /** A SafeTensors file whose data is one hole. */
  private void sparse(Map<String, List<Long>> shapes) throws IOException {
    List<String> entries = new ArrayList<>();
    long end = 0;
    for (Map.Entry<String, List<Long>> tensor : shapes.entrySet()) {
      long size = tensor.getValue().stream().reduce(2L, Math::multiplyExact);
      entries.add(
          "\"%s\":{\"dtype\":\"BF16\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
              .formatted(tensor.getKey(), tensor.getValue(), end, end + size));
      end += size;
    }
    byte[] header = ("{" + String.join(",", entries) + "}").getBytes(UTF_8);
    Path file = folder.resolve("model.safetensors");
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array());
      out.write(header);
      out.setLength(8 + header.length + end);
    }
    assertTrue(Files.size(file) > end);
  }

  /** Of the JSON that Go's encoder makes of a list of texts. */
  private static String sha256(List<String> texts) {
    StringBuilder json = new StringBuilder("[");
    for (String text : texts) {
      json.append(json.length() == 1 ? "" : ",").append('"');
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        switch (c) {
          case '"', '\\' -> json.append('\\').append(c);
          case '\n' -> json.append("\\n");
          case '\r' -> json.append("\\r");
          case '\t' -> json.append("\\t");
          case '\b' -> json.append("\\b");
          case '\f' -> json.append("\\f");
          case '<', '>', '&', '\u2028', '\u2029' -> json.append("\\u%04x".formatted((int) c));
          default -> json.append(c < ' ' ? "\\u%04x".formatted((int) c) : String.valueOf(c));
        }
      }
      json.append('"');
    }
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(json.append("]").toString().getBytes(UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
