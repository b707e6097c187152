package dev.rosetta.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.LogitsComparison;
import dev.rosetta.trace.Activation;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PredictionsTests {
  private static LogitsComparison compare(int tokens, float[] a, float[] b) {
    return Predictions.compare(
        new Activation(tokens, a.length / tokens, a),
        new Activation(tokens, b.length / tokens, b),
        id -> "#" + id);
  }

  @Test
  void equalLogitsAgree() {
    float[] logits = {1, 2, 3, 3, 2, 1};
    LogitsComparison same = compare(2, logits, logits.clone());
    assertEquals(0, same.kl());
    assertEquals(1, same.top1Agreement());
    assertEquals(0, same.decidedDisagreements());
    assertEquals(List.of(0, 1, 2), same.topK().stream().map(c -> c.token()).toList());
    assertEquals(List.of(0, 1, 2), same.topK().stream().map(c -> c.rankB()).toList());
    assertEquals(same, compare(2, logits, logits));
    float[] broken = {1, Float.NaN, 3, 3, 2, 1};
    assertEquals(compare(2, broken, broken.clone()), compare(2, broken, broken));
  }

  @Test
  void divergenceIsThatOfTheDistributions() {
    float log3 = (float) Math.log(3);
    // (3/4, 1/4) against (1/2, 1/2)
    double expected = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
    assertEquals(expected, compare(1, new float[] {log3, 0}, new float[] {7, 7}).kl(), 1e-7);
    // A constant on every logit changes nothing.
    assertEquals(0, compare(1, new float[] {log3, 0}, new float[] {log3 + 5, 5}).kl(), 1e-6);
  }

  @Test
  void aNearTieIsNoDecidedDisagreement() {
    LogitsComparison tie = compare(1, new float[] {1, 1.01f, 0}, new float[] {1.01f, 1, 0});
    assertEquals(0, tie.top1Agreement());
    assertEquals(0, tie.decidedDisagreements());
    float[] a = new float[100];
    float[] b = new float[100];
    a[3] = 8;
    b[5] = 8;
    LogitsComparison clear = compare(1, a, b);
    assertEquals(0, clear.top1Agreement());
    assertEquals(1, clear.decidedDisagreements());
    assertTrue(clear.kl() > 1);
  }

  @Test
  void theLowestIdWinsATie() {
    assertEquals(1, Predictions.top(new Activation(1, 3, new float[] {1, 2, 2}), 0));
  }

  @Test
  void logitsThatAreNotFiniteAreNotMeasured() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] broken = {bad, 2, 1, 0};
      float[] sound = {1, 2, 1, 0};
      for (LogitsComparison found :
          List.of(
              compare(2, sound, broken), compare(2, broken, sound), compare(2, broken, broken))) {
        assertFalse(found.measured());
        assertTrue(Double.isNaN(found.kl()));
        assertTrue(Double.isNaN(found.top1Agreement()));
        assertEquals(0, found.decidedDisagreements());
        assertEquals(2, found.topK().size(), "the last position is finite on both sides");
      }
    }
  }

  @Test
  void aTokenWithoutAFiniteLogitIsNoCandidateAndHasNoRank() {
    float[] broken = {Float.NaN, 2};
    assertEquals(
        List.of(1),
        compare(1, broken, new float[] {1, 2}).topK().stream().map(c -> c.token()).toList());
    assertEquals(
        List.of(0, LogitsComparison.Candidate.NO_RANK),
        compare(1, new float[] {1, 2}, broken).topK().stream().map(c -> c.rankB()).toList());
  }
}
