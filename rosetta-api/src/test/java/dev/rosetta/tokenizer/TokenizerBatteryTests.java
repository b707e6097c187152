package dev.rosetta.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.Vocabulary;
import dev.rosetta.tokenizer.TokenizerBattery.TextDifference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class TokenizerBatteryTests {

  private static Optional<TextDifference> compare(Vocabulary a, Vocabulary b) {
    return TokenizerBattery.compare(
        Tokenizer.of(a, Path.of("a")), Tokenizer.of(b, Path.of("b")), TokenizerBattery.texts(a, b));
  }

  @Test
  void everyTwoPreTokenizersThatDifferCutSomeTextDifferently() {
    for (PreTokenizer a : PreTokenizer.values()) {
      for (PreTokenizer b : PreTokenizer.values()) {
        // These two differ in how a word is encoded, not in where it ends.
        boolean alike = a == b || sameWords(a) && sameWords(b);
        assertEquals(alike, TokenizerBattery.cutAlike(a, b), a + " and " + b);
      }
    }
  }

  private static boolean sameWords(PreTokenizer pre) {
    return pre == PreTokenizer.LLAMA3 || pre == PreTokenizer.SMAUG;
  }

  @Test
  void theFirstTextThatDiffersIsShownWithBothPieces() {
    Vocabulary merged = Vocabularies.byteLevel("qwen2", List.of("l l"));
    Vocabulary other = Vocabularies.byteLevel("qwen2", List.of("e l"));
    TextDifference difference = compare(merged, other).orElseThrow();
    assertEquals("Hello, world!", difference.text());
    assertEquals(1, difference.position());
    assertTrue(difference.a().endsWith("\"e\""), difference.a());
    assertEquals("256 \"el\"", difference.b());
  }

  @Test
  void aSpecialTokenThatBecamePlainTextIsFoundByItsSpelling() {
    Vocabulary special = Vocabularies.byteLevel("qwen2", List.of("a b"), "<|my own|>");
    int[] types = special.types().clone();
    types[257] = 1;
    Vocabulary plain = Vocabularies.withTokens(special, special.tokens(), types);
    assertEquals(
        "a<|my own|>b <|my own|> c",
        compare(special, plain).map(TextDifference::text).orElseThrow());
    assertFalse(compare(special, special).isPresent());
  }

  @Test
  void aTextThatOneSideCannotExpressIsADifference() {
    Vocabulary all = Vocabularies.byteLevel("qwen2", List.of("a b"));
    List<String> tokens = new ArrayList<>(all.tokens());
    tokens.set('H', "HH");
    Vocabulary fewer = Vocabularies.withTokens(all, tokens, all.types());
    assertTrue(compare(all, fewer).isPresent());
  }
}
