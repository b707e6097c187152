package dev.rosetta.tokenizer;

import static dev.rosetta.tokenizer.Letters.isLetter;
import static dev.rosetta.tokenizer.Letters.isLineBreak;
import static dev.rosetta.tokenizer.Letters.isNumber;
import static dev.rosetta.tokenizer.Letters.isOther;
import static dev.rosetta.tokenizer.Letters.isSpace;

import java.util.BitSet;
import java.util.function.IntPredicate;

/**
 * One pattern of a pre-tokenizer, as a scanner that looks at each code point a bounded number of
 * times. Matches become pieces, and so does what lies between two matches.
 */
sealed interface Split {

  /** Sets a bit in {@code cuts} where a piece of {@code text[from, to)} begins or ends. */
  void cut(int[] text, int from, int to, BitSet cuts);

  /** Whether a blank in front belongs to a run. */
  enum Lead {
    /** {@code \s?} */
    OPTIONAL_SPACE,
    NONE
  }

  /**
   * Runs of one class: {@code [class]{min,max}}.
   *
   * @param letters the class
   */
  record Run(Lead lead, IntPredicate letters, int min, int max) implements Split {

    /** {@code [class]+}. */
    static Run of(IntPredicate letters) {
      return new Run(Lead.NONE, letters, 1, Integer.MAX_VALUE);
    }

    /** {@code \s?[class]+}. */
    static Run afterSpace(IntPredicate letters) {
      return new Run(Lead.OPTIONAL_SPACE, letters, 1, Integer.MAX_VALUE);
    }

    /** {@code [class]{count}}. */
    static Run exactly(int count, IntPredicate letters) {
      return new Run(Lead.NONE, letters, count, count);
    }

    @Override
    public void cut(int[] text, int from, int to, BitSet cuts) {
      int i = from;
      while (i < to) {
        boolean led =
            lead == Lead.OPTIONAL_SPACE
                && isSpace(text[i])
                && i + 1 < to
                && letters.test(text[i + 1]);
        int first = led ? i + 1 : i;
        int end = first;
        while (end < to && end - first < max && letters.test(text[end])) {
          end++;
        }
        if (end - first >= min) {
          cuts.set(i);
          cuts.set(end);
        }
        i = Math.max(end, i + 1);
      }
    }
  }

  /** White space up to the end: {@code \s+$}. */
  record TrailingSpace() implements Split {
    @Override
    public void cut(int[] text, int from, int to, BitSet cuts) {
      int start = to;
      while (start > from && isSpace(text[start - 1])) {
        start--;
      }
      cuts.set(start);
    }
  }

  /**
   * GPT-2's words: {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+|
   * ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}.
   */
  record Gpt2Words() implements Split {
    @Override
    public void cut(int[] text, int from, int to, BitSet cuts) {
      for (int i = from; i < to; i = end(text, i, to)) {
        cuts.set(i);
      }
    }

    private static int end(int[] text, int i, int to) {
      int contraction = contraction(text, i, to, Case.LOWER);
      if (contraction > 0) {
        return i + contraction;
      }
      int first = text[i] == ' ' && i + 1 < to ? i + 1 : i;
      if (isLetter(text[first])) {
        return runEnd(text, first, to, Letters::isLetter);
      }
      if (isNumber(text[first])) {
        return runEnd(text, first, to, Letters::isNumber);
      }
      if (isOther(text[first])) {
        return runEnd(text, first, to, Letters::isOther);
      }
      return spaceEnd(text, i, to);
    }
  }

  /**
   * The words of llama-3 ({@code digits} = 3) and qwen2 ({@code digits} = 1): {@code
   * (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}|
   * ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+}.
   */
  record Llama3Words(int digits) implements Split {
    @Override
    public void cut(int[] text, int from, int to, BitSet cuts) {
      for (int i = from; i < to; i = end(text, i, to)) {
        cuts.set(i);
      }
    }

    private int end(int[] text, int i, int to) {
      int contraction = contraction(text, i, to, Case.ANY);
      if (contraction > 0) {
        return i + contraction;
      }
      int c = text[i];
      if (isLetter(c)) {
        return runEnd(text, i, to, Letters::isLetter);
      }
      if (isNumber(c)) {
        return runEnd(text, i, Math.min(to, i + digits), Letters::isNumber);
      }
      if (!isLineBreak(c) && i + 1 < to && isLetter(text[i + 1])) {
        return runEnd(text, i + 1, to, Letters::isLetter);
      }
      int first = c == ' ' && i + 1 < to ? i + 1 : i;
      if (isOther(text[first])) {
        int end = runEnd(text, first, to, Letters::isOther);
        return runEnd(text, end, to, Letters::isLineBreak);
      }
      int end = runEnd(text, i, to, Letters::isSpace);
      for (int last = end; last > i; last--) {
        if (isLineBreak(text[last - 1])) {
          return last;
        }
      }
      return spaceEnd(text, i, to);
    }
  }

  /** Which spelling of a contraction counts. */
  enum Case {
    LOWER,
    ANY
  }

  /** Length of {@code 's 't 'm 'd 're 've 'll} at {@code i}, or 0. */
  private static int contraction(int[] text, int i, int to, Case spelling) {
    if (text[i] != '\'' || i + 1 >= to) {
      return 0;
    }
    int first = fold(text[i + 1], spelling);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') {
      return 2;
    }
    if (i + 2 >= to) {
      return 0;
    }
    int second = fold(text[i + 2], spelling);
    boolean known = second == 'e' ? first == 'r' || first == 'v' : first == 'l' && second == 'l';
    return known ? 3 : 0;
  }

  private static int fold(int c, Case spelling) {
    return spelling == Case.ANY && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
  }

  private static int runEnd(int[] text, int from, int to, IntPredicate letters) {
    int end = from;
    while (end < to && letters.test(text[end])) {
      end++;
    }
    return end;
  }

  /** End of {@code \s+(?!\S)|\s+}: all of a run but its last space, which leads the next word. */
  private static int spaceEnd(int[] text, int from, int to) {
    int end = runEnd(text, from, to, Letters::isSpace);
    return end < to && end - from > 1 ? end - 1 : end;
  }
}
