package dev.rosetta.tokenizer;

import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.tokenizer.TokenizerRules.Family;
import dev.rosetta.tokenizer.VocabularyDifference.Kind;
import java.nio.file.Path;
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

  private final Side a;
  private final Side b;
  private final List<VocabularyDifference> differences = new ArrayList<>();

  private TokenizerComparison(Side a, Side b) {
    this.a = a;
    this.b = b;
  }

  /** Every difference between {@code a} and {@code b}; empty if they tokenize alike. */
  public static List<VocabularyDifference> compare(Vocabulary a, Vocabulary b) {
    TokenizerComparison comparison = new TokenizerComparison(Side.of(a), Side.of(b));
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

  /**
   * A vocabulary and its rules.
   *
   * @param rules null if the vocabulary is of no supported kind or malformed; it is then compared
   *     by what it states alone
   */
  private record Side(Vocabulary vocabulary, @Nullable TokenizerRules rules) {

    static Side of(Vocabulary vocabulary) {
      try {
        return new Side(vocabulary, TokenizerRules.of(vocabulary, Path.of("")));
      } catch (ModelException unusable) {
        return new Side(vocabulary, null);
      }
    }

    boolean is(Family family) {
      return rules != null && rules.family() == family;
    }

    /** Whether no text leads to token {@code id}: a name that pads the list to a round size. */
    boolean isPadding(int id) {
      return PaddingTokens.isPadding(vocabulary, id);
    }
  }

  private void compareModel() {
    if (a.rules != null && b.rules != null) {
      Family family = a.rules.family();
      Family other = b.rules.family();
      if (family != other) {
        boolean sameAlgorithm = family != Family.BYTE_LEVEL_BPE && other != Family.BYTE_LEVEL_BPE;
        add("model", family.label(), other.label(), sameAlgorithm ? Kind.UNSTATED : Kind.DIFFERENT);
      }
    } else {
      stated("model", a.vocabulary.model(), b.vocabulary.model());
    }
  }

  private void comparePreTokenizer() {
    if (a.rules == null || b.rules == null) {
      stated("pre", a.vocabulary.preTokenizer(), b.vocabulary.preTokenizer());
      return;
    }
    String name = a.rules.preTokenizer();
    String other = b.rules.preTokenizer();
    if (name == null || other == null || name.equals(other)) {
      return;
    }
    boolean same = PreTokenizer.named(name).equals(PreTokenizer.named(other));
    boolean bothStated = a.vocabulary.preTokenizer() != null && b.vocabulary.preTokenizer() != null;
    add(
        "pre",
        shown(name, a.vocabulary.preTokenizer() != null),
        shown(other, b.vocabulary.preTokenizer() != null),
        same ? Kind.BENIGN : bothStated ? Kind.DIFFERENT : Kind.UNSTATED);
  }

  private void compareTokens() {
    List<String> tokens = a.vocabulary.tokens();
    List<String> others = b.vocabulary.tokens();
    if (tokens.equals(others)) {
      return; // Lists of equal bytes are equal without being decoded.
    }
    int common = Math.min(tokens.size(), others.size());
    if (tokens.size() != others.size()) {
      Side longer = tokens.size() > others.size() ? a : b;
      boolean padding = true;
      for (int id = common; padding && id < longer.vocabulary.tokens().size(); id++) {
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
        id -> a.isPadding(id) && b.isPadding(id),
        id -> Quoted.of(tokens.get(id)),
        id -> Quoted.of(others.get(id)));
  }

  private void compareTypes() {
    int[] types = a.vocabulary.types();
    int[] others = b.vocabulary.types();
    if (types == null || others == null) {
      presence("token_type", types == null, others == null);
      return;
    }
    int common = Math.min(Math.min(types.length, others.length), commonTokens());
    compareEach(
        "token_type",
        common,
        id -> types[id] != others[id],
        id -> a.isPadding(id) || b.isPadding(id),
        id -> TokenType.label(types[id]),
        id -> TokenType.label(others[id]));
  }

  private void compareScores() {
    if (a.is(Family.BYTE_LEVEL_BPE) && b.is(Family.BYTE_LEVEL_BPE)) {
      return; // Ranks decide there, not scores.
    }
    float[] scores = a.vocabulary.scores();
    float[] others = b.vocabulary.scores();
    if (scores == null || others == null) {
      presence("scores", scores == null, others == null);
      return;
    }
    int common = Math.min(Math.min(scores.length, others.length), commonTokens());
    compareEach(
        "scores",
        common,
        id -> scores[id] != others[id] && !(Float.isNaN(scores[id]) && Float.isNaN(others[id])),
        id -> a.isPadding(id) && b.isPadding(id),
        id -> String.valueOf(scores[id]),
        id -> String.valueOf(others[id]));
  }

  private void compareMerges() {
    List<String> merges = a.vocabulary.merges();
    List<String> others = b.vocabulary.merges();
    if (a.is(Family.SENTENCE_PIECE) && b.is(Family.SENTENCE_PIECE)) {
      return; // Scores decide there, not merges.
    }
    if (merges.equals(others)) {
      return;
    }
    if (merges.isEmpty() || others.isEmpty()) {
      presence("merges", merges.isEmpty(), others.isEmpty());
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
        rank -> Quoted.of(others.get(rank)));
  }

  private void compareIds() {
    id("bos_token_id", a.vocabulary.bos(), b.vocabulary.bos(), TokenizerRules::bos);
    id("eos_token_id", a.vocabulary.eos(), b.vocabulary.eos(), TokenizerRules::eos);
    id("unknown_token_id", a.vocabulary.unknown(), b.vocabulary.unknown(), TokenizerRules::unknown);
    id("padding_token_id", a.vocabulary.padding(), b.vocabulary.padding(), TokenizerRules::padding);
  }

  private void compareFlags() {
    flag("add_bos_token", Vocabulary::addBos, TokenizerRules::addBos);
    flag("add_eos_token", Vocabulary::addEos, TokenizerRules::addEos);
    flag("add_space_prefix", Vocabulary::addSpacePrefix, TokenizerRules::addSpacePrefix);
  }

  private void id(
      String field,
      OptionalInt stated,
      OptionalInt other,
      Function<TokenizerRules, OptionalInt> effective) {
    compareEffective(
        field,
        text(stated),
        text(other),
        a.rules == null ? null : text(effective.apply(a.rules)),
        b.rules == null ? null : text(effective.apply(b.rules)));
  }

  private void flag(
      String field,
      Function<Vocabulary, @Nullable Boolean> stated,
      Predicate<TokenizerRules> effective) {
    compareEffective(
        field,
        text(stated.apply(a.vocabulary)),
        text(stated.apply(b.vocabulary)),
        a.rules == null ? null : String.valueOf(effective.test(a.rules)),
        b.rules == null ? null : String.valueOf(effective.test(b.rules)));
  }

  /** Compares what is in effect where it is known on both sides, else what is stated. */
  private void compareEffective(
      String field,
      @Nullable String stated,
      @Nullable String other,
      @Nullable String effective,
      @Nullable String otherEffective) {
    if (a.rules == null || b.rules == null) {
      stated(field, stated, other);
      return;
    }
    String value = effective == null ? "none" : effective;
    String otherValue = otherEffective == null ? "none" : otherEffective;
    if (!value.equals(otherValue)) {
      add(
          field,
          shown(value, stated != null),
          shown(otherValue, other != null),
          stated != null && other != null ? Kind.DIFFERENT : Kind.UNSTATED);
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
      IntFunction<String> right) {
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
        real.length > 0 ? Kind.DIFFERENT : Kind.BENIGN);
  }

  private int commonTokens() {
    return Math.min(a.vocabulary.tokens().size(), b.vocabulary.tokens().size());
  }

  private void add(String field, String left, String right, Kind kind) {
    differences.add(new VocabularyDifference(field, left, right, kind));
  }

  private static String shown(String value, boolean stated) {
    return stated ? value : value + " (not stated)";
  }

  private static @Nullable String text(OptionalInt id) {
    return id.isPresent() ? String.valueOf(id.getAsInt()) : null;
  }

  private static @Nullable String text(@Nullable Boolean flag) {
    return flag == null ? null : flag.toString();
  }
}
