package dev.rosetta.tokenizer;

/**
 * The character classes of the pre-tokenizers' patterns. General categories are those of the JDK's
 * Unicode version.
 */
final class Letters {
  private static final int LETTER_TYPES =
      1 << Character.UPPERCASE_LETTER
          | 1 << Character.LOWERCASE_LETTER
          | 1 << Character.TITLECASE_LETTER
          | 1 << Character.MODIFIER_LETTER
          | 1 << Character.OTHER_LETTER;
  private static final int NUMBER_TYPES =
      1 << Character.DECIMAL_DIGIT_NUMBER
          | 1 << Character.LETTER_NUMBER
          | 1 << Character.OTHER_NUMBER;
  private static final int PUNCTUATION_TYPES =
      1 << Character.CONNECTOR_PUNCTUATION
          | 1 << Character.DASH_PUNCTUATION
          | 1 << Character.START_PUNCTUATION
          | 1 << Character.END_PUNCTUATION
          | 1 << Character.INITIAL_QUOTE_PUNCTUATION
          | 1 << Character.FINAL_QUOTE_PUNCTUATION
          | 1 << Character.OTHER_PUNCTUATION;

  /** The cased letters that deepseek-llm's pattern lists: first and last of each range in turn. */
  private static final int[] CASED = {
    0x41, 0x5A, 0x61, 0x7A, 0xB5, 0xB5, 0xC0, 0xD6, 0xD8, 0xF6, 0xF8, 0x1BA, 0x1BC, 0x1BF, 0x1C4,
    0x293, 0x295, 0x2AF, 0x370, 0x373, 0x376, 0x377, 0x37B, 0x37D, 0x37F, 0x37F, 0x386, 0x386,
    0x388, 0x38A, 0x38C, 0x38C, 0x38E, 0x3A1, 0x3A3, 0x3F5, 0x3F7, 0x481, 0x48A, 0x52F, 0x531,
    0x556, 0x10A0, 0x10C5, 0x13A0, 0x13F5, 0x13F8, 0x13FD, 0x1C90, 0x1CBA, 0x1CBD, 0x1CBF, 0x1D00,
    0x1D2B, 0x1D6B, 0x1D77, 0x1D79, 0x1D9A, 0x1E00, 0x1F15, 0x1F18, 0x1F1D, 0x1F20, 0x1F45, 0x1F48,
    0x1F4D, 0x1F50, 0x1F57, 0x1F59, 0x1F59, 0x1F5B, 0x1F5B, 0x1F5D, 0x1F5D, 0x1F5F, 0x1F7D, 0x1F80,
    0x1FB4, 0x1FB6, 0x1FBC, 0x1FBE, 0x1FBE, 0x1FC2, 0x1FC4, 0x1FC6, 0x1FCC, 0x1FD0, 0x1FD3, 0x1FD6,
    0x1FDB, 0x1FE0, 0x1FEC, 0x1FF2, 0x1FF4, 0x1FF6, 0x1FFC, 0x2102, 0x2102, 0x2107, 0x2107, 0x210A,
    0x2113, 0x2115, 0x2115, 0x2119, 0x211D, 0x2124, 0x2124, 0x2126, 0x2126, 0x2128, 0x2128, 0x212A,
    0x212D, 0x212F, 0x2134, 0x2139, 0x2139, 0x213C, 0x213F, 0x2145, 0x2149, 0x214E, 0x214E, 0x2183,
    0x2184, 0x2C00, 0x2C7B, 0x2C7E, 0x2CE4, 0x2CEB, 0x2CEE, 0x2CF2, 0x2CF3, 0xA640, 0xA66D, 0xA680,
    0xA69B, 0xA722, 0xA76F, 0xA771, 0xA787, 0xA78B, 0xA78E, 0xAB70, 0xABBF, 0xFB00, 0xFB06, 0xFB13,
    0xFB17, 0xFF21, 0xFF3A, 0xFF41, 0xFF5A, 0x10400, 0x1044F, 0x104B0, 0x104D3, 0x104D8, 0x104FB,
    0x10C80, 0x10CB2, 0x10CC0, 0x10CF2, 0x118A0, 0x118DF, 0x1E900, 0x1E943
  };

  private Letters() {}

  /** {@code \p{L}}. */
  static boolean isLetter(int c) {
    return is(LETTER_TYPES, c);
  }

  /** {@code \p{N}}. */
  static boolean isNumber(int c) {
    return is(NUMBER_TYPES, c);
  }

  /** {@code \p{P}}. */
  static boolean isPunctuation(int c) {
    return is(PUNCTUATION_TYPES, c);
  }

  /** {@code \s}: Unicode's White_Space. */
  static boolean isSpace(int c) {
    return c < 0x80 ? isAsciiSpace(c) : c == 0x85 || Character.isSpaceChar(c);
  }

  static boolean isAsciiSpace(int c) {
    return c == ' ' || c >= '\t' && c <= '\r';
  }

  static boolean isLineBreak(int c) {
    return c == '\r' || c == '\n';
  }

  static boolean isAsciiDigit(int c) {
    return c >= '0' && c <= '9';
  }

  /** Neither space nor letter nor number. */
  static boolean isOther(int c) {
    return !isSpace(c) && !isLetter(c) && !isNumber(c);
  }

  /** Punctuation and {@code $+<=>^~|}, of the default pattern. */
  static boolean isMark(int c) {
    return isPunctuation(c) || c < 0x80 && "$+<=>^~|".indexOf(c) >= 0;
  }

  /** Punctuation and {@code $+<=>^~|`}, of falcon's pattern. */
  static boolean isFalconMark(int c) {
    return c == '`' || isMark(c);
  }

  /** The ranges U+0800–U+9FA5 and U+AC00–U+D7FF of the deepseek patterns. */
  static boolean isDeepSeekCjk(int c) {
    return c >= 0x0800 && c <= 0x9FA5 || c >= 0xAC00 && c <= 0xD7FF;
  }

  static boolean isDeepSeekCased(int c) {
    for (int i = 0; i < CASED.length; i += 2) {
      if (c <= CASED[i + 1]) {
        return c >= CASED[i];
      }
    }
    return false;
  }

  /** ASCII and full-width punctuation, general punctuation and CJK marks of deepseek-llm. */
  static boolean isDeepSeekMark(int c) {
    return c >= '!' && c <= '/'
        || c >= ':' && c <= '~'
        || c >= 0xFF01 && c <= 0xFF0F
        || c >= 0xFF1A && c <= 0xFF5E
        || c >= 0x2018 && c <= 0x201F
        || c >= 0x3000 && c <= 0x3002;
  }

  private static boolean is(int types, int c) {
    return (types >> Character.getType(c) & 1) != 0;
  }
}
