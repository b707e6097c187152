package dev.rosetta.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.PointComparison.Status;
import dev.rosetta.Verdict;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.trace.CapturePoint.Site;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class JsonReportTests {

  @Test
  void carriesWhatTheSchemaNames() {
    Map<?, ?> json = JsonText.object(JsonReport.render(Samples.transposedQkv(), 1));
    assertEquals("rosetta-report/1", json.get("schema"));
    assertEquals("DIVERGED", json.get("verdict"));
    assertEquals(1L, json.get("exitCode"));
    assertEquals(List.of(17L, 10L, 17L, 28L), json.get("tokens"));
    assertEquals("layers.0.q", ((Map<?, ?>) json.get("firstDivergence")).get("point"));
    Map<?, ?> coverage = (Map<?, ?>) json.get("coverage");
    assertEquals(9L, ((Map<?, ?>) coverage.get("points")).get("compared"));
    Map<?, ?> diagnosis = (Map<?, ?>) ((List<?>) json.get("diagnoses")).getFirst();
    assertEquals("WEIGHT_TRANSPOSED", diagnosis.get("code"));
    assertEquals("error", diagnosis.get("severity"));
    assertEquals("A", diagnosis.get("side"));
    assertEquals(0L, diagnosis.get("layer"));
    Map<?, ?> q = (Map<?, ?>) ((List<?>) json.get("points")).get(2);
    assertEquals("diverged", q.get("status"));
    assertEquals(847.3, ((Map<?, ?>) q.get("local")).get("maxDiff"));
  }

  @Test
  void nonFiniteNumbersAreNullBesideAFlag() {
    Map<?, ?> json =
        JsonText.object(
            JsonReport.render(
                Samples.report(
                    Verdict.DIVERGED,
                    null,
                    List.of(
                        Samples.point(
                            Site.Q,
                            0,
                            Status.DIVERGED,
                            Samples.difference(Double.POSITIVE_INFINITY))),
                    List.of(),
                    Samples.transposedQkv().diagnoses()),
                1));
    Map<?, ?> point = (Map<?, ?>) ((List<?>) json.get("points")).getFirst();
    Map<?, ?> local = (Map<?, ?>) point.get("local");
    assertTrue(local.containsKey("maxDiff"));
    assertNull(local.get("maxDiff"));
    assertEquals(true, local.get("nonFinite"));
    Map<?, ?> diagnosis = (Map<?, ?>) ((List<?>) json.get("diagnoses")).getFirst();
    assertEquals(true, ((Map<?, ?>) diagnosis.get("evidence")).get("nonFinite"));
  }

  @Test
  void isPrintableAsciiWhateverTheFileSays() {
    String text = JsonReport.render(Samples.match(), 0);
    assertTrue(text.chars().allMatch(c -> c == '\n' || c >= ' ' && c < 0x7f), text);
    assertTrue(text.contains("a\\u001B[31m"), text);
  }

  @Test
  void errorObjectHasEveryField() {
    ErrorReport error =
        ErrorReport.of(
            new ModelException(
                ErrorCode.MALFORMED, Path.of("m\u0007.gguf"), 24, "bad\nkey \u202e"));
    Map<?, ?> json = JsonText.object(error.json());
    assertEquals("rosetta-error/1", json.get("schema"));
    assertEquals(3L, json.get("exitCode"));
    assertEquals("MALFORMED", json.get("code"));
    assertEquals(24L, json.get("offset"));
    assertEquals("bad\\u000akey \\u202e", json.get("message"), "the exception escapes it");
    assertEquals("m\u0007.gguf", json.get("path"));
    assertEquals(
        "rosetta: error: m\\u0007.gguf: bad\\u000akey \\u202e (MALFORMED, byte 24)", error.line());
    assertFalse(error.line().contains("\n"));
  }

  @Test
  void errorWithoutAFileHasNulls() {
    Map<?, ?> json = JsonText.object(ErrorReport.usage("unknown option").json());
    assertTrue(json.containsKey("path"));
    assertNull(json.get("path"));
    assertNull(json.get("offset"));
    assertEquals(2L, json.get("exitCode"));
  }
}
