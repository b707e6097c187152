package dev.rosetta.tokenizer;

import dev.rosetta.model.Vocabulary;
import dev.rosetta.tokenizer.TokenizerRules.Family;
import dev.rosetta.tokenizer.VocabularyDifference.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Compares two vocabularies and the rules in effect for them. What one file leaves open and the
 * default settles as the other file states it is no difference.
 */
public final class TokenizerComparison {
  private static final String NOT_STATED = "not stated";
  private static final String MODEL = "tokenizer.ggml.model";

  private final TokenizerSide a;
  private final TokenizerSide b;
  private final List<VocabularyDifference> differences = new ArrayList<>();

  private TokenizerComparison(TokenizerSide a, TokenizerSide b) {
    this.a = a;
    this.b = b;
  }

  /** Every difference between {@code a} and {@code b}; empty if they tokenize alike. */
  public static List<VocabularyDifference> compare(Vocabulary a, Vocabulary b) {
    TokenizerComparison comparison =
        new TokenizerComparison(TokenizerSide.of(a), TokenizerSide.of(b));
    comparison.compareModel();
    comparison.comparePreTokenizer();
    comparison.compareTokens();
    comparison.compareTypes();
    comparison.compareScores();
    comparison.compareMerges();
    comparison.compareIds();
    comparison.compareFlags();
    return List.copyOf(comparison.differences);
  }

  private void compareModel() {
    if (a.rules() != null && b.rules() != null) {
      Family family = a.rules().family();
      Family other = b.rules().family();
      if (family != other) {
        boolean sameAlgorithm = family != Family.BYTE_LEVEL_BPE && other != Family.BYTE_LEVEL_BPE;
        add(MODEL, family.label(), other.label(), sameAlgorithm ? Kind.UNSTATED : Kind.DIFFERENT);
      }
    } else {
      stated(MODEL, a.vocabulary().model(), b.vocabulary().model());
    }
  }

  private void comparePreTokenizer() {
    if (a.rules() == null || b.rules() == null) {
      comparePreTokenizerNames(a.vocabulary().preTokenizer(), b.vocabulary().preTokenizer());
      return;
    }
    String name = a.rules().preTokenizer();
    String other = b.rules().preTokenizer();
    if (name == null || other == null || name.equals(other)) {
      return;
    }
    boolean same =
        TokenizerBattery.cutAlike(
            PreTokenizer.named(name).orElseThrow(), PreTokenizer.named(other).orElseThrow());
    boolean bothStated =
        a.vocabulary().preTokenizer() != null && b.vocabulary().preTokenizer() != null;
    add(
        "pre",
        shown(name, a.vocabulary().preTokenizer() != null),
        shown(other, b.vocabulary().preTokenizer() != null),
        same ? Kind.BENIGN : bothStated ? Kind.DIFFERENT : Kind.UNSTATED);
  }

  /** A pattern that no name is known for says nothing against the other side's name. */
  private void comparePreTokenizerNames(@Nullable String name, @Nullable String other) {
    if (name != null && other != null && (isPattern(name) || isPattern(other))) {
      if (!name.equals(other)) {
        add("pre", name, other, Kind.UNSTATED);
      }
      return;
    }
    stated("pre", name, other);
  }

  private static boolean isPattern(String preTokenizer) {
    return preTokenizer.startsWith("unknown: ");
  }

  private void compareTokens() {
    List<String> tokens = a.vocabulary().tokens();
    List<String> others = b.vocabulary().tokens();
    if (tokens.equals(others)) {
      return; // Lists of equal bytes are equal without being decoded.
    }
    int common = Math.min(tokens.size(), others.size());
    if (tokens.size() != others.size()) {
      TokenizerSide longer = tokens.size() > others.size() ? a : b;
      boolean padding = true;
      for (int id = common; padding && id < longer.vocabulary().tokens().size(); id++) {
        padding = longer.isPadding(id);
      }
      add(
          "vocab_size",
          String.valueOf(tokens.size()),
          String.valueOf(others.size()),
          padding ? Kind.BENIGN : Kind.DIFFERENT);
    }
    compareEach(
        "tokens",
        common,
        id -> !tokens.get(id).equals(others.get(id)),
        id -> a.isPadding(id) && b.isPadding(id) || isSameUserText(id),
        id -> Quoted.of(tokens.get(id)),
        id -> Quoted.of(others.get(id)),
        Kind.DIFFERENT);
  }

  /** llama.cpp's converter writes the blanks of user-defined tokens as they are. */
  private boolean isSameUserText(int id) {
    return (a.type(id) == TokenType.USER_DEFINED || b.type(id) == TokenType.USER_DEFINED)
        && blanks(a.vocabulary().tokens().get(id)).equals(blanks(b.vocabulary().tokens().get(id)));
  }

