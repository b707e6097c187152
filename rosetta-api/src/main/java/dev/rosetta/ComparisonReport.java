package dev.rosetta;

import dev.rosetta.trace.CapturePoint;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything a comparison found. Immutable; every rendering and the exit code derive from it.
 *
 * @param verdict the outcome
 * @param a side A
 * @param b side B
 * @param prompt the prompt's text, or null if token ids were given
 * @param tokens the ids that both sides ran on; empty if nothing was run
 * @param coverage how much was compared
 * @param firstDivergence the first diverging capture point, or null
 * @param points capture points in forward-pass order; empty for a weights-only comparison
 * @param tensors weights in forward-pass order
 * @param config effective config fields
 * @param diagnoses causes, the one to fix first in front
 * @param logits predictions, or null if they were not compared
 * @param checks what else was examined, and what was not, with the reason
 * @param continuation greedy continuation, or null if none was asked for
 * @param timings seconds by phase, in order
 * @param tool what computed it
 */
public record ComparisonReport(
    Verdict verdict,
    SideSummary a,
    SideSummary b,
    @Nullable String prompt,
    List<Integer> tokens,
    Coverage coverage,
    @Nullable Divergence firstDivergence,
    List<PointComparison> points,
    List<TensorComparison> tensors,
    List<ConfigComparison> config,
    List<Diagnosis> diagnoses,
    @Nullable LogitsComparison logits,
    List<Check> checks,
    @Nullable Continuation continuation,
    Map<String, Double> timings,
    Tool tool) {

  /** Version of the JSON form. */
  public static final String SCHEMA = "rosetta-report/1";

  public ComparisonReport {
    tokens = List.copyOf(tokens);
    points = List.copyOf(points);
    tensors = List.copyOf(tensors);
    config = List.copyOf(config);
    diagnoses = List.copyOf(diagnoses);
    checks = List.copyOf(checks);
  }

  /** The first capture point beyond its tolerance. */
  public record Divergence(CapturePoint point, int token, int index, double maxDiff) {}

  /**
   * A check beside the capture points: tokenizer, inventory, structure.
   *
   * @param name {@code tokenizer}, {@code inventory}, …
   * @param outcome the result; {@code NOT_RUN} never counts as passed
   * @param detail one sentence
   * @param required whether {@code NOT_RUN} makes the verdict {@link Verdict#INCONCLUSIVE}
   */
  public record Check(String name, Outcome outcome, String detail, boolean required) {

    /** The result of a check. */
    public enum Outcome {
      PASSED,
      FAILED,
      NOT_RUN
    }
  }

  /**
   * Greedy continuation on both sides, each on its own output.
   *
   * @param agreeing length of the common prefix
   */
  public record Continuation(
      List<Integer> a, List<Integer> b, String textA, String textB, int agreeing) {}

  /** What computed the report. */
  public record Tool(String version, String backend, int threads) {}
}
