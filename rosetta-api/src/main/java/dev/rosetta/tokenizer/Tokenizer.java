package dev.rosetta.tokenizer;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Turns text into token ids and back, as llama.cpp does with the same vocabulary.
 *
 * <p>Time is O(n log n) in the length of a text whatever it holds. No Unicode normalisation is
 * applied. Immutable and thread-safe.
 */
public final class Tokenizer {
  private final TokenizerRules rules;
  private final Symbols symbols;
  private final TokenTypes types;
  private final SegmentEncoder encoder;
  private final SpecialTokenSplitter specials;
  private final Path source;

  private Tokenizer(Vocabulary vocabulary, Path source) {
    this.source = source;
    this.rules = TokenizerRules.of(vocabulary, source);
    if (vocabulary.tokens().isEmpty()) {
      throw new ModelException(ErrorCode.MALFORMED, source, "the tokenizer has no tokens");
    }
    this.symbols = new Symbols(List.copyOf(vocabulary.tokens()));
    this.types = TokenTypes.of(vocabulary, rules, source);
    this.specials = new SpecialTokenSplitter(symbols, types);
    String pre = rules.preTokenizer();
    this.encoder =
        pre != null
            ? new ByteLevelEncoder(vocabulary, symbols, rules, pre, source)
            : new SentencePieceEncoder(vocabulary, symbols, rules, source);
  }

  /**
   * The tokenizer of {@code vocabulary}, which {@code source} holds.
   *
   * @throws ModelException if the family or the pre-tokenizer is not supported, or the vocabulary
   *     is malformed; the message names the entry
   */
  public static Tokenizer of(Vocabulary vocabulary, Path source) {
    return new Tokenizer(
        Objects.requireNonNull(vocabulary, "vocabulary"), Objects.requireNonNull(source, "source"));
  }

  /** The rules in effect. */
  public TokenizerRules rules() {
    return rules;
  }

  /** Number of tokens; ids are below it. */
  public int size() {
    return symbols.tokenCount();
  }

  /**
   * The ids of {@code text}.
   *
   * @throws IllegalArgumentException if {@code text} has an unpaired surrogate
   * @throws ModelException if the vocabulary cannot express the text, or {@code bos} is {@link
   *     BosPolicy#ON} and there is no BOS token
   */
  public int[] encode(String text, SpecialTokens parse, BosPolicy bos) {
    checkSurrogates(text);
    IntStream.Builder ids = IntStream.builder();
    if (bos == BosPolicy.ON || bos == BosPolicy.AUTO && rules.addBos()) {
      ids.accept(required(rules.bos()));
    }
    if (!text.isEmpty()) {
      boolean prefix = rules.addSpacePrefix();
      for (SpecialTokenSplitter.Segment segment : specials.split(text, parse)) {
        switch (segment) {
          case SpecialTokenSplitter.Segment.Special(int id) -> {
            ids.accept(id);
            prefix = rules.addSpacePrefix();
          }
          case SpecialTokenSplitter.Segment.Plain(String plain) -> {
            encoder.encode(prefix ? " " + plain : plain, ids);
            prefix = false;
          }
        }
      }
    }
    if (bos != BosPolicy.OFF && rules.addEos()) {
      rules.eos().ifPresent(ids);
    }
    return ids.build().toArray();
  }

  /**
   * The text of {@code ids}. Control and unknown tokens contribute nothing; a blank that stands for
   * the space prefix is left out; bytes that are not UTF-8 become U+FFFD.
   *
   * @throws IllegalArgumentException if an id is outside the vocabulary
   */
  public String decode(int... ids) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      String piece = piece(id);
      TokenType type = types.type(id);
      if (type == TokenType.USER_DEFINED) {
        bytes.writeBytes(piece.getBytes(StandardCharsets.UTF_8));
      } else if (type == TokenType.BYTE) {
        bytes.write(ByteTokens.parse(piece));
      } else if (!type.isHidden()) {
        bytes.writeBytes(bytes(piece));
      }
    }
    String text = bytes.toString(StandardCharsets.UTF_8);
    return rules.addSpacePrefix() && text.startsWith(" ") ? text.substring(1) : text;
  }

  /**
   * Token {@code id} in the vocabulary's own spelling.
   *
   * @throws IllegalArgumentException if it is outside the vocabulary
   */
  public String piece(int id) {
    if (id < 0 || id >= size()) {
      throw new IllegalArgumentException(
          "token id %d is outside the vocabulary of %d tokens".formatted(id, size()));
    }
    return symbols.text(id);
  }

  private byte[] bytes(String piece) {
    if (rules.family() != TokenizerRules.Family.BYTE_LEVEL_BPE) {
      return piece.replace('\u2581', ' ').getBytes(StandardCharsets.UTF_8);
    }
    byte[] bytes = new byte[piece.length()];
    for (int i = 0; i < bytes.length; i++) {
      int value = ByteLetters.unsignedByte(piece.charAt(i));
      if (value < 0) {
        // Not byte-level spelling: an added token, which stands for itself.
        return piece.getBytes(StandardCharsets.UTF_8);
      }
      bytes[i] = (byte) value;
    }
    return bytes;
  }

  private int required(OptionalInt bos) {
    return bos.orElseThrow(
        () ->
            new ModelException(
                ErrorCode.UNSUPPORTED_TOKENIZER,
                source,
                "the vocabulary has no beginning-of-sequence token (bos_token_id), so none can be"
                    + " put in front of a text"));
  }

  private static void checkSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw new IllegalArgumentException(
            "unpaired surrogate U+%04X at index %d of the text".formatted((int) c, i));
      }
    }
  }
}