  private static String blanks(String token) {
    return token.replace('\u2581', ' ');
  }

  private void compareTypes() {
    int[] types = a.vocabulary().types();
    int[] others = b.vocabulary().types();
    if (types == null || others == null) {
      presence("token_type", types == null, others == null);
      return;
    }
    int common = Math.min(Math.min(types.length, others.length), commonTokens());
    IntPredicate decides =
        id -> types[id] != others[id] && TypeDifference.decides(a.type(id), b.type(id));
    boolean any = IntStream.range(0, common).anyMatch(id -> decides.test(id) && !pads(id));
    compareEach(
        "token_type",
        common,
        any ? decides : id -> types[id] != others[id],
        this::pads,
        id -> TokenType.label(types[id]),
        id -> TokenType.label(others[id]),
        any ? Kind.DIFFERENT : Kind.UNSTATED);
  }

  private boolean pads(int id) {
    return a.isPadding(id) || b.isPadding(id);
  }

  private void compareScores() {
    if (a.is(Family.BYTE_LEVEL_BPE) && b.is(Family.BYTE_LEVEL_BPE)) {
      return; // Ranks decide there, not scores.
    }
    float[] scores = a.vocabulary().scores();
    float[] others = b.vocabulary().scores();
    if (scores == null || others == null) {
      presence("scores", scores == null, others == null);
      return;
    }
    int common = Math.min(Math.min(scores.length, others.length), commonTokens());
    compareEach(
        "scores",
        common,
        id -> scores[id] != others[id] && !(Float.isNaN(scores[id]) && Float.isNaN(others[id])),
        id -> isNeverMerged(a, id) && isNeverMerged(b, id),
        id -> String.valueOf(scores[id]),
        id -> String.valueOf(others[id]),
        Kind.DIFFERENT);
  }

  /** Control, byte and added tokens are no result of a merge, whatever score they have. */
  private static boolean isNeverMerged(TokenizerSide side, int id) {
    return side.isPadding(id)
        || switch (side.type(id)) {
          case UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE -> true;
          case UNDEFINED, NORMAL -> false;
        };
  }

  private void compareMerges() {
    List<String> merges = a.vocabulary().merges();
    List<String> others = b.vocabulary().merges();
    if (a.is(Family.SENTENCE_PIECE) && b.is(Family.SENTENCE_PIECE)) {
      return; // Scores decide there, not merges.
    }
    if (merges.equals(others)) {
      return;
    }
    if (merges.isEmpty() || others.isEmpty()) {
      // Byte-level BPE has nothing else; SentencePiece may have scores in place of merges.
      boolean lost = isByteLevel(a) && isByteLevel(b);
      add(
          "merges",
          merges.isEmpty() ? "none" : merges.size() + " merges",
          others.isEmpty() ? "none" : others.size() + " merges",
          lost ? Kind.DIFFERENT : Kind.UNSTATED);
      return;
    }
    if (merges.size() != others.size()) {
      add("merges", merges.size() + " merges", others.size() + " merges", Kind.DIFFERENT);
    }
    compareEach(
        "merges",
        Math.min(merges.size(), others.size()),
        rank -> !merges.get(rank).equals(others.get(rank)),
        rank -> false,
        rank -> Quoted.of(merges.get(rank)),
        rank -> Quoted.of(others.get(rank)),
        Kind.DIFFERENT);
  }

  private void compareIds() {
    id("bos_token_id", Vocabulary::bos, TokenizerRules::bos, lostIdKind());
    id("eos_token_id", Vocabulary::eos, TokenizerRules::eos, lostIdKind());
    compareEndOfTurn();
    boolean neverUnknown = a.expressesEveryByte() && b.expressesEveryByte();
    id(
        "unknown_token_id",
        Vocabulary::unknown,
        TokenizerRules::unknown,
        neverUnknown ? Kind.BENIGN : Kind.UNSTATED);
    id("padding_token_id", Vocabulary::padding, TokenizerRules::padding, Kind.BENIGN);
  }

  /** A BOS or EOS that one side lacks was dropped, unless the kind of tokenizer may have none. */
  private Kind lostIdKind() {
    boolean known = a.rules() != null && b.rules() != null || isByteLevel(a) && isByteLevel(b);
    return known ? Kind.DIFFERENT : Kind.UNSTATED;
  }

  private static boolean isByteLevel(TokenizerSide side) {
    return side.is(Family.BYTE_LEVEL_BPE) || "gpt2".equals(side.vocabulary().model());
  }

