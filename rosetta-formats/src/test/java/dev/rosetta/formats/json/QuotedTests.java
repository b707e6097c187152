package dev.rosetta.formats.json;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class QuotedTests {

  @Test
  void whatATerminalWouldObeyIsEscaped() {
    assertEquals(
        "\"a\\u001b]8;;\\u007f\\u0085\\u202e\\u200b\\u2028\"",
        Quoted.quote("a\u001b]8;;\u007f\u0085\u202e\u200b\u2028"));
    assertEquals("\\u0022\\u005c\\ud800", Quoted.escape("\"\\\ud800"));
    assertEquals("Ġé▁ 文", Quoted.escape("Ġé▁ 文"));
  }

  @Test
  void longTextIsCut() {
    assertEquals("x".repeat(80) + "… (100 characters)", Quoted.escape("x".repeat(100)));
    assertEquals("x".repeat(80), Quoted.escape("x".repeat(80)));
  }
}
