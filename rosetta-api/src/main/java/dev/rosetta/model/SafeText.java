package dev.rosetta.model;

import java.util.Locale;

/**
 * Makes text from files safe for a terminal and for messages.
 *
 * <p>Control characters (C0, DEL, C1), invisible format characters (bidirectional, zero-width,
 * tags), line and paragraph separators, lone surrogates and code points without a meaning become
 * {@code \}{@code uXXXX} escapes, so that a name can neither move a cursor nor pass for another.
 */
public final class SafeText {
  private SafeText() {}

  /** {@code text} with every unsafe character escaped. */
  public static String escape(String text) {
    int safe = 0;
    while (safe < text.length() && isPrintableAscii(text.charAt(safe))) {
      safe++;
    }
    if (safe == text.length()) {
      return text;
    }
    StringBuilder escaped = new StringBuilder(text.length() + 16);
    text.codePoints().forEach(codePoint -> append(escaped, codePoint));
    return escaped.toString();
  }

  /** {@link #escape}, cut after {@code limit} characters of {@code text}; the cut is marked. */
  public static String escape(String text, int limit) {
    if (text.length() <= limit) {
      return escape(text);
    }
    int end = Character.isHighSurrogate(text.charAt(limit - 1)) ? limit - 1 : limit;
    return escape(text.substring(0, end)) + "… (" + (text.length() - end) + " more characters)";
  }

  private static boolean isPrintableAscii(char c) {
    return c >= ' ' && c < 0x7f;
  }

  private static void append(StringBuilder target, int codePoint) {
    if (isUnsafe(codePoint)) {
      for (char unit : Character.toChars(codePoint)) {
        target.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
      }
    } else {
      target.appendCodePoint(codePoint);
    }
  }

  private static boolean isUnsafe(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          true;
      default -> false;
    };
  }
}