  /** Hugging Face files state none; llama.cpp then goes by the spelling of the tokens. */
  private void compareEndOfTurn() {
    OptionalInt stated = a.vocabulary().endOfTurn();
    OptionalInt other = b.vocabulary().endOfTurn();
    if (stated.isEmpty() && other.isEmpty() || a.endOfTurn().equals(b.endOfTurn())) {
      return;
    }
    add(
        "eot_token_id",
        shown(orNone(text(a.endOfTurn())), stated.isPresent()),
        shown(orNone(text(b.endOfTurn())), other.isPresent()),
        stated.isPresent() && other.isPresent() ? Kind.DIFFERENT : Kind.UNSTATED);
  }

  private void compareFlags() {
    flag("add_bos_token", Vocabulary::addBos, TokenizerRules::addBos);
    flag("add_eos_token", Vocabulary::addEos, TokenizerRules::addEos);
    flag("add_space_prefix", Vocabulary::addSpacePrefix, TokenizerRules::addSpacePrefix);
  }

  /**
   * Compares what is in effect where it is known on both sides, else what is stated.
   *
   * @param onlyOne how much it matters that one side has none; two values that differ matter more,
   *     unless it is {@link Kind#BENIGN}
   */
  private void id(
      String field,
      Function<Vocabulary, OptionalInt> stated,
      Function<TokenizerRules, OptionalInt> effective,
      Kind onlyOne) {
    boolean onA = stated.apply(a.vocabulary()).isPresent();
    boolean onB = stated.apply(b.vocabulary()).isPresent();
    OptionalInt id =
        a.rules() != null && b.rules() != null
            ? effective.apply(a.rules())
            : stated.apply(a.vocabulary());
    OptionalInt other =
        a.rules() != null && b.rules() != null
            ? effective.apply(b.rules())
            : stated.apply(b.vocabulary());
    if (id.equals(other)) {
      return;
    }
    add(
        field,
        shown(orNone(text(id)), onA),
        shown(orNone(text(other)), onB),
        onA && onB && onlyOne != Kind.BENIGN ? Kind.DIFFERENT : onlyOne);
  }

  private void flag(
      String field,
      Function<Vocabulary, @Nullable Boolean> stated,
      Predicate<TokenizerRules> effective) {
    Boolean value = stated.apply(a.vocabulary());
    Boolean other = stated.apply(b.vocabulary());
    if (a.rules() == null || b.rules() == null) {
      stated(field, text(value), text(other));
      return;
    }
    boolean adds = effective.test(a.rules());
    boolean otherAdds = effective.test(b.rules());
    if (adds != otherAdds) {
      // The rule in effect decides the ids, whoever stated it.
      add(
          field,
          shown(String.valueOf(adds), value != null),
          shown(String.valueOf(otherAdds), other != null),
          Kind.DIFFERENT);
    }
  }

  private void stated(String field, @Nullable String value, @Nullable String other) {
    if (value == null ? other == null : value.equals(other)) {
      return;
    }
    add(
        field,
        value == null ? NOT_STATED : value,
        other == null ? NOT_STATED : other,
        value != null && other != null ? Kind.DIFFERENT : Kind.UNSTATED);
  }

  private void presence(String field, boolean absent, boolean otherAbsent) {
    if (absent != otherAbsent) {
      add(
          field,
          absent ? NOT_STATED : "stated",
          otherAbsent ? NOT_STATED : "stated",
          Kind.UNSTATED);
    }
  }

  /** Reports the first index that differs, with the number of them; benign ones apart. */
  private void compareEach(
      String field,
      int count,
      IntPredicate differs,
      IntPredicate benign,
      IntFunction<String> left,
      IntFunction<String> right,
      Kind kind) {
    int[] indices = IntStream.range(0, count).filter(differs).toArray();
    if (indices.length == 0) {
      return;
    }
    int[] real = IntStream.of(indices).filter(benign.negate()).toArray();
    int[] reported = real.length > 0 ? real : indices;
    int first = reported[0];
    String more = reported.length == 1 ? "" : " (%d differ)".formatted(reported.length);
    add(
        field,
        "[%d] %s%s".formatted(first, left.apply(first), more),
        "[%d] %s%s".formatted(first, right.apply(first), more),
        real.length > 0 ? kind : Kind.BENIGN);
  }

  private int commonTokens() {
    return Math.min(a.vocabulary().tokens().size(), b.vocabulary().tokens().size());
  }

  private void add(String field, String left, String right, Kind kind) {
    differences.add(new VocabularyDifference(field, left, right, kind));
  }

  private static String shown(String value, boolean stated) {
    return stated ? value : value + " (not stated)";
  }

  private static String orNone(@Nullable String value) {
    return value == null ? "none" : value;
  }

  private static @Nullable String text(OptionalInt id) {
    return id.isPresent() ? String.valueOf(id.getAsInt()) : null;
  }

  private static @Nullable String text(@Nullable Boolean flag) {
    return flag == null ? null : flag.toString();
  }
}
