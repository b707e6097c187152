package dev.rosetta.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.TensorComparison;
import dev.rosetta.Verdict;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.report.TextReport.Detail;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A report of several faults says first what to fix first, and little of what agrees. */
final class ManyFaultsTests {
  private static final int LAYERS = 6;

  private static final String GOLDEN =
      """
      [ROSETTA] Loading APR: model.apr
      [ROSETTA] Loading GGUF: model.gguf
      [ROSETTA] Prompt: "2+2="
      [ROSETTA] Token IDs: [17, 10, 17, 28]
      [ROSETTA] === Model ===
      [ROSETTA] DIAGNOSIS: the message of rope_theta
      [ROSETTA]   What to do: the fix of rope_theta
      [ROSETTA]   (CONFIG_MISMATCH, rope_theta, proven)
      [ROSETTA] DIAGNOSIS: the message of layers.2.attn_norm.weight
      [ROSETTA]   What to do: the fix of layers.2.attn_norm.weight
      [ROSETTA]   (NORM_OFFSET, layers.2.attn_norm.weight, side B, consistent)
      [ROSETTA] === Embedding ===
      [ROSETTA] APR dims: [4, 1536], GGUF dims: [4, 1536] ✓
      [ROSETTA] max_diff=0, mean_diff=0 ✓
      [ROSETTA] === Layer 0 === 3 points, max_diff=0, mean_diff=0 ✓
      [ROSETTA] === Layer 1 ===
      [ROSETTA] Q APR dims: [64, 64], GGUF dims: [64, 32]
      [ROSETTA] Q max_diff=3 ✗ DIVERGENCE!
      [ROSETTA]   largest in layers.1.q at token 1, channel 37: APR=2, GGUF=-3; mean_diff=0.3, rel_l2=0.7, tolerance 0
      [ROSETTA] The rest: 2 points, max_diff=0, mean_diff=0 ✓
      [ROSETTA] DIAGNOSIS: the message of layers.1.q.weight
      [ROSETTA]   What to do: the fix of layers.1.q.weight
      [ROSETTA]   (QK_PERMUTED, layers.1.q.weight, side B, proven)
      [ROSETTA] === Layers 2–5 === 3 points each, all agree, max_diff=0, mean_diff=0 ✓
      [ROSETTA] === Output === 1 point, max_diff=0, mean_diff=0 ✓
      [ROSETTA] === Summary ===
      [ROSETTA] What to fix, in this order:
      [ROSETTA]   #  what                     code             layer  tensor                        side  proof
      [ROSETTA]   1  Config differs           CONFIG_MISMATCH  -      rope_theta                    -     proven
      [ROSETTA]      fix: the fix of rope_theta
      [ROSETTA]   2  Q/K rows permuted        QK_PERMUTED      1      layers.1.q.weight +1          B     proven
      [ROSETTA]      fix: the fix of layers.1.q.weight
      [ROSETTA]   3  Norm weights off by one  NORM_OFFSET      2–4    layers.2.attn_norm.weight +2  B     consistent
      [ROSETTA]      fix: the fix of layers.2.attn_norm.weight
      [ROSETTA] FAILED: Config differs (rope_theta), and 2 more faults
      [ROSETTA] First divergence: layers.1.q at token 1, channel 37, max_diff=3
      [ROSETTA] Compared: 20/20 capture points, 6/6 weights, 1/1 config fields
      [ROSETTA] Logits: KL=0.25, top-1 agreement 50 %, 1 positions predict another token
      [ROSETTA] Check tokenizer: NOT RUN, side B carries none
      [ROSETTA] Check inventory: passed, every tensor is there ✓
      [ROSETTA] Recommendation: the fix of rope_theta
      """;

  private static Diagnosis diagnosis(
      DiagnosisCode code,
      String subject,
      Integer layer,
      Side side,
      Proof proof,
      List<String> tensors) {
    return new Diagnosis(
        code,
        Severity.ERROR,
        subject,
        layer,
        side,
        "the message of " + subject,
        "the fix of " + subject,
        proof,
        Map.of("tensors", tensors));
  }

  /** Q and K of layer 1, norms of layers 2 to 4, and the config are wrong. */
  private static ComparisonReport threeFaults() {
    List<PointComparison> points = new ArrayList<>();
    List<TensorComparison> tensors = new ArrayList<>();
    points.add(Samples.point(Site.EMBEDDING, -1, Status.OK, Samples.NONE));
    for (int layer = 0; layer < LAYERS; layer++) {
      boolean permuted = layer == 1;
      for (Site site : List.of(Site.ATTN_NORM, Site.Q, Site.OUTPUT)) {
        boolean wrong = permuted && site == Site.Q;
        points.add(
            Samples.point(
                site,
                layer,
                wrong ? Status.DIVERGED : Status.OK,
                wrong ? Samples.difference(3) : Samples.NONE));
      }
      List<Long> dims = List.of(64L, 64L);
      tensors.add(
          Samples.tensor(
              TensorRole.weight(Part.Q, layer),
              "q" + layer,
              dims,
              permuted ? List.of(64L, 32L) : dims));
    }
    points.add(Samples.point(Site.LOGITS, -1, Status.OK, Samples.NONE));
    return Samples.report(
        Verdict.DIVERGED,
        new ComparisonReport.Divergence(CapturePoint.of(Site.Q, 1), 1, 37, 3),
        points,
        tensors,
        List.of(
            diagnosis(
                DiagnosisCode.CONFIG_MISMATCH, "rope_theta", null, null, Proof.PROVEN, List.of()),
            diagnosis(
                DiagnosisCode.QK_PERMUTED,
                "layers.1.q.weight",
                1,
                Side.B,
                Proof.PROVEN,
                List.of("layers.1.q.weight", "layers.1.k.weight")),
            diagnosis(
                DiagnosisCode.NORM_OFFSET,
                "layers.2.attn_norm.weight",
                null,
                Side.B,
                Proof.CONSISTENT,
                List.of(
                    "layers.2.attn_norm.weight",
                    "layers.3.attn_norm.weight",
                    "layers.4.attn_norm.weight"))));
  }

