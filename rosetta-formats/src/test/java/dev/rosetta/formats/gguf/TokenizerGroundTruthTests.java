package dev.rosetta.formats.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.testing.SharedData;
import dev.rosetta.tokenizer.BosPolicy;
import dev.rosetta.tokenizer.SpecialTokens;
import dev.rosetta.tokenizer.Tokenizer;
import dev.rosetta.tokenizer.TokenizerComparison;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The tokenizers of real vocabularies against the ids that llama.cpp gives. */
@Tag("shared")
class TokenizerGroundTruthTests {
  private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

  private static Vocabulary vocabulary(Path file) {
    try (ModelSource source = new GgufFormat().open(file)) {
      return source.vocabulary().orElseThrow();
    }
  }

  private static Tokenizer tokenizer(String relative) {
    Path file = SharedData.path(relative);
    return Tokenizer.of(vocabulary(file), file);
  }

  private static List<String> sections(Path file) throws IOException {
    String text = Files.readString(file);
    assertTrue(text.endsWith(SEPARATOR), file::toString);
    return List.of(text.substring(0, text.length() - SEPARATOR.length()).split(SEPARATOR, -1));
  }

  private static void assertIds(
      Tokenizer tokenizer, Path texts, Path ids, int count, SpecialTokens parse, BosPolicy bos)
      throws IOException {
    List<String> sections = sections(texts);
    List<String> lines = Files.readAllLines(ids);
    assertEquals(count, sections.size(), texts::toString);
    assertEquals(count, lines.size(), ids::toString);
    for (int i = 0; i < count; i++) {
      int[] expected =
          Arrays.stream(lines.get(i).split(" "))
              .filter(id -> !id.isEmpty())
              .mapToInt(Integer::parseInt)
              .toArray();
      String text = sections.get(i);
      int[] actual = tokenizer.encode(text, parse, bos);
      assertArrayEquals(expected, actual, ids.getFileName() + " " + i + ": " + text);
      if (parse == SpecialTokens.AS_TEXT) {
        assertEquals(text, tokenizer.decode(actual), ids.getFileName() + " " + i);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "deepseek-coder",
        "deepseek-llm",
        "falcon",
        "gpt-2",
        "llama-bpe",
        "llama-spm",
        "mpt",
        "phi-3",
        "qwen2",
        "refact",
        "starcoder"
      })
  void everySectionOfAVocabularyGivesTheIdsBesideIt(String name) throws IOException {
    String stem = "real/vocab/ggml-vocab-" + name;
    boolean rebuilt = name.equals("qwen2") || name.equals("llama-bpe");
    assertIds(
        tokenizer(stem + (rebuilt ? ".rebuilt.gguf" : ".gguf")),
        SharedData.path(stem + ".gguf.inp"),
        SharedData.path(stem + ".gguf.out"),
        46,
        SpecialTokens.AS_TEXT,
        BosPolicy.OFF);
  }

  @ParameterizedTest
  @CsvSource({
    "gpt-2, real/vocab/ggml-vocab-gpt-2.gguf",
    "llama-bpe, real/vocab/ggml-vocab-llama-bpe.rebuilt.gguf",
    "llama-spm, real/vocab/ggml-vocab-llama-spm.gguf",
    "phi-3, real/vocab/ggml-vocab-phi-3.gguf",
    "qwen2, real/vocab/ggml-vocab-qwen2.rebuilt.gguf",
    "stories-tok512, golden/stories260k/f32/model.gguf"
  })
  void everyGoldenCaseGivesItsIds(String name, String file) throws IOException {
    Tokenizer tokenizer = tokenizer(file);
    Path texts = SharedData.path("golden/_tokenizer/cases.inp");
    Path plain = SharedData.path("golden/_tokenizer/" + name + ".plain.ids");
    Path special = SharedData.path("golden/_tokenizer/" + name + ".special.ids");
    assertIds(tokenizer, texts, plain, 200, SpecialTokens.AS_TEXT, BosPolicy.OFF);
    assertIds(tokenizer, texts, special, 200, SpecialTokens.PARSE, BosPolicy.AUTO);
  }

  @Test
  void wordPieceIsRefusedByName() {
    ModelException e =
        assertThrows(ModelException.class, () -> tokenizer("real/vocab/ggml-vocab-bert-bge.gguf"));
    assertEquals(ErrorCode.UNSUPPORTED_TOKENIZER, e.code());
    assertTrue(e.getMessage().contains("\"bert\""), e.getMessage());
  }

  @Test
  void versionsOfOneVocabularyDifferOnlyInWhatTheOlderLeavesOpen() {
    Vocabulary v1 = vocabulary(SharedData.path("real/formats/gguf-v1-v2/ggml-vocab-llama.v1.gguf"));
    Vocabulary current = vocabulary(SharedData.path("real/vocab/ggml-vocab-llama-spm.gguf"));
    assertEquals(List.of(), TokenizerComparison.compare(v1, current));
  }
}
