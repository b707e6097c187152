package dev.rosetta.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rosetta.model.Vocabulary;
import dev.rosetta.tokenizer.VocabularyDifference.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class TokenizerComparisonTests {
  private static final Vocabulary LETTERS =
      Vocabularies.withIds(
          Vocabularies.byteLevel("qwen2", List.of("a b", "ab c"), "<|bos|>", "<|eos|>"), 258, 259);
  private static final Vocabulary PIECES =
      Vocabularies.sentencePiece(List.of("\u2581", "a", "b"), -1, -2, -3);

  private static void assertDifference(
      Vocabulary a, Vocabulary b, String field, String left, String right, Kind kind) {
    assertEquals(
        List.of(new VocabularyDifference(field, left, right, kind)),
        TokenizerComparison.compare(a, b));
    assertEquals(
        List.of(new VocabularyDifference(field, right, left, kind)),
        TokenizerComparison.compare(b, a));
  }

  private static Vocabulary withPadding(Vocabulary v, int count, int type) {
    List<String> tokens = new ArrayList<>(v.tokens());
    int size = tokens.size();
    IntStream.range(size, size + count).forEach(id -> tokens.add("[PAD" + id + "]"));
    int[] types = Arrays.copyOf(v.types(), tokens.size());
    Arrays.fill(types, size, types.length, type);
    return Vocabularies.withTokens(v, tokens, types);
  }

  private static Vocabulary withToken(Vocabulary v, int id, String text) {
    List<String> tokens = new ArrayList<>(v.tokens());
    tokens.set(id, text);
    return Vocabularies.withTokens(v, tokens, v.types());
  }

  @Test
  void equalVocabulariesDoNotDiffer() {
    assertEquals(List.of(), TokenizerComparison.compare(LETTERS, LETTERS));
    assertEquals(List.of(), TokenizerComparison.compare(PIECES, withToken(PIECES, 3, "<0x00>")));
  }

  @Test
  void aTokenThatDiffersIsNamedWithItsId() {
    assertDifference(
        LETTERS,
        withToken(LETTERS, 256, "xy"),
        "tokens",
        "[256] \"ab\"",
        "[256] \"xy\"",
        Kind.DIFFERENT);
  }

  @Test
  void paddingAtTheEndIsBenignAndOtherTokensAreNot() {
    assertDifference(LETTERS, withPadding(LETTERS, 4, 5), "vocab_size", "260", "264", Kind.BENIGN);
    assertDifference(
        LETTERS,
        withToken(withPadding(LETTERS, 4, 1), 262, "[PADx]"),
        "vocab_size",
        "260",
        "264",
        Kind.DIFFERENT);
    assertDifference(
        withPadding(LETTERS, 4, 4),
        withPadding(LETTERS, 4, 5),
        "token_type",
        "[260] user_defined (4 differ)",
        "[260] unused (4 differ)",
        Kind.BENIGN);
  }

  @Test
  void typesThatDifferAreNamed() {
    assertDifference(
        LETTERS,
        withType(LETTERS, 258, 1),
        "token_type",
        "[258] control",
        "[258] normal",
        Kind.DIFFERENT);
    assertDifference(
        LETTERS,
        withType(LETTERS, 258, 4),
        "token_type",
        "[258] control",
        "[258] user_defined",
        Kind.UNSTATED);
    assertDifference(
        LETTERS,
        Vocabularies.withTokens(LETTERS, LETTERS.tokens(), null),
        "token_type",
        "stated",
        "not stated",
        Kind.UNSTATED);
  }

  private static Vocabulary withType(Vocabulary v, int id, int type) {
    int[] types = v.types().clone();
    types[id] = type;
    return Vocabularies.withTokens(v, v.tokens(), types);
  }

  @Test
  void theBlanksOfUserDefinedTokensAreOneSpelling() {
    Vocabulary blanks = withType(withToken(PIECES, 260, "  "), 260, 4);
    Vocabulary letters = withType(withToken(PIECES, 260, "\u2581\u2581"), 260, 4);
    assertDifference(
        blanks, letters, "tokens", "[260] \"  \"", "[260] \"\u2581\u2581\"", Kind.BENIGN);
  }

  @Test
  void anEndOfSequenceThatIsDroppedIsNamed() {
    Vocabulary none = Vocabularies.byteLevel("qwen2", LETTERS.merges(), "<|bos|>", "<|eos|>");
    assertEquals(
        List.of("bos_token_id", "eos_token_id"),
        TokenizerComparison.compare(LETTERS, none).stream()
            .filter(d -> d.kind() == Kind.DIFFERENT)
            .map(VocabularyDifference::field)
            .toList());
  }

  @Test
  void endsOfTurnAreComparedByWhatIsInEffect() {
    Vocabulary chat = Vocabularies.byteLevel("qwen2", List.of("a b"), "<|im_start|>", "<|im_end|>");
    assertEquals(
        List.of(), TokenizerComparison.compare(chat, Vocabularies.withEndOfTurn(chat, 258)));
    assertDifference(
        chat,
        Vocabularies.withEndOfTurn(chat, 257),
        "eot_token_id",
        "258 (not stated)",
        "257",
        Kind.UNSTATED);
    assertDifference(
        Vocabularies.withEndOfTurn(chat, 258),
        Vocabularies.withEndOfTurn(chat, 257),
        "eot_token_id",
        "258",
        "257",
        Kind.DIFFERENT);
  }

  @Test
  void anotherPaddingTokenIsBenign() {
    assertDifference(
        Vocabularies.withPadding(LETTERS, 258),
        Vocabularies.withPadding(LETTERS, 259),
        "padding_token_id",
        "258",
        "259",
        Kind.BENIGN);
  }

  @Test
  void aPatternWithoutANameSaysNothingAgainstAName() {
    assertDifference(
        LETTERS,
        Vocabularies.withModel(LETTERS, "gpt2", "unknown: split x+"),
        "pre",
        "qwen2",
        "unknown: split x+",
        Kind.UNSTATED);
  }

  @Test
  void mergesDifferByContentAndByCount() {
    assertDifference(
        LETTERS,
        Vocabularies.withScoresAndMerges(LETTERS, null, List.of("a b", "a bc")),
        "merges",
        "[1] \"ab c\"",
        "[1] \"a bc\"",
        Kind.DIFFERENT);
    assertDifference(
        LETTERS,
        Vocabularies.withScoresAndMerges(LETTERS, null, List.of("a b")),
        "merges",
        "2 merges",
        "1 merges",
        Kind.DIFFERENT);
    assertDifference(
        LETTERS,
        Vocabularies.withScoresAndMerges(LETTERS, null, List.of()),
        "merges",
        "2 merges",
        "none",
        Kind.DIFFERENT);
  }

  @Test
  void scoresCountForSentencePieceAlone() {
    float[] scores = PIECES.scores().clone();
    scores[260] = -7;
    assertDifference(
        PIECES,
        Vocabularies.withScoresAndMerges(PIECES, scores, List.of()),
        "scores",
        "[260] -2.0",
        "[260] -7.0",
        Kind.DIFFERENT);
    assertEquals(
        List.of(),
        TokenizerComparison.compare(
            LETTERS, Vocabularies.withScoresAndMerges(LETTERS, new float[260], LETTERS.merges())));
  }

  @Test
  void mergesInPlaceOfScoresAreUnstatedOnBothSides() {
    Vocabulary ranked = Vocabularies.withScoresAndMerges(PIECES, null, List.of("a b"));
    List<VocabularyDifference> differences = TokenizerComparison.compare(PIECES, ranked);
    assertEquals(
        List.of("tokenizer.ggml.model", "scores", "merges"),
        differences.stream().map(VocabularyDifference::field).toList());
    assertEquals(
        List.of(Kind.UNSTATED),
        differences.stream().map(VocabularyDifference::kind).distinct().toList());
  }

  @Test
  void preTokenizersDifferByWhatTheyDo() {
    assertDifference(
        LETTERS,
        Vocabularies.withModel(LETTERS, "gpt2", "gpt-2"),
        "pre",
        "qwen2",
        "gpt-2",
        Kind.DIFFERENT);
    assertDifference(
        LETTERS,
        Vocabularies.withModel(LETTERS, "gpt2", "deepseek-r1-qwen"),
        "pre",
        "qwen2",
        "deepseek-r1-qwen",
        Kind.BENIGN);
    assertDifference(
        LETTERS,
        Vocabularies.withModel(LETTERS, "gpt2", null),
        "pre",
        "qwen2",
        "default (not stated)",
        Kind.UNSTATED);
  }

  @Test
  void anUnstatedModelThatFollowsFromTheTokensIsNoDifference() {
    assertEquals(
        List.of(),
        TokenizerComparison.compare(LETTERS, Vocabularies.withModel(LETTERS, null, "qwen2")));
  }

  @Test
  void defaultsThatAgreeWithWhatIsStatedAreNoDifference() {
    Vocabulary stated =
        Vocabularies.withFlags(Vocabularies.withIds(PIECES, 1, 2), true, false, true);
    assertEquals(List.of(), TokenizerComparison.compare(PIECES, stated));
  }

  @Test
  void rulesThatDifferAreNamed() {
    Vocabulary adds = Vocabularies.withFlags(LETTERS, true, null, null);
    Vocabulary doesNot = Vocabularies.withFlags(LETTERS, false, null, null);
    assertDifference(adds, doesNot, "add_bos_token", "true", "false", Kind.DIFFERENT);
    assertDifference(adds, LETTERS, "add_bos_token", "true", "false (not stated)", Kind.DIFFERENT);
    assertDifference(
        PIECES,
        Vocabularies.withFlags(PIECES, null, null, false),
        "add_space_prefix",
        "true (not stated)",
        "false",
        Kind.DIFFERENT);
    assertDifference(
        LETTERS,
        Vocabularies.withIds(LETTERS, 258, 258),
        "eos_token_id",
        "259",
        "258",
        Kind.DIFFERENT);
  }

  @Test
  void unsupportedTokenizersAreComparedByWhatTheyState() {
    Vocabulary bert = Vocabularies.withModel(LETTERS, "bert", "bert-bge");
    assertEquals(List.of(), TokenizerComparison.compare(bert, bert));
    assertDifference(
        bert,
        Vocabularies.withModel(LETTERS, "bert", "jina-v2"),
        "pre",
        "bert-bge",
        "jina-v2",
        Kind.DIFFERENT);
    assertDifference(
        bert, withToken(bert, 0, "x"), "tokens", "[0] \"\u0100\"", "[0] \"x\"", Kind.DIFFERENT);
  }
}
