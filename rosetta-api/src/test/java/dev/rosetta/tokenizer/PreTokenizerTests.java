package dev.rosetta.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class PreTokenizerTests {
  private static final String GPT2 =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  private static final String LLAMA3 =
      "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
          + "|\\p{N}{1,%d}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+";

  /** The published patterns, run one after the other on what the one before left. */
  private static List<String> patterns(PreTokenizer pre) {
    return switch (pre) {
      case DEFAULT -> List.of("[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]");
      case GPT2 -> List.of(GPT2);
      case LLAMA3, SMAUG -> List.of(LLAMA3.formatted(3));
      case QWEN2 -> List.of(LLAMA3.formatted(1));
      case STARCODER -> List.of("\\p{N}", GPT2);
      case FALCON -> List.of("[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]");
      case DEEPSEEK_LLM ->
          List.of(
              "[\r\n]",
              // Of the listed letters, those among the alphabet below.
              "\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u0386\u0388-\u038a]+",
              "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+",
              "\\s+$",
              CJK,
              "\\p{N}+");
      case DEEPSEEK_CODER -> List.of("[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", CJK, "\\p{N}");
    };
  }

  @ParameterizedTest
  @EnumSource(PreTokenizer.class)
  void scannersCutWhereThePatternsMatch(PreTokenizer pre) {
    List<Pattern> patterns =
        patterns(pre).stream()
            .map(pattern -> Pattern.compile(pattern, Pattern.UNICODE_CHARACTER_CLASS))
            .toList();
    int[] alphabet =
        ("aZsStTrReEvVlLmMdD''  \t\n\r\u00a0\u3000\u300219\u0662\u00bd.,!$+`^|~_\u00e9\u00b5"
                + "\u01bb\u0388\u0301\u4f60\uac00\u2019\ud83d\ude3c\ud835\udc00\u20ac\uff21\u2028")
            .replace("\uff21", "")
            .codePoints()
            .toArray();
    long seed = 42;
    Random random = new Random(seed);
    for (int round = 0; round < 5_000; round++) {
      int[] text = new int[random.nextInt(12)];
      for (int i = 0; i < text.length; i++) {
        text[i] = alphabet[random.nextInt(alphabet.length)];
      }
      String string = new String(text, 0, text.length);
      assertEquals(expected(patterns, string), pieces(pre, text), "seed " + seed + ": " + string);
    }
  }

  private static List<String> expected(List<Pattern> patterns, String text) {
    List<String> pieces = text.isEmpty() ? List.of() : List.of(text);
    for (Pattern pattern : patterns) {
      List<String> cut = new ArrayList<>();
      for (String piece : pieces) {
        int from = 0;
        Matcher matcher = pattern.matcher(piece);
        while (matcher.find()) {
          if (matcher.start() > from) {
            cut.add(piece.substring(from, matcher.start()));
          }
          cut.add(matcher.group());
          from = matcher.end();
        }
        if (from < piece.length()) {
          cut.add(piece.substring(from));
        }
      }
      pieces = cut;
    }
    return pieces;
  }

  private static List<String> pieces(PreTokenizer pre, int[] text) {
    BitSet cuts = pre.cuts(text);
    cuts.set(text.length);
    List<String> pieces = new ArrayList<>();
    int from = 0;
    for (int to = cuts.nextSetBit(1); to > 0; to = cuts.nextSetBit(to + 1)) {
      pieces.add(new String(text, from, to - from));
      from = to;
    }
    return pieces;
  }

  @ParameterizedTest
  @EnumSource(PreTokenizer.class)
  void aMillionLettersAreCut(PreTokenizer pre) {
    for (String unit : List.of("a", "1", " ", "\n", "!", "' ", "\u4f60", " \n", "a ")) {
      int[] text = unit.repeat(1_000_000 / unit.length()).codePoints().toArray();
      assertTrue(pre.cuts(text).length() <= text.length + 1, unit);
    }
  }

  @Test
  void everyNameIsKnownOnce() {
    List<String> names = PreTokenizer.supported();
    assertEquals(names.size(), names.stream().distinct().count());
    assertTrue(
        names.containsAll(
            List.of(
                "default",
                "gpt-2",
                "qwen2",
                "llama-bpe",
                "falcon",
                "starcoder",
                "refact",
                "command-r",
                "deepseek-coder",
                "deepseek-llm",
                "mpt")));
  }
}
