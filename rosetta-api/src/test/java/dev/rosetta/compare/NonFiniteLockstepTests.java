package dev.rosetta.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.LogitsComparison;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** NaN and infinity on either side cost the operation that has them, and no other. */
final class NonFiniteLockstepTests {
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String UP = "model.layers.1.mlp.up_proj.weight";

  /** The llama with values of {@code tensor} from {@code from} to before {@code to} replaced. */
  private static MemorySource with(String tensor, int from, int to, float value) {
    return Pair.source("llama")
        .remove(tensor)
        .add(tensor, dims(tensor), values(tensor, from, to, value));
  }

  private static List<Long> dims(String tensor) {
    return TinyDecoder.of("llama", 11).tensors().get(tensor).dims();
  }

  private static float[] values(String tensor, int from, int to, float value) {
    float[] values = TinyDecoder.of("llama", 11).tensors().get(tensor).values().clone();
    Arrays.fill(values, from, to, value);
    return values;
  }

  private static Pair mirrored(Pair pair) {
    return new Pair(pair.b(), pair.a());
  }

  private static LogitsComparison logits(Pair pair) {
    Predictions predictions = pair.run(null).predictions();
    assertNotNull(predictions);
    return predictions.comparison(id -> "#" + id);
  }

  @ParameterizedTest
  @CsvSource({
    "model.embed_tokens.weight, NaN, embedding",
    "model.layers.0.input_layernorm.weight, NaN, layers.0.attn_norm",
    "model.layers.0.self_attn.q_proj.weight, Infinity, layers.0.q",
    "model.layers.1.self_attn.v_proj.weight, NaN, layers.1.v",
    "model.layers.1.mlp.down_proj.weight, -Infinity, layers.1.ffn_out",
    "model.norm.weight, NaN, final_norm",
    "lm_head.weight, NaN, logits",
  })
  void bothOrdersFindTheSameOperationAndGoOnFromTheFiniteSide(
      String tensor, float bad, String point) {
    int row = tensor.equals(EMBEDDING) ? 7 * 32 : 0;
    Pair onB = Pair.of("llama", with(tensor, row + 3, row + 4, bad));
    Pair onA = mirrored(onB);
    for (Pair pair : List.of(onB, onA)) {
      assertEquals(List.of(point), pair.points(Status.DIVERGED));
      assertEquals(List.of(), pair.points(Status.SKIPPED));
      LogitsComparison logits = logits(pair);
      assertFalse(logits.measured());
      assertTrue(Double.isNaN(logits.kl()));
      assertTrue(Double.isNaN(logits.top1Agreement()));
    }
    List<PointComparison> forward = onB.points();
    List<PointComparison> backward = onA.points();
    for (int i = 0; i < forward.size(); i++) {
      assertEquals(forward.get(i).status(), backward.get(i).status());
      assertEquals(
          Double.isInfinite(forward.get(i).propagated().maxDiff()),
          Double.isInfinite(backward.get(i).propagated().maxDiff()),
          forward.get(i).point() + ": what propagates is each side's own");
    }
    assertTrue(Double.isInfinite(backward.getLast().propagated().maxDiff()));
    if (!point.equals("logits")) {
      assertEquals(PassRest.UNKNOWN, onA.run(null).found(), "side B stood in");
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void aFaultBehindTheFirstIsStillFound(boolean onA) {
    MemorySource source = with("model.layers.0.mlp.gate_proj.weight", 3, 4, Float.NaN);
    source.remove(UP).add(UP, dims(UP), values(UP, 3, 4, 9));
    Pair onB = Pair.of("llama", source);
    assertEquals(
        List.of("layers.0.ffn_gate", "layers.1.ffn_up"),
        (onA ? mirrored(onB) : onB).points(Status.DIVERGED));
  }

  @Test
  void whatLiesBehindAPointThatIsFiniteOnNeitherSideIsNotCompared() {
    Pair one = Pair.of("llama", with(UP, 3, 4, Float.NaN));
    MemorySource other = with(UP, 40, 41, Float.POSITIVE_INFINITY);
    Pair same = new Pair(one.b(), one.b());
    Pair unequal = new Pair(one.b(), Pair.model(other));
    for (Pair pair : List.of(same, unequal, mirrored(unequal))) {
      assertEquals(List.of("layers.1.ffn_up"), pair.points(Status.DIVERGED));
      List<String> behind = new ArrayList<>();
      for (PointComparison point : pair.points()) {
        if (point.status() == Status.SKIPPED) {
          behind.add(point.point().name());
          assertEquals("layers.1.ffn_up is finite on neither side", point.reason());
          assertTrue(point.local() == null && point.propagated() == null);
        }
      }
      assertEquals(
          List.of(
              "layers.1.ffn_act", "layers.1.ffn_out", "layers.1.output", "final_norm", "logits"),
          behind);
      LogitsComparison logits = logits(pair);
      assertFalse(logits.measured());
      assertEquals(List.of(), logits.topK());
      assertEquals(PassRest.UNKNOWN, pair.run(null).found());
    }
  }

  @Test
  void rowsThatAreLostOnOppositeSidesLeaveEveryPositionFinite() {
    // Tokens 3 and 7 of the prompt.
    Pair pair =
        new Pair(
            Pair.model(with(EMBEDDING, 3 * 32, 3 * 32 + 1, Float.NaN)),
            Pair.model(with(EMBEDDING, 7 * 32, 7 * 32 + 1, Float.NaN)));
    for (Pair order : List.of(pair, mirrored(pair))) {
      assertEquals(List.of("embedding"), order.points(Status.DIVERGED));
      assertEquals(List.of(), order.points(Status.SKIPPED));
    }
  }

  @Test
  void whereTheOtherSideStandsInForAnAbsentWeightItsValuesMayBeLostAsWell() {
    Pair pair =
        new Pair(
            Pair.model(Pair.source("llama").remove(UP)), Pair.model(with(UP, 3, 4, Float.NaN)));
    for (Pair order : List.of(pair, mirrored(pair))) {
      assertEquals(List.of(), order.points(Status.DIVERGED));
      assertTrue(order.point("layers.1.ffn_up").reason().endsWith("is absent"));
      assertEquals(
          "layers.1.ffn_up is not finite on the one side that can compute it",
          order.point("logits").reason());
    }
  }

  @Test
  void allLogitsThatAreNaNAreNotMeasured() {
    int count = values("lm_head.weight", 0, 0, 0).length;
    Pair onB = Pair.of("llama", with("lm_head.weight", 0, count, Float.NaN));
    for (Pair pair : List.of(onB, mirrored(onB), new Pair(onB.b(), onB.b()))) {
      assertEquals(List.of("logits"), pair.points(Status.DIVERGED));
      LogitsComparison logits = logits(pair);
      assertFalse(logits.measured());
      assertEquals(0, logits.decidedDisagreements());
      assertEquals(pair.equals(onB) ? 5 : 0, logits.topK().size());
      logits.topK().forEach(c -> assertEquals(LogitsComparison.Candidate.NO_RANK, c.rankB()));
    }
  }
}
