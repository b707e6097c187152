package dev.rosetta.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MessageTextTests {
  @Test
  void whatATerminalWouldObeyIsEscaped() {
    assertEquals(
        "key '\\u001b]52;c;x\\u0007\\u202e\\u200b\\u000a' is odd, \u4e16\u754c is not",
        message("key '\u001b]52;c;x\u0007\u202e\u200b\n' is odd, \u4e16\u754c is not"));
  }

  @Test
  void ofALongNameBothEndsOfTheMessageRemain() {
    String message = message("key '" + "k".repeat(60_000) + "' is too long");
    assertTrue(message.length() < 600, () -> message.length() + " characters");
    assertTrue(message.startsWith("key 'kkk"), message);
    assertTrue(message.endsWith("kkk' is too long"), message);
  }

  @Test
  void notesAreHeldToTheSame() {
    assertEquals("a\\u0000b", new SourceNote(Severity.INFO, "CODE", null, "a\0b").message());
  }

  private static String message(String text) {
    return new ModelException(ErrorCode.MALFORMED, Path.of("x"), text).getMessage();
  }
}
