package dev.rosetta.formats.json;

/** Text from a file as it may stand in a message: one line, escaped, cut to a fixed length. */
public final class Quoted {
  private static final int MAX_CHARS = 80;

  private Quoted() {}

  /** {@code text} in double quotes. */
  public static String quote(String text) {
    return '"' + escape(text) + '"';
  }

  /** {@code text} without quotes; what is not printable becomes {@code \}{@code uXXXX}. */
  public static String escape(String text) {
    StringBuilder shown = new StringBuilder();
    int end = Math.min(text.length(), MAX_CHARS);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (isPlain(c)) {
        shown.append(c);
      } else {
        shown.append(String.format("\\u%04x", (int) c));
      }
    }
    if (end < text.length()) {
      shown.append("… (").append(text.length()).append(" characters)");
    }
    return shown.toString();
  }

  private static boolean isPlain(char c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> c != '"' && c != '\\';
    };
  }
}
