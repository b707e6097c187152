package dev.rosetta.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Cuts a text at the special tokens spelled out in it: the longest token takes its occurrences
 * first, then the next, as llama.cpp's partition does. Immutable.
 */
final class SpecialTokenSplitter {

  /** A stretch of a text. */
  sealed interface Segment {
    /** Ordinary text, not empty. */
    record Plain(String text) implements Segment {}

    /** A special token. */
    record Special(int id) implements Segment {}
  }

  /** Whether a token swallows the white space behind it. */
  private enum Behind {
    KEEP,
    STRIP
  }

  private record Token(int id, String text, TokenType type, Behind behind) {}

  private final List<Token> tokens;

  SpecialTokenSplitter(Symbols symbols, TokenTypes types) {
    boolean phi3 = isPhi3(symbols);
    List<Token> specials = new ArrayList<>();
    for (int id = 0; id < symbols.tokenCount(); id++) {
      TokenType type = types.type(id);
      String text = symbols.text(id);
      if (!text.isEmpty() && (type.isHidden() || type == TokenType.USER_DEFINED)) {
        specials.add(new Token(id, text, type, phi3 ? behindInPhi3(text) : Behind.KEEP));
      }
    }
    specials.sort(
        Comparator.comparingInt(
            (Token token) -> -token.text().getBytes(StandardCharsets.UTF_8).length));
    this.tokens = List.copyOf(specials);
  }

  List<Segment> split(String text, SpecialTokens parse) {
    List<Segment> segments = List.of(new Segment.Plain(text));
    for (Token token : tokens) {
      boolean counts = parse == SpecialTokens.PARSE || token.type() == TokenType.USER_DEFINED;
      if (counts && text.contains(token.text())) {
        segments = cut(segments, token);
      }
    }
    return segments;
  }

  private static List<Segment> cut(List<Segment> segments, Token token) {
    List<Segment> out = new ArrayList<>();
    for (Segment segment : segments) {
      switch (segment) {
        case Segment.Special special -> out.add(special);
        case Segment.Plain(String text) -> cut(text, token, out);
      }
    }
    return out;
  }

  private static void cut(String text, Token token, List<Segment> out) {
    int from = 0;
    for (int at = text.indexOf(token.text()); at >= 0; at = text.indexOf(token.text(), from)) {
      addPlain(text, from, at, out);
      out.add(new Segment.Special(token.id()));
      from = at + token.text().length();
      if (token.behind() == Behind.STRIP) {
        while (from < text.length() && Letters.isAsciiSpace(text.charAt(from))) {
          from++;
        }
      }
    }
    addPlain(text, from, text.length(), out);
  }

  private static void addPlain(String text, int from, int to, List<Segment> out) {
    if (from < to) {
      out.add(new Segment.Plain(text.substring(from, to)));
    }
  }

  /**
   * Phi-3's chat tokens swallow white space behind them ({@code rstrip} in its tokenizer.json).
   * GGUF does not state it; llama.cpp goes by the model's name, here its placeholders tell.
   */
  private static boolean isPhi3(Symbols symbols) {
    return symbols.find("<|placeholder1|>") != Symbols.NONE
        && symbols.find("<|assistant|>") != Symbols.NONE;
  }

  private static Behind behindInPhi3(String text) {
    return switch (text) {
      case "<unk>", "<s>", "<|endoftext|>" -> Behind.KEEP;
      default -> Behind.STRIP;
    };
  }
}