  @Test
  void theSummaryBeginsWithWhatToFixAndCleanLayersAreRanges() {
    assertEquals(GOLDEN, TextReport.plain().render(threeFaults()));
  }

  @Test
  void aNarrowTerminalGetsAListWithTheSameFacts() {
    int width = 72;
    String text = new TextReport(Detail.BRIEF, Palette.PLAIN, width).render(threeFaults());
    for (String line : text.lines().toList()) {
      assertTrue(line.codePointCount(0, line.length()) <= width, line);
    }
    String whole = text.replaceAll("\n\\[ROSETTA\\] {5}(?=\\S)", " ");
    assertTrue(
        whole.contains("  2. Q/K rows permuted: QK_PERMUTED, layers.1.q.weight, side B, proven\n"),
        text);
    assertTrue(whole.contains("     fix: the fix of layers.2.attn_norm.weight\n"), text);
    assertFalse(text.contains("\u001b"));
    assertTrue(
        new TextReport(Detail.BRIEF, Palette.ANSI, width)
            .render(threeFaults())
            .replaceAll("\u001b\\[[0-9;]*m", "")
            .equals(text),
        "colour changes nothing else");
  }

  @Test
  void oneFaultNeedsNoTable() {
    assertFalse(
        TextReport.plain().render(Samples.transposedQkv()).contains("What to fix, in this order"));
  }

  @Test
  void aTableEndsWhereNobodyReadsOn() {
    List<Diagnosis> many =
        new ArrayList<>(
            Collections.nCopies(
                30,
                diagnosis(
                    DiagnosisCode.UNEXPLAINED,
                    "layers.0.q.weight",
                    0,
                    null,
                    Proof.HINT,
                    List.of())));
    ComparisonReport report = Samples.report(Verdict.DIVERGED, null, List.of(), List.of(), many);
    String text = TextReport.plain().render(report);
    assertTrue(text.contains("FAILED: Unexplained difference (layer 0), and 29 more faults"), text);
    assertTrue(text.contains("[ROSETTA]   12  Unexplained difference"), text);
    assertFalse(text.contains("[ROSETTA]   13  "), text);
    assertTrue(text.contains("[ROSETTA]   and 18 more, told above"), text);
  }

  @Test
  void layersThatWereNotComparedForOneReasonAreARangeToo() {
    List<PointComparison> points = new ArrayList<>();
    for (int layer = 0; layer < LAYERS; layer++) {
      for (Site site : List.of(Site.ATTN_NORM, Site.Q, Site.OUTPUT)) {
        boolean lost = layer > 1 || layer == 1 && site != Site.ATTN_NORM;
        points.add(
            new PointComparison(
                new CapturePoint(site, layer),
                List.of(4, 8),
                List.of(4, 8),
                lost ? Status.SKIPPED : Status.OK,
                lost ? "layers.1.attn_norm is finite on neither side" : "",
                0,
                false,
                Double.NaN,
                lost ? null : Samples.NONE,
                null));
      }
    }
    String text =
        TextReport.plain()
            .render(Samples.report(Verdict.DIVERGED, null, points, List.of(), List.of()));
    assertTrue(
        text.contains(
            "[ROSETTA] === Layers 2–5 === 3 points each, ⚠️ not compared: layers.1.attn_norm is"
                + " finite on neither side\n"),
        text);
    assertTrue(
        text.contains(
            "[ROSETTA] ⚠️ Q, OUTPUT not compared: layers.1.attn_norm is finite on neither side\n"),
        text);
    String all =
        new TextReport(Detail.EVERY_POINT, Palette.PLAIN, 0)
            .render(Samples.report(Verdict.DIVERGED, null, points, List.of(), List.of()));
    assertTrue(all.contains("=== Layer 5 ==="), all);
  }

  @ParameterizedTest
  @EnumSource
  void everyCodeHasWordsOfItsOwn(DiagnosisCode code) {
    String words = CauseWords.of(code);
    assertTrue(words.matches("[A-Z][A-Za-z/, ]+"), words);
    assertTrue(words.length() <= 34, words);
    assertFalse(words.contains("_"), words);
    List<String> others =
        java.util.Arrays.stream(DiagnosisCode.values())
            .filter(other -> other != code)
            .map(CauseWords::of)
            .collect(Collectors.toList());
    assertFalse(others.contains(words), words);
  }
}
