package dev.rosetta.tokenizer;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * SentencePiece BPE: the whole text is one word, blanks are U+2581, and neighbours whose texts
 * together are a token join, best score first and leftmost among equals, as in llama.cpp. Where
 * merges are given instead of scores, their rank decides. What is no token falls back to bytes.
 */
final class SentencePieceEncoder implements SegmentEncoder {
  private static final char BLANK = '\u2581';

  private final Symbols symbols;
  private final ByteTokens bytes;
  private final OptionalInt unknown;
  private final Path source;
  private final int[] priorities;
  private final PairMerger.@Nullable Pairs merges;

  /**
   * @throws ModelException if the scores do not fit the tokens or one is NaN, or a merge is
   *     malformed
   */
  SentencePieceEncoder(Vocabulary vocabulary, Symbols symbols, TokenizerRules rules, Path source) {
    this.symbols = symbols;
    this.bytes = new ByteTokens(symbols);
    this.unknown = rules.unknown();
    this.source = source;
    boolean byMerges = rules.family() == TokenizerRules.Family.SENTENCE_PIECE_MERGES;
    this.merges = byMerges ? new MergeTable(vocabulary.merges(), symbols, source) : null;
    this.priorities =
        byMerges ? new int[0] : priorities(vocabulary.scores(), symbols.tokenCount(), source);
  }

  @Override
  public void encode(String text, IntConsumer ids) {
    String word = text.replace(' ', BLANK);
    PairMerger merger = new PairMerger();
    int to;
    for (int from = 0; from < word.length(); from = to) {
      to = word.offsetByCodePoints(from, 1);
      merger.append(symbols.find(word.substring(from, to)), from);
    }
    PairMerger.Pairs pairs =
        merges != null ? merges : (left, right, from, end) -> join(word, from, end);
    merger.merge(pairs, word.length(), (symbol, from, end) -> emit(symbol, word, from, end, ids));
  }

  private long join(String word, int from, int to) {
    if (to - from > symbols.longest()) {
      return PairMerger.Pairs.NONE;
    }
    int id = symbols.find(word.substring(from, to));
    return id == Symbols.NONE ? PairMerger.Pairs.NONE : PairMerger.Pairs.joined(priorities[id], id);
  }

  private void emit(int symbol, String word, int from, int to, IntConsumer ids) {
    if (symbol != Symbols.NONE && symbols.isToken(symbol)) {
      ids.accept(symbol);
      return;
    }
    String text = word.substring(from, to);
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    for (byte b : utf8) {
      if (bytes.id(b & 0xFF) == Symbols.NONE) {
        if (unknown.isEmpty()) {
          throw new ModelException(
              ErrorCode.UNSUPPORTED_TOKENIZER,
              source,
              "the vocabulary has no token for %s, no byte token <0x%02X> and no unknown token; use"
                      .formatted(Quoted.of(text), b & 0xFF)
                  + " another text or pass token ids");
        }
        ids.accept(unknown.getAsInt());
        return;
      }
    }
    for (byte b : utf8) {
      ids.accept(bytes.id(b & 0xFF));
    }
  }

  /** Scores as integers whose ascending order is the descending order of the scores. */
  private static int[] priorities(float @Nullable [] scores, int tokens, Path source) {
    if (scores == null || scores.length != tokens) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source,
          "tokenizer scores has %d entries for %d tokens"
              .formatted(scores == null ? 0 : scores.length, tokens));
    }
    int[] priorities = new int[tokens];
    for (int id = 0; id < tokens; id++) {
      if (Float.isNaN(scores[id])) {
        throw new ModelException(
            ErrorCode.MALFORMED, source, "tokenizer score of token %d is NaN".formatted(id));
      }
      int bits = Float.floatToIntBits(scores[id] + 0.0f);
      priorities[id] = ~(bits < 0 ? bits ^ Integer.MAX_VALUE : bits);
    }
    return priorities;
  }
}
