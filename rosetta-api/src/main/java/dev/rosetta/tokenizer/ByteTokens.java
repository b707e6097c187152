package dev.rosetta.tokenizer;

/** SentencePiece's fallback: a byte as the token {@code <0xHH>}. Immutable. */
final class ByteTokens {
  private final int[] ids = new int[256];

  ByteTokens(Symbols symbols) {
    for (int b = 0; b < 256; b++) {
      int id = symbols.find("<0x%02X>".formatted(b));
      // llama.cpp falls back to the byte as a character of its own.
      ids[b] = id == Symbols.NONE && b < 0x80 ? symbols.find(String.valueOf((char) b)) : id;
    }
  }

  /** The token of {@code unsignedByte}, or {@link Symbols#NONE}. */
  int id(int unsignedByte) {
    return ids[unsignedByte];
  }

  /** The byte that the token text {@code <0xHH>} stands for, or -1 for any other text. */
  static int parse(String text) {
    if (text.length() != 6 || !text.startsWith("<0x") || text.charAt(5) != '>') {
      return -1;
    }
    int high = hex(text.charAt(3));
    int low = hex(text.charAt(4));
    return high < 0 || low < 0 ? -1 : high << 4 | low;
  }

  private static int hex(char c) {
    return c < 0x80 ? Character.digit(c, 16) : -1;
  }
}
