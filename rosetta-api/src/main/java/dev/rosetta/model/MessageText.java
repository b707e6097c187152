package dev.rosetta.model;

/**
 * A message as a log or a terminal can take it, whatever the names in it come from: characters that
 * are not visible become {@code \}{@code uXXXX}, and the middle of a very long message is left out.
 */
final class MessageText {
  private static final int MAX_CHARS = 600;
  private static final int HEAD_CHARS = 400;
  private static final int TAIL_CHARS = 150;

  private MessageText() {}

  static String of(String message) {
    if (message.length() <= MAX_CHARS) {
      return SafeText.escape(message);
    }
    int left = message.length() - HEAD_CHARS - TAIL_CHARS;
    return SafeText.escape(message.substring(0, HEAD_CHARS))
        + "… ("
        + left
        + " more characters) …"
        + SafeText.escape(message.substring(message.length() - TAIL_CHARS));
  }
}
