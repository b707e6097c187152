package dev.rosetta.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TokenizerTests {
  private static final Path FILE = Path.of("model.gguf");
  private static final int FIRST_MERGE = 256;
  private static final int FIRST_PIECE = 259;

  private static int[] encode(Vocabulary vocabulary, String text) {
    return Tokenizer.of(vocabulary, FILE).encode(text, SpecialTokens.AS_TEXT, BosPolicy.OFF);
  }

  private static int byteToken(int b) {
    return 3 + b;
  }

  private static ModelException refused(Vocabulary vocabulary) {
    ModelException e =
        assertThrows(ModelException.class, () -> Tokenizer.of(vocabulary, FILE), "not refused");
    assertEquals(FILE, e.path());
    return e;
  }

  @Test
  void byteLevelMergesTheLowestRankFirst() {
    Vocabulary vocabulary = Vocabularies.byteLevel("gpt-2", List.of("b c", "a b", "ab c", "a bc"));
    assertArrayEquals(new int[] {FIRST_MERGE + 3}, encode(vocabulary, "abc"));
    assertArrayEquals(new int[] {FIRST_MERGE + 1, 'a'}, encode(vocabulary, "aba"));
  }

  @Test
  void byteLevelMergesTheLeftmostOfEqualRanks() {
    Vocabulary vocabulary = Vocabularies.byteLevel("gpt-2", List.of("a a"));
    assertArrayEquals(new int[] {FIRST_MERGE, 'a'}, encode(vocabulary, "aaa"));
  }

  @Test
  void byteLevelDoesNotMergeAcrossWords() {
    Vocabulary vocabulary = Vocabularies.byteLevel("gpt-2", List.of("a \u0120", "\u0120 b"));
    assertArrayEquals(new int[] {'a', FIRST_MERGE + 1}, encode(vocabulary, "a b"));
  }

  @Test
  void aWholeWordBeatsMergesOnlyForLlama3() {
    List<String> merges = List.of("a b");
    Vocabulary llama3 = Vocabularies.byteLevel("llama-bpe", merges, "abc");
    llama3.types()[FIRST_MERGE + 1] = 1;
    Vocabulary qwen2 = Vocabularies.withModel(llama3, "gpt2", "qwen2");
    assertArrayEquals(new int[] {FIRST_MERGE + 1}, encode(llama3, "abc"));
    assertArrayEquals(new int[] {FIRST_MERGE, 'c'}, encode(qwen2, "abc"));
  }

  @Test
  void aMergeThatLeadsToNoTokenFallsBackToItsLetters() {
    Vocabulary full = Vocabularies.byteLevel("gpt-2", List.of("a b"));
    Vocabulary vocabulary =
        Vocabularies.withTokens(full, full.tokens().subList(0, FIRST_MERGE), new int[FIRST_MERGE]);
    assertArrayEquals(new int[] {'a', 'b', 'c'}, encode(vocabulary, "abc"));
  }

  @Test
  void aByteWithoutTokenIsAnErrorThatNamesIt() {
    Vocabulary vocabulary =
        Vocabularies.withTokens(
            Vocabularies.byteLevel("gpt-2", List.of("a b")), List.of("a", "b", "ab"), new int[3]);
    assertArrayEquals(new int[] {2}, encode(vocabulary, "ab"));
    ModelException e =
        assertThrows(ModelException.class, () -> encode(vocabulary, "abz"), "not refused");
    assertTrue(e.getMessage().contains("byte 0x7A"), e.getMessage());
  }

  @Test
  void sentencePieceJoinsTheBestScoreFirstAndTheLeftmostOfEquals() {
    Vocabulary vocabulary =
        Vocabularies.sentencePiece(List.of("\u2581", "a", "b", "ab", "ba"), -9, -9, -9, -2, -1);
    Vocabulary ties =
        Vocabularies.sentencePiece(List.of("\u2581", "a", "b", "ab", "ba"), -9, -9, -9, -1, -1);
    int blank = FIRST_PIECE;
    int a = FIRST_PIECE + 1;
    int b = FIRST_PIECE + 2;
    int ab = FIRST_PIECE + 3;
    int ba = FIRST_PIECE + 4;
    assertArrayEquals(new int[] {blank, a, ba}, encode(vocabulary, "aba"));
    assertArrayEquals(new int[] {blank, ab, a}, encode(ties, "aba"));
    assertArrayEquals(new int[] {blank, ba, b}, encode(ties, "bab"));
  }

  @Test
  void positiveAndNegativeScoresAreOrderedAsNumbers() {
    Vocabulary vocabulary =
        Vocabularies.sentencePiece(
            List.of("\u2581", "a", "b", "c", "ab", "bc"), 0, 0, 0, 0, -0.5f, 0.25f);
    assertArrayEquals(
        new int[] {FIRST_PIECE, FIRST_PIECE + 1, FIRST_PIECE + 5}, encode(vocabulary, "abc"));
  }

  @Test
  void sentencePieceFallsBackToBytes() {
    Vocabulary vocabulary = Vocabularies.sentencePiece(List.of("\u2581"), 0);
    assertArrayEquals(
        new int[] {FIRST_PIECE, byteToken(0xC3), byteToken(0xA9), byteToken(0x0A)},
        encode(vocabulary, "\u00e9\n"));
  }

  @Test
  void whatHasNoByteTokenIsUnknown() {
    Vocabulary vocabulary =
        Vocabularies.withTokens(
            Vocabularies.withScoresAndMerges(
                Vocabularies.sentencePiece(List.of(), new float[0]), new float[4], List.of()),
            List.of("<unk>", "<s>", "</s>", "\u2581"),
            new int[] {2, 3, 3, 1});
    assertArrayEquals(new int[] {3, 0}, encode(vocabulary, "\u00e9"));
  }

  @Test
  void mergesByRankReplaceMissingScores() {
    Vocabulary scored =
        Vocabularies.sentencePiece(List.of("\u2581", "a", "b", "ab", "ba"), 0, 0, 0, 0, 0);
    Vocabulary ranked = Vocabularies.withScoresAndMerges(scored, null, List.of("b a", "a b"));
    Tokenizer tokenizer = Tokenizer.of(ranked, FILE);
    assertEquals(TokenizerRules.Family.SENTENCE_PIECE_MERGES, tokenizer.rules().family());
    assertArrayEquals(
        new int[] {FIRST_PIECE, FIRST_PIECE + 1, FIRST_PIECE + 4, byteToken(0x0A)},
        encode(ranked, "aba\n"));
  }

  @Test
  void aBlankGoesInFrontOfTextAndBehindSpecialTokensUnlessStatedOtherwise() {
    Vocabulary vocabulary = Vocabularies.sentencePiece(List.of("\u2581", "a"), 0, 0);
    int blank = FIRST_PIECE;
    int a = FIRST_PIECE + 1;
    Tokenizer tokenizer = Tokenizer.of(vocabulary, FILE);
    assertArrayEquals(
        new int[] {1, blank, a, 2, blank, a},
        tokenizer.encode("a</s>a", SpecialTokens.PARSE, BosPolicy.AUTO));
    assertArrayEquals(new int[0], encode(vocabulary, ""));
    Vocabulary without = Vocabularies.withFlags(vocabulary, null, null, false);
    assertArrayEquals(new int[] {a}, encode(without, "a"));
  }

  @Test
  void controlTokensMatchOnlyWhenParsedAndUserDefinedOnesAlways() {
    Vocabulary vocabulary =
        Vocabularies.byteLevel("gpt-2", List.of("a b"), "<|end|>", "<|end|>>", "TOOL");
    Tokenizer tokenizer = Tokenizer.of(vocabulary, FILE);
    int end = FIRST_MERGE + 1;
    assertArrayEquals(
        new int[] {'a', end + 2, end + 1, end, 'b'},
        tokenizer.encode("aTOOL<|end|>><|end|>b", SpecialTokens.PARSE, BosPolicy.OFF));
    assertArrayEquals(
        new int[] {'x', end + 2, '<', '|', 'e', 'n', 'd', '|', '>'},
        tokenizer.encode("xTOOL<|end|>", SpecialTokens.AS_TEXT, BosPolicy.OFF));
  }

  @Test
  void phi3ChatTokensSwallowTheWhiteSpaceBehindThem() {
    Vocabulary phi3 =
        Vocabularies.withScoresAndMerges(
            Vocabularies.sentencePiece(List.of(), new float[0]), new float[7], List.of());
    Vocabulary vocabulary =
        Vocabularies.withTokens(
            phi3,
            List.of("<unk>", "<s>", "</s>", "\u2581", "a", "<|assistant|>", "<|placeholder1|>"),
            new int[] {2, 3, 3, 1, 1, 3, 3});
    Tokenizer tokenizer = Tokenizer.of(vocabulary, FILE);
    assertArrayEquals(
        new int[] {5, 3, 4, 1, 3, 3, 4},
        tokenizer.encode("<|assistant|> \n a<s> a", SpecialTokens.PARSE, BosPolicy.OFF));
  }

  @Test
  void bosAndEosFollowTheRulesUnlessForced() {
    Vocabulary base = Vocabularies.byteLevel("gpt-2", List.of("a b"), "<|bos|>", "<|eos|>");
    int bos = FIRST_MERGE + 1;
    int eos = FIRST_MERGE + 2;
    Vocabulary silent = Vocabularies.withIds(base, bos, eos);
    Vocabulary stated = Vocabularies.withFlags(silent, true, true, null);
    Tokenizer byDefault = Tokenizer.of(silent, FILE);
    Tokenizer both = Tokenizer.of(stated, FILE);
    assertArrayEquals(new int[] {'x'}, byDefault.encode("x", SpecialTokens.PARSE, BosPolicy.AUTO));
    assertArrayEquals(
        new int[] {bos, 'x'}, byDefault.encode("x", SpecialTokens.PARSE, BosPolicy.ON));
    assertArrayEquals(
        new int[] {bos, 'x', eos}, both.encode("x", SpecialTokens.PARSE, BosPolicy.AUTO));
    assertArrayEquals(new int[] {'x'}, both.encode("x", SpecialTokens.PARSE, BosPolicy.OFF));
    Vocabulary llama3 = Vocabularies.withModel(silent, "gpt2", "llama-bpe");
    assertTrue(Tokenizer.of(llama3, FILE).rules().addBos());
  }

  @Test
  void bosThatIsNowhereStatedCannotBeForced() {
    Tokenizer tokenizer = Tokenizer.of(Vocabularies.byteLevel("gpt-2", List.of("a b")), FILE);
    assertThrows(
        ModelException.class, () -> tokenizer.encode("x", SpecialTokens.PARSE, BosPolicy.ON));
  }

  @Test
  void decodingUndoesEncoding() {
    List<Tokenizer> tokenizers =
        List.of(
            Tokenizer.of(Vocabularies.byteLevel("qwen2", List.of("a b", "\u00c3 \u00a9")), FILE),
            Tokenizer.of(Vocabularies.sentencePiece(List.of("\u2581", "a", "\u2581a")), FILE));
    long seed = 7;
    Random random = new Random(seed);
    for (int round = 0; round < 2_000; round++) {
      String text =
          random
              .ints(random.nextInt(10), 0, 0x2FFF)
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .append(round % 2 == 0 ? " a\ud83d\ude00" : "")
              .toString();
      if (text.indexOf('\u2581') >= 0) {
        continue;
      }
      for (Tokenizer tokenizer : tokenizers) {
        int[] ids = tokenizer.encode(text, SpecialTokens.AS_TEXT, BosPolicy.OFF);
        assertEquals(text, tokenizer.decode(ids), "seed " + seed);
      }
    }
  }

  @Test
  void decodingLeavesControlTokensOut() {
    Tokenizer tokenizer = Tokenizer.of(Vocabularies.sentencePiece(List.of("\u2581a")), FILE);
    assertEquals("a a", tokenizer.decode(1, FIRST_PIECE, FIRST_PIECE, 2));
    assertEquals("</s>", tokenizer.piece(2));
    assertThrows(IllegalArgumentException.class, () -> tokenizer.piece(FIRST_PIECE + 1));
    assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(-1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "1", " ", "\n", "!", "'", "\u4f60", "a\n", " \n", "ab "})
  void aMillionLettersAreEncoded(String unit) {
    String text = unit.repeat(1_000_000 / unit.length());
    List<String> merges = List.of("a a", "1 1", "\u0120 \u0120");
    int[] ids = encode(Vocabularies.byteLevel("qwen2", merges), text);
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    assertTrue(ids.length <= bytes && ids.length >= bytes / 2, "" + ids.length);
    Vocabulary pieces =
        Vocabularies.sentencePiece(List.of("\u2581", "a", "aa", "aaaa"), 0, 0, 1, 2);
    assertTrue(encode(pieces, text).length >= text.length() / 4);
  }

  @Test
  void anUnpairedSurrogateIsRefused() {
    Vocabulary vocabulary = Vocabularies.byteLevel("gpt-2", List.of("a b"));
    assertThrows(IllegalArgumentException.class, () -> encode(vocabulary, "a\ud800b"));
    assertThrows(IllegalArgumentException.class, () -> encode(vocabulary, "\udc00"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "t5", "rwkv", "plamo2", ""})
  void unknownFamiliesAreRefusedByName(String model) {
    Vocabulary vocabulary = Vocabularies.byteLevel("gpt-2", List.of("a b"));
    ModelException e = refused(Vocabularies.withModel(vocabulary, model, "gpt-2"));
    assertEquals(ErrorCode.UNSUPPORTED_TOKENIZER, e.code());
    assertTrue(e.getMessage().contains('"' + model + '"'), e.getMessage());
    assertTrue(e.getMessage().contains("supported: gpt2, llama"), e.getMessage());
  }

  @Test
  void unknownPreTokenizersAreRefusedByNameWithTheSupportedOnes() {
    ModelException e = refused(Vocabularies.byteLevel("tek\u0007ken", List.of("a b")));
    assertEquals(ErrorCode.UNSUPPORTED_TOKENIZER, e.code());
    assertTrue(e.getMessage().contains("\"tek\\u{7}ken\""), e.getMessage());
    assertTrue(e.getMessage().contains("qwen2"), e.getMessage());
  }

  @Test
  void anUnstatedFamilyFollowsFromTheSpellingOfABlank() {
    Vocabulary letters = Vocabularies.byteLevel(null, List.of("a b"));
    TokenizerRules rules = Tokenizer.of(Vocabularies.withModel(letters, null, null), FILE).rules();
    assertEquals(TokenizerRules.Family.BYTE_LEVEL_BPE, rules.family());
    assertEquals("default", rules.preTokenizer());
    assertEquals(2, rules.notes().size());
    Vocabulary pieces = Vocabularies.sentencePiece(List.of("\u2581"), 0);
    assertEquals(
        TokenizerRules.Family.SENTENCE_PIECE,
        Tokenizer.of(Vocabularies.withModel(pieces, "bpe", null), FILE).rules().family());
    Vocabulary neither = Vocabularies.sentencePiece(List.of("a"), 0);
    assertEquals(
        ErrorCode.UNSUPPORTED_TOKENIZER,
        refused(Vocabularies.withModel(neither, null, null)).code());
  }

  @ParameterizedTest
  @ValueSource(strings = {"ab", "a b c", " b", "a ", " ", ""})
  void malformedMergesAreRefusedByPosition(String merge) {
    ModelException e = refused(Vocabularies.byteLevel("gpt-2", List.of("a b", merge)));
    assertEquals(ErrorCode.MALFORMED, e.code());
    assertTrue(e.getMessage().contains("merge 1 "), e.getMessage());
  }

  @Test
  void byteLevelWithoutMergesIsRefused() {
    assertEquals(ErrorCode.MALFORMED, refused(Vocabularies.byteLevel("gpt-2", List.of())).code());
  }

  @Test
  void listsThatDoNotFitTheTokensAreRefused() {
    Vocabulary vocabulary = Vocabularies.sentencePiece(List.of("\u2581"), 0);
    ModelException scores =
        refused(Vocabularies.withScoresAndMerges(vocabulary, new float[9], List.of()));
    assertTrue(scores.getMessage().contains("9 entries for 260 tokens"), scores.getMessage());
    ModelException types =
        refused(Vocabularies.withTokens(vocabulary, vocabulary.tokens(), new int[3]));
    assertTrue(types.getMessage().contains("3 entries for 260 tokens"), types.getMessage());
    refused(Vocabularies.withScoresAndMerges(vocabulary, null, List.of()));
    vocabulary.scores()[17] = Float.NaN;
    assertTrue(refused(vocabulary).getMessage().contains("token 17"));
  }

  @ParameterizedTest
  @ValueSource(ints = {-2, 260, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void specialIdsOutsideTheVocabularyAreRefused(int id) {
    Vocabulary vocabulary = Vocabularies.sentencePiece(List.of("\u2581"), 0);
    ModelException e = refused(Vocabularies.withIds(vocabulary, id, 2));
    assertTrue(e.getMessage().contains("bos_token_id is " + id), e.getMessage());
  }

  @Test
  void allOnesMeansNoSpecialToken() {
    Vocabulary vocabulary = Vocabularies.sentencePiece(List.of("\u2581"), 0);
    TokenizerRules rules = Tokenizer.of(Vocabularies.withIds(vocabulary, -1, 2), FILE).rules();
    assertTrue(rules.bos().isEmpty());
  }

  @Test
  void defaultIdsBeyondATinyVocabularyAreNotUsed() {
    Vocabulary tiny =
        Vocabularies.withTokens(
            Vocabularies.withScoresAndMerges(
                Vocabularies.sentencePiece(List.of()), new float[1], List.of()),
            List.of("\u2581"),
            new int[] {1});
    TokenizerRules rules = Tokenizer.of(tiny, FILE).rules();
    assertTrue(rules.bos().isEmpty() && rules.eos().isEmpty());
    assertEquals(0, rules.unknown().orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(strings = {"<0x-1>", "<0x1>", "<0x100>", "<0xGG>", "<0x1\uff11>", "a"})
  void malformedByteTokensAreRefused(String text) {
    Vocabulary vocabulary = Vocabularies.sentencePiece(List.of("\u2581"), 0);
    List<String> tokens = new ArrayList<>(vocabulary.tokens());
    tokens.set(20, text);
    ModelException e = refused(Vocabularies.withTokens(vocabulary, tokens, vocabulary.types()));
    assertTrue(e.getMessage().contains("token 20 is"), e.getMessage());
  }

  @Test
  void unknownTypeCodesAreRefused() {
    Vocabulary vocabulary = Vocabularies.sentencePiece(List.of("\u2581"), 0);
    vocabulary.types()[5] = 7;
    assertTrue(refused(vocabulary).getMessage().contains("token 5 is 7"));
  }

  @Test
  void missingTypesFollowFromIdsAndSpelling() {
    Vocabulary pieces = Vocabularies.sentencePiece(List.of("\u2581"), 0);
    Tokenizer tokenizer =
        Tokenizer.of(Vocabularies.withTokens(pieces, pieces.tokens(), null), FILE);
    assertEquals("\u00e9", tokenizer.decode(1, byteToken(0xC3), byteToken(0xA9), 2));
    Vocabulary letters = Vocabularies.byteLevel("gpt-2", List.of("a b"), "<|end|>");
    Tokenizer untyped =
        Tokenizer.of(Vocabularies.withTokens(letters, letters.tokens(), null), FILE);
    assertArrayEquals(
        new int[] {FIRST_MERGE + 1}, untyped.encode("<|end|>", SpecialTokens.PARSE, BosPolicy.OFF));
  }

  @Test
  void threadsShareATokenizer() {
    Vocabulary vocabulary = Vocabularies.byteLevel("qwen2", List.of("a b", "ab ab"));
    Tokenizer tokenizer = Tokenizer.of(vocabulary, FILE);
    int[] expected = tokenizer.encode("abab ab a", SpecialTokens.PARSE, BosPolicy.OFF);
    IntStream.range(0, 1_000)
        .parallel()
        .forEach(
            i ->
                assertArrayEquals(
                    expected, tokenizer.encode("abab ab a", SpecialTokens.PARSE, BosPolicy.OFF)));
  }

  @Test
  void repeatedTokensCountOnceTheLastOfThem() {
    Vocabulary vocabulary = Vocabularies.sentencePiece(List.of("\u2581", "a", "a"), 0, 0, 0);
    assertArrayEquals(
        new int[] {FIRST_PIECE + 2},
        encode(Vocabularies.withFlags(vocabulary, null, null, false), "a"));
  }
}
