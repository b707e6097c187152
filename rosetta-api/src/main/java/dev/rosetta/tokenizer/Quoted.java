package dev.rosetta.tokenizer;

/** Texts from a file as they may be shown: quoted, without control characters, not too long. */
final class Quoted {
  private static final int LIMIT = 40;

  private Quoted() {}

  static String of(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.codePoints()
        .limit(LIMIT)
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                out.append('\\').appendCodePoint(c);
              } else if (isPlain(c)) {
                out.appendCodePoint(c);
              } else {
                out.append("\\u{%x}".formatted(c));
              }
            });
    return out.append(text.codePointCount(0, text.length()) > LIMIT ? "…\"" : "\"").toString();
  }

  private static boolean isPlain(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
