package dev.rosetta.tokenizer;

import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Texts that meet every branch of every pre-tokenizer and of the encoders behind them. Two
 * tokenizers that differ in a rule differ in one of them.
 */
public final class TokenizerBattery {
  /** Tokens of each kind and side whose own spelling is tried. */
  private static final int SPELLINGS = 24;

  private static final List<String> TEXTS =
      List.of(
          "",
          " ",
          "   ",
          "\n",
          "\t\t x",
          "Hello, world!",
          " leading",
          "trailing ",
          "  two  blanks   three    four",
          "line\nbreak\r\nand\n\n\nmore \n \n\tend\n",
          "I'm, you're, it's, we'll, I'd, they've, don't",
          "I'M YOU'RE IT'S WE'LL I'D THEY'VE DON'T",
          "'s's 'LL' it’s ''tis",
          "0 12 345 6789 01234567890123 3.14159 1,000,000 1e-10 ½ ²³ ٣٤٥ ४५६ Ⅻ",
          "caf\u00e9 na\u00efve \u00c5ngstr\u00f6m \u0141\u00f3d\u017a",
          "cafe\u0301 nai\u0308ve A\u030angstro\u0308m e\u0301e\u0301",
          "漢字かな交じり文。 中文，标点！ 한국어 문장",
          "ภาษาไทยไม่มีวรรค",
          "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u0645\u064f\u0634\u0643\u0651\u064e\u0644",
          "\u05e2\u05d1\u05e8\u05d9\u05ea \u0939\u093f\u0928\u094d\u0926\u0940 \u10e5\u10d0\u10e0",
          "Привет, Мир! ΑΒΓ αβγ ǅ ß ﬁ",
          "\ud83d\ude00\ud83d\udc4d\ud83c\udffd \ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67"
              + " \ud83c\uddeb\ud83c\uddf7 \u2764\ufe0f",
          "def f(x):\n    return {'a': [x**2, -1], \"b\": x != 0}  # done\n\n\treturn\n",
          "if (a<=b&&c!=d){e+=f[g]->h;}//i\n/* j */ #include <k.h>",
          "snake_case CamelCase HTTPServer kebab-case a.b.c x1y2z3 user@example.com",
          "https://example.org/path?q=1&r=%20#top",
          "...!!! ??? --- === ``` $$$ ~~~ ___ (((())))",
          "« » “quotes” ‘single’ – — … § ¶ • € £ ¥ ™",
          "a\u00a0b\u2003c\u3000d\u200be\ufefff\u00adg\u2028h\u0085i",
          "\u0000\u0001\u001f\u007f\ufffd\ud800\udc00\udbff\udfff\u0378",
          "<s>[INST] hi [/INST] yes</s>",
          "<|im_start|>user\nhi<|im_end|>\n<|endoftext|>",
          "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>",
          "<bos><start_of_turn>user\nhi<end_of_turn>\n",
          "<unk><pad><mask><0x0A>[PAD1]<unused1>",
          "\u2581under\u2581line \u0120letter \u010a",
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "The quick brown fox jumps over the lazy dog; Pack my box with five dozen liquor jugs.");

  private TokenizerBattery() {}

  /**
   * The first text whose ids differ.
   *
   * @param text the text
   * @param position of the first id that differs
   * @param a side A's id and piece there, or that there is none
   * @param b side B's
   */
  public record TextDifference(String text, int position, String a, String b) {
    /** The text, quoted and shortened. */
    public String quoted() {
      return Quoted.of(text);
    }
  }

  /** The built-in texts and the spellings of special tokens of {@code vocabularies}. */
  public static List<String> texts(Vocabulary... vocabularies) {
    Set<String> texts = new LinkedHashSet<>(TEXTS);
    for (Vocabulary vocabulary : vocabularies) {
      TokenizerSide side = new TokenizerSide(vocabulary, null);
      Map<TokenType, Integer> spelled = new EnumMap<>(TokenType.class);
      for (int id = 0; id < vocabulary.tokens().size(); id++) {
        TokenType type = side.type(id);
        boolean special = type != TokenType.NORMAL && type != TokenType.UNDEFINED;
        if (special && spelled.merge(type, 1, Integer::sum) <= SPELLINGS) {
          spell(vocabulary.tokens().get(id), texts);
        }
      }
    }
    return List.copyOf(texts);
  }

  /** A token's own spelling between letters, and beside blanks. */
  private static void spell(String token, Set<String> texts) {
    if (!token.isEmpty() && token.codePoints().noneMatch(TokenizerBattery::isSurrogate)) {
      texts.add("a" + token + "b " + token + " c");
    }
  }

  private static boolean isSurrogate(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }

  /** The first of {@code texts} that the two give other ids, without BOS and EOS. */
  public static Optional<TextDifference> compare(Tokenizer a, Tokenizer b, List<String> texts) {
    for (String text : texts) {
      Encoded left = Encoded.of(a, text);
      Encoded right = Encoded.of(b, text);
      int at = Arrays.mismatch(left.ids(), right.ids());
      if (at >= 0 || left.failed() != right.failed()) {
        int position = Math.max(at, 0);
        return Optional.of(
            new TextDifference(text, position, left.shown(a, position), right.shown(b, position)));
      }
    }
    return Optional.empty();
  }

  /** Whether the two pre-tokenizers cut every text into the same words. */
  static boolean cutAlike(PreTokenizer a, PreTokenizer b) {
    List<int[]> texts = new ArrayList<>();
    TEXTS.forEach(text -> texts.add(text.codePoints().toArray()));
    return texts.stream().allMatch(text -> a.cuts(text).equals(b.cuts(text)));
  }

  /** The ids of a text, or that the vocabulary cannot express it. */
  private record Encoded(int[] ids, boolean failed) {
    static Encoded of(Tokenizer tokenizer, String text) {
      try {
        return new Encoded(tokenizer.encode(text, SpecialTokens.PARSE, BosPolicy.OFF), false);
      } catch (ModelException inexpressible) {
        return new Encoded(new int[0], true);
      }
    }

    String shown(Tokenizer tokenizer, int position) {
      if (failed) {
        return "cannot be expressed";
      }
      return position < ids.length
          ? ids[position] + " " + Quoted.of(tokenizer.piece(ids[position]))
          : "no further token";
    }
  }
}
