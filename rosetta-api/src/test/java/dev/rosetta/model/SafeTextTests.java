package dev.rosetta.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

final class SafeTextTests {

  @Test
  void harmlessTextIsUntouched() {
    String text = "blk.0.attn_q.weight";
    assertSame(text, SafeText.escape(text));
    assertEquals("größe 模型 😀 ✓", SafeText.escape("größe 模型 😀 ✓"));
  }

  @Test
  void everythingInvisibleIsEscaped() {
    assertEquals("a\\u001b[31m", SafeText.escape("a\u001b[31m"));
    assertEquals("\\u000a\\u000d\\u0009\\u0000", SafeText.escape("\n\r\t\0"));
    assertEquals("\\u007f\\u0085\\u009b", SafeText.escape("\u007f\u0085\u009b"));
    assertEquals("\\u202e\\u2066\\u200e", SafeText.escape("\u202e\u2066\u200e"));
    assertEquals("\\u200b\\u200d\\ufeff\\u2060", SafeText.escape("\u200b\u200d\ufeff\u2060"));
    assertEquals("\\u2028\\u2029", SafeText.escape("\u2028\u2029"));
    assertEquals("\\ud800x", SafeText.escape("\ud800x"));
    assertEquals("\\udb40\\udc41", SafeText.escape("\udb40\udc41"));
  }

  @Test
  void longTextIsCutAndSaysSo() {
    assertEquals("aaa… (7 more characters)", SafeText.escape("a".repeat(10), 3));
    assertEquals("aa… (2 more characters)", SafeText.escape("aa😀", 3));
    assertEquals("abc", SafeText.escape("abc", 3));
  }
}
