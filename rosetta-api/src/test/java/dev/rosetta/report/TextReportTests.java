package dev.rosetta.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.Verdict;
import dev.rosetta.report.TextReport.Detail;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TextReportTests {

  @Test
  void transposedQkvReadsLikeTheOriginalRequest() {
    String text = TextReport.plain().render(Samples.transposedQkv());
    List<String> expected =
        List.of(
            "[ROSETTA] Loading APR: model.apr",
            "[ROSETTA] Loading GGUF: model.gguf",
            "[ROSETTA] Prompt: \"2+2=\"",
            "[ROSETTA] Token IDs: [17, 10, 17, 28]",
            "[ROSETTA] === Embedding ===",
            "[ROSETTA] APR dims: [4, 1536], GGUF dims: [4, 1536] ✓",
            "[ROSETTA] max_diff=0.0001, mean_diff=0.00003 ✓",
            "[ROSETTA] === Layer 0 ===",
            "[ROSETTA] QKV APR dims: [1536, 4608], GGUF dims: [4608, 1536]",
            "[ROSETTA] ⚠️ LAYOUT MISMATCH: APR=[in,out] GGUF=[out,in]",
            "[ROSETTA] QKV max_diff=847.3 ✗ DIVERGENCE!",
            "[ROSETTA] DIAGNOSIS: APR QKV weight needs transpose (GGML convention)",
            "[ROSETTA] === Layer 1 === 2 points, max_diff=0, mean_diff=0 ✓",
            "[ROSETTA] === Summary ===",
            "[ROSETTA] FAILED: Layout mismatch detected at Layer 0 QKV",
            "[ROSETTA] Recommendation: Transpose weight matrices during APR load");
    List<String> lines = text.lines().toList();
    int at = 0;
    for (String line : expected) {
      int found = lines.subList(at, lines.size()).indexOf(line);
      assertTrue(found >= 0, () -> "missing or out of order: " + line + "\n" + text);
      at += found + 1;
    }
  }

  @Test
  void checkThatDidNotRunIsSaidNotToHaveRun() {
    String text = TextReport.plain().render(Samples.match());
    assertTrue(text.contains("Check tokenizer: NOT RUN, side B carries none"), text);
    assertTrue(text.contains("MATCH: both files hold the same model"), text);
  }

  @Test
  void nothingComparedIsNoMatch() {
    String text =
        TextReport.plain()
            .render(Samples.report(Verdict.INCONCLUSIVE, null, List.of(), List.of(), List.of()));
    assertTrue(text.contains("INCONCLUSIVE: "), text);
    assertTrue(text.contains("no capture points were compared"), text);
    assertFalse(text.contains("✓ MATCH"), text);
  }

  @Test
  void verboseListsEveryPoint() {
    String text = new TextReport(Detail.EVERY_POINT, Palette.PLAIN, 0).render(Samples.match());
    assertTrue(text.contains("[ROSETTA] Q max_diff=0, mean_diff=0 ✓"), text);
    assertTrue(text.contains("[ROSETTA] K max_diff=0, mean_diff=0 ✓"), text);
    assertTrue(text.contains("rope_theta: 10000 ✓"), text);
  }

  @Test
  void narrowTerminalBreaksLinesBetweenWords() {
    int width = 40;
    String text =
        new TextReport(Detail.BRIEF, Palette.PLAIN, width).render(Samples.transposedQkv());
    String unbroken = TextReport.plain().render(Samples.transposedQkv());
    for (String line : text.lines().toList()) {
      assertTrue(line.length() <= width || !line.substring(14).strip().contains(" "), line);
    }
    assertEquals(words(unbroken), words(text));
  }

  private static List<String> words(String text) {
    return List.of(text.replace("[ROSETTA] ", " ").strip().split("\\s+"));
  }

  @Test
  void colourIsOnlyThereWhenAskedFor() {
    assertFalse(TextReport.plain().render(Samples.transposedQkv()).contains("\u001b"));
    assertTrue(
        new TextReport(Detail.BRIEF, Palette.ANSI, 0)
            .render(Samples.transposedQkv())
            .contains("\u001b[1;31m"));
  }
}
