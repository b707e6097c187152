package dev.rosetta.formats.huggingface;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.json.JsonMetadata;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HuggingFaceTokenizerTests {
  private static final String BYTE_LEVEL =
      """
      {"added_tokens": [
         {"id": 4, "content": "<|end|>", "special": true},
         {"id": 5, "content": "<tool>", "special": false}],
       "normalizer": {"type": "NFC"},
       "pre_tokenizer": %s,
       "post_processor": {"type": "ByteLevel"},
       "decoder": {"type": "ByteLevel"},
       "model": {"type": "BPE", "unk_token": null,
         "vocab": {"a": 0, "b": 1, "\\u0120": 2, "ab": 3},
         "merges": ["a b", "\\u0120 ab"]}}
      """;

  private static final String GPT2 = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false}";

  private static final String LLAMA =
      """
      {"added_tokens": [
         {"id": 0, "content": "<unk>", "special": true},
         {"id": 1, "content": "<s>", "special": true},
         {"id": 2, "content": "</s>", "special": true},
         {"id": 9, "content": "<pad>", "special": true}],
       "normalizer": {"type": "Sequence", "normalizers": [
         {"type": "Prepend", "prepend": "\\u2581"},
         {"type": "Replace", "pattern": {"String": " "}, "content": "\\u2581"}]},
       "pre_tokenizer": null,
       "post_processor": {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                    {"Sequence": {"id": "A", "type_id": 0}}]},
       "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}]},
       "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true,
         "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "<0x00>": 3, "<0xFF>": 4, "\\u2581": 5,
                   "a": 6, "\\u2581a": 7},
         "merges": [["\\u2581", "a"]]}}
      """;

  @TempDir Path dir;

  private Optional<Vocabulary> read(String tokenizer, String config, Map<String, ?> modelConfig) {
    try {
      Files.writeString(dir.resolve("tokenizer.json"), tokenizer);
      Files.writeString(dir.resolve("tokenizer_config.json"), config);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return HuggingFaceTokenizer.read(new ModelDirectory(dir), new JsonMetadata(modelConfig));
  }

  private Vocabulary read(String tokenizer) {
    return read(tokenizer, "{}", Map.of()).orElseThrow();
  }

  private ErrorCode refusal(String tokenizer) {
    return assertThrows(ModelException.class, () -> read(tokenizer)).code();
  }

  @Test
  void aDirectoryWithoutAFileHasNone() {
    assertEquals(
        Optional.empty(),
        HuggingFaceTokenizer.read(new ModelDirectory(dir), new JsonMetadata(Map.of())));
  }

  @Test
  void byteLevelBpeIsGpt2() {
    Vocabulary vocabulary = read(BYTE_LEVEL.formatted(GPT2));
    assertEquals("gpt2", vocabulary.model());
    assertEquals("gpt-2", vocabulary.preTokenizer());
    assertEquals(List.of("a", "b", "\u0120", "ab", "<|end|>", "<tool>"), vocabulary.tokens());
    assertArrayEquals(new int[] {1, 1, 1, 1, 3, 4}, vocabulary.types());
    assertEquals(List.of("a b", "\u0120 ab"), vocabulary.merges());
    assertNull(vocabulary.scores());
    assertNull(vocabulary.addSpacePrefix());
    assertEquals(OptionalInt.empty(), vocabulary.bos());
    assertEquals(false, vocabulary.addBos());
  }

  @Test
  void bpeWithByteFallbackIsLlama() {
    Vocabulary vocabulary = read(LLAMA, "{\"bos_token\": \"<s>\"}", Map.of()).orElseThrow();
    assertEquals("llama", vocabulary.model());
    assertNull(vocabulary.preTokenizer());
    assertNull(vocabulary.scores());
    assertEquals(List.of("\u2581 a"), vocabulary.merges());
    assertArrayEquals(new int[] {2, 3, 3, 6, 6, 1, 1, 1, 5, 3}, vocabulary.types());
    assertEquals("[PAD8]", vocabulary.tokens().get(8));
    assertEquals("<pad>", vocabulary.tokens().get(9));
    assertEquals(OptionalInt.of(1), vocabulary.bos());
    assertEquals(OptionalInt.of(0), vocabulary.unknown());
    assertEquals(true, vocabulary.addBos());
    assertEquals(false, vocabulary.addEos());
    assertEquals(true, vocabulary.addSpacePrefix());
  }

  @Test
  void metaspaceSaysWhetherABlankIsPutInFront() {
    String none = LLAMA.replace("\"Prepend\"", "\"Lowercase\"");
    for (Map.Entry<String, Boolean> scheme :
        Map.of("first", true, "always", true, "never", false).entrySet()) {
      Vocabulary vocabulary =
          read(
              none.replace(
                  "\"pre_tokenizer\": null",
                  "\"pre_tokenizer\": {\"type\":\"Metaspace\",\"prepend_scheme\":\""
                      + scheme.getKey()
                      + "\"}"));
      assertEquals(scheme.getValue(), vocabulary.addSpacePrefix(), scheme.getKey());
    }
    assertEquals(false, read(none).addSpacePrefix());
  }

  @Test
  void specialTokensComeFromTheTokenizersConfigThenFromTheModels() {
    String byteLevel = BYTE_LEVEL.formatted(GPT2);
    Vocabulary byText =
        read(
                byteLevel,
                """
                {"eos_token": {"content": "<|end|>", "lstrip": false}, "bos_token": null,
                 "pad_token": "<tool>", "unk_token": "a", "add_bos_token": true,
                 "chat_template": "{{ x }}"}
                """,
                Map.of("bos_token_id", 1L, "eos_token_id", 0L))
            .orElseThrow();
    assertEquals(OptionalInt.of(4), byText.eos());
    assertEquals(OptionalInt.of(1), byText.bos());
    assertEquals(OptionalInt.of(5), byText.padding());
    assertEquals(OptionalInt.of(0), byText.unknown());
    assertEquals(true, byText.addBos());
    assertEquals("{{ x }}", byText.chatTemplate());

    Vocabulary byId =
        read(
                byteLevel,
                "{\"chat_template\":[{\"name\":\"tool\",\"template\":\"t\"},"
                    + "{\"name\":\"default\",\"template\":\"d\"}]}",
                Map.of("eos_token_id", List.of(4L, 0L), "bos_token_id", 600L))
            .orElseThrow();
    assertEquals(OptionalInt.of(4), byId.eos());
    assertEquals(OptionalInt.empty(), byId.bos());
    assertEquals("d", byId.chatTemplate());
  }

  @Test
  void aTemplateInAFileOfItsOwnComesFirst() throws IOException {
    String config = "{\"chat_template\": \"of the config\"}";
    String tokenizer = BYTE_LEVEL.formatted(GPT2);
    Files.writeString(dir.resolve("chat_template.json"), "{\"chat_template\": \"of the json\"}");
    assertEquals("of the json", read(tokenizer, config, Map.of()).orElseThrow().chatTemplate());
    Files.writeString(dir.resolve("chat_template.jinja"), "of the jinja\n");
    assertEquals("of the jinja\n", read(tokenizer, config, Map.of()).orElseThrow().chatTemplate());
    Files.write(dir.resolve("chat_template.jinja"), new byte[] {(byte) 0xff});
    assertEquals(ErrorCode.MALFORMED, refusal(tokenizer));
  }

  @Test
  void knownPreTokenizersAreNamed() {
    String bytes = "{\"type\":\"ByteLevel\",\"use_regex\":false}";
    String words = "{\"type\":\"ByteLevel\",\"use_regex\":true}";
    String qwen2 =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r"
            + "\\\\n"
            + "\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r"
            + "\\\\n"
            + "]*|\\\\s*[\\\\r"
            + "\\\\n"
            + "]+|\\\\s+(?!\\\\S)|\\\\s+";
    String digits = "{\"type\":\"Digits\",\"individual_digits\":true}";
    String cjk = split("[一-龥ࠀ-一가-퟿]+");
    Map<String, String> steps =
        Map.of(
            "qwen2", split(qwen2) + "," + bytes,
            "llama-bpe", split(qwen2.replace("p{N}|", "p{N}{1,3}|")) + "," + bytes,
            "starcoder", digits + "," + words,
            "gpt-2", words,
            "falcon",
                "{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"},"
                    + words
                    + ",{\"type\":\"Digits\",\"individual_digits\":false},"
                    + split("[0-9][0-9][0-9]"),
            "deepseek-coder",
                split("[\\r\\n]")
                    + ","
                    + split("\\\\s?\\\\p{L}+")
                    + ","
                    + split("\\\\s?\\\\p{P}+")
                    + ","
                    + cjk
                    + ","
                    + digits
                    + ","
                    + bytes,
            "deepseek-llm",
                split("[\\\\r\\\\n]")
                    + ","
                    + split("\\\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿ]+")
                    + ","
                    + split("\\\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+")
                    + ","
                    + split("\\\\s+$")
                    + ","
                    + cjk
                    + ","
                    + digits
                    + ","
                    + bytes);
    steps.forEach(
        (name, list) ->
            assertEquals(
                name,
                read(BYTE_LEVEL.formatted(
                        "{\"type\":\"Sequence\",\"pretokenizers\":[" + list + "]}"))
                    .preTokenizer()));
  }

  private static String split(String regex) {
    return "{\"type\":\"Split\",\"pattern\":{\"Regex\":\""
        + regex
        + "\"},\"behavior\":\"Isolated\",\"invert\":false}";
  }

  @Test
  void unknownPreTokenizersKeepTheirPatternInTheName() {
    for (String step :
        List.of(
            split("\\\\p{N}{1,2}|x"),
            split("[\\r\\n]").replace("Isolated", "Removed"),
            "{\"type\":\"WhitespaceSplit\"}",
            "{\"type\":\"Punctuation\"}")) {
      String name = String.valueOf(read(BYTE_LEVEL.formatted(step)).preTokenizer());
      assertTrue(name.startsWith("unknown: "), name);
    }
    String lowercase = BYTE_LEVEL.formatted(GPT2).replace("\"NFC\"", "\"Lowercase\"");
    assertEquals("unknown: normalizer Lowercase; words of gpt-2", read(lowercase).preTokenizer());
    assertTrue(
        String.valueOf(read(BYTE_LEVEL.formatted(split("\\\\p{N}{1,2}|x"))).preTokenizer())
            .contains("\\p{N}{1,2}|x"));
  }

  @Test
  void otherModelsKeepTheirName() {
    assertEquals("bert", read("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}}}").model());
    Vocabulary unigram =
        read("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1.5],[\"b\",0]]}}");
    assertEquals("t5", unigram.model());
    assertEquals(List.of("a", "b"), unigram.tokens());
    assertEquals("bpe", read("{\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}").model());
  }

  @Test
  void damagedFilesAreRefused() {
    String good = BYTE_LEVEL.formatted(GPT2);
    for (String bad :
        List.of(
            "{}",
            "[]",
            good.replace("\"vocab\": {", "\"vocab\": {\"z\": 3, "),
            good.replace("\"b\": 1", "\"b\": -1"),
            good.replace("\"b\": 1", "\"b\": \"1\""),
            good.replace("\"b\": 1", "\"b\": 1.0"),
            good.replace("\"b\": 1", "\"a\": 1"),
            good.replace("\"id\": 4", "\"id\": 3"),
            good.replace("\"id\": 4,", ""),
            good.replace("\"content\": \"<tool>\"", "\"content\": 1"),
            good.replace("\"a b\"", "\"ab\""),
            good.replace("\"a b\"", "\"a b c\""),
            good.replace("\"a b\"", "\" b\""),
            good.replace("\"a b\"", "\"a \""),
            good.replace("\"a b\"", "[\"a\"]"),
            good.replace("\"a b\"", "[\"a\", \"b c\"]"),
            good.replace("\"a b\"", "7"),
            good.replace("\"vocab\": {", "\"vocab\": 1, \"w\": {"),
            good.replace("\"added_tokens\": [", "\"added_tokens\": [1,"),
            good.replace("\"type\":\"ByteLevel\"", "\"type\":1"))) {
      assertEquals(ErrorCode.MALFORMED, refusal(bad), bad);
    }
    assertEquals(ErrorCode.LIMIT_EXCEEDED, refusal(good.replace("\"b\": 1", "\"b\": 2000000000")));
    assertEquals(
        ErrorCode.LIMIT_EXCEEDED, refusal(good.replace("\"b\": 1", "\"b\": 9000000000000000000")));
  }

  @Test
  void anyDamagedByteIsReadOrRefused() {
    byte[] good = LLAMA.getBytes(UTF_8);
    for (int i = 0; i < good.length; i += 3) {
      byte[] damaged = good.clone();
      damaged[i] ^= 4;
      try {
        Files.write(dir.resolve("tokenizer.json"), damaged);
        HuggingFaceTokenizer.read(new ModelDirectory(dir), new JsonMetadata(Map.of()));
        Files.write(dir.resolve("tokenizer.json"), Arrays.copyOf(good, i));
        HuggingFaceTokenizer.read(new ModelDirectory(dir), new JsonMetadata(Map.of()));
      } catch (ModelException e) {
        assertTrue(e.path() != null);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
