package dev.rosetta.tokenizer;

import java.util.Locale;

/** Kind of a token; the ordinal is GGUF's {@code tokenizer.ggml.token_type} code. */
enum TokenType {
  UNDEFINED,
  NORMAL,
  UNKNOWN,
  CONTROL,
  USER_DEFINED,
  UNUSED,
  BYTE;

  private static final TokenType[] BY_CODE = values();

  static boolean isCode(int code) {
    return code >= 0 && code < BY_CODE.length;
  }

  static TokenType of(int code) {
    return BY_CODE[code];
  }

  static boolean isUnused(int code) {
    return isCode(code) && of(code) == UNUSED;
  }

  /** The name in reports; an unknown code as its number. */
  static String label(int code) {
    return isCode(code) ? of(code).name().toLowerCase(Locale.ROOT) : String.valueOf(code);
  }

  /** Whether its text carries a meaning of its own and never shows in decoded text. */
  boolean isHidden() {
    return this == CONTROL || this == UNKNOWN;
  }
}
