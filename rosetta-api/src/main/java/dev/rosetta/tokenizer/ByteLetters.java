package dev.rosetta.tokenizer;

import java.util.Arrays;

/**
 * The letters that byte-level vocabularies write bytes with (Radford et al., GPT-2, {@code
 * bytes_to_unicode}): printable Latin-1 bytes stand for themselves, the other 68 are numbered from
 * U+0100 on. A blank is U+0120.
 */
final class ByteLetters {
  private static final char[] LETTERS = new char[256];
  private static final short[] BYTES = new short[0x144];

  static {
    Arrays.fill(BYTES, (short) -1);
    char next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xFF && b != 0xAD;
      LETTERS[b] = printable ? (char) b : next++;
      BYTES[LETTERS[b]] = (short) b;
    }
  }

  private ByteLetters() {}

  static char letter(int unsignedByte) {
    return LETTERS[unsignedByte];
  }

  /** The byte 0..255 that {@code letter} stands for, or -1 for any other character. */
  static int unsignedByte(char letter) {
    return letter < BYTES.length ? BYTES[letter] : -1;
  }
}
