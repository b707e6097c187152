package dev.rosetta.formats.huggingface;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.rosetta.formats.gguf.GgufFormat;
import dev.rosetta.formats.json.JsonMetadata;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.testing.SharedData;
import dev.rosetta.tokenizer.BosPolicy;
import dev.rosetta.tokenizer.SpecialTokens;
import dev.rosetta.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.core.io.JsonStringEncoder;

@Tag("shared")
final class SharedTokenizerTests {
  private static final String PRE_TOKENIZER =
      """
      {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll\
      |'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*\
      |\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"},"behavior":"Isolated","invert":false},
      {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}]}
      """;

  @TempDir Path dir;

  /** tokenizer.json as the transformers library saves it from vocab.json and merges.txt. */
  private Vocabulary qwen2(Vocabulary gguf) throws IOException {
    String vocab = Files.readString(SharedData.path("real/tokenizer-src/qwen2-vocab.json"));
    String merges;
    try (var lines = Files.lines(SharedData.path("real/tokenizer-src/qwen2-merges.txt"))) {
      merges =
          lines
              .filter(line -> !line.startsWith("#version") && !line.isEmpty())
              .map(line -> quoted(line))
              .collect(Collectors.joining(","));
    }
    List<String> added = new ArrayList<>();
    int[] types = gguf.types();
    assertNotNull(types);
    for (int id = 0; id < types.length; id++) {
      if (types[id] == 3 || types[id] == 4) {
        added.add(
            "{\"id\":%d,\"content\":%s,\"special\":%b}"
                .formatted(id, quoted(gguf.tokens().get(id)), types[id] == 3));
      }
    }
    Files.writeString(
        dir.resolve("tokenizer.json"),
        "{\"added_tokens\":[%s],\"normalizer\":{\"type\":\"NFC\"},\"pre_tokenizer\":%s,\"decoder\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"vocab\":%s,\"merges\":[%s]}}"
            .formatted(String.join(",", added), PRE_TOKENIZER, vocab, merges));
    Files.writeString(
        dir.resolve("tokenizer_config.json"),
        "{\"add_bos_token\":false,\"bos_token\":null,\"eos_token\":\"<|im_end|>\"}");
    return HuggingFaceTokenizer.read(
            new ModelDirectory(dir), new JsonMetadata(Map.of("bos_token_id", 151643L)))
        .orElseThrow();
  }

  private static String quoted(String text) {
    return '"' + String.valueOf(JsonStringEncoder.getInstance().quoteAsCharArray(text)) + '"';
  }

  @Test
  void theTokenizerOfQwen2IsThatOfItsGguf() throws IOException {
    try (ModelSource source =
        new GgufFormat().open(SharedData.path("real/vocab/ggml-vocab-qwen2.rebuilt.gguf"))) {
      Vocabulary gguf = source.vocabulary().orElseThrow();
      Vocabulary json = qwen2(gguf);
      assertEquals("gpt2", json.model());
      assertEquals("qwen2", json.preTokenizer());
      assertEquals(151_665, json.tokens().size());
      assertEquals(gguf.tokens().subList(0, 151_665), json.tokens());
      assertEquals(gguf.merges(), json.merges());
      assertEquals(-1, Arrays.mismatch(Arrays.copyOf(gguf.types(), 151_665), json.types()));
      assertEquals(OptionalInt.of(151_645), json.eos());
      assertEquals(OptionalInt.of(151_643), json.bos());

      Tokenizer tokenizer = Tokenizer.of(json, dir);
      String input =
          Files.readString(SharedData.path("real/vocab/ggml-vocab-qwen2.gguf.inp"), UTF_8);
      List<String> expected =
          Files.readAllLines(SharedData.path("real/vocab/ggml-vocab-qwen2.gguf.out"), UTF_8);
      String[] texts = input.split("\n__ggml_vocab_test__\n", -1);
      int checked = 0;
      for (int i = 0; i < expected.size(); i++) {
        String ids =
            Arrays.stream(tokenizer.encode(texts[i], SpecialTokens.AS_TEXT, BosPolicy.OFF))
                .mapToObj(String::valueOf)
                .collect(Collectors.joining(" "));
        assertEquals(expected.get(i).strip(), ids, "section " + i);
        checked++;
      }
      assertEquals(46, checked);
    }
  }
}
