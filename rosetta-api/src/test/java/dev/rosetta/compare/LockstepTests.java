package dev.rosetta.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.Difference;
import dev.rosetta.LogitsComparison;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LockstepTests {
  private static final String GATE = "model.layers.0.mlp.gate_proj.weight";
  private static final String UP = "model.layers.1.mlp.up_proj.weight";

  /** The model with one value of {@code tensor} changed. */
  private static MemorySource with(String family, String tensor, float value) {
    TinyDecoder.Tensor original = TinyDecoder.of(family, 11).tensors().get(tensor);
    float[] values = original.values().clone();
    values[3] = value;
    return Pair.source(family).remove(tensor).add(tensor, original.dims(), values);
  }

  private static boolean propagates(PointComparison point) {
    return point.propagated() != null && point.propagated().maxDiff() > 0;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "qwen3"})
  void identicalModelsAreComputedOnce(String family) {
    TinyDecoder tiny = TinyDecoder.of(family, 11);
    Pair pair =
        new Pair(
            Pair.model(tiny.source(MetadataDialect.HUGGING_FACE)),
            Pair.model(tiny.source(MetadataDialect.GGUF)));
    List<PointComparison> points = pair.points();
    assertEquals(3 + 2 * (family.equals("qwen3") ? 17 : 15), points.size());
    for (PointComparison point : points) {
      assertEquals(Status.OK, point.status(), point.toString());
      assertEquals("same values and input: computed once", point.reason());
      assertEquals(0, point.tolerance());
      assertEquals(0, point.local().maxDiff());
      assertEquals(0, point.propagated().maxDiff());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "model.embed_tokens.weight, embedding",
    "model.layers.0.input_layernorm.weight, layers.0.attn_norm",
    "model.layers.0.self_attn.q_proj.weight, layers.0.q",
    "model.layers.1.self_attn.k_proj.weight, layers.1.k",
    "model.layers.1.self_attn.k_proj.bias, layers.1.k",
    "model.layers.0.self_attn.v_proj.weight, layers.0.v",
    "model.layers.0.self_attn.v_proj.bias, layers.0.v",
    "model.layers.1.self_attn.o_proj.weight, layers.1.attn_out",
    "model.layers.0.post_attention_layernorm.weight, layers.0.ffn_norm",
    "model.layers.0.mlp.gate_proj.weight, layers.0.ffn_gate",
    "model.layers.0.mlp.up_proj.weight, layers.0.ffn_up",
    "model.layers.1.mlp.down_proj.weight, layers.1.ffn_out",
    "model.norm.weight, final_norm",
  })
  void aFaultShowsInTheLocalErrorOfItsOperationAndNowhereElse(String tensor, String point) {
    Pair pair = Pair.of("qwen2", with("qwen2", tensor, 9));
    List<String> diverged = pair.points(Status.DIVERGED);
    // The embedding is the head too.
    assertEquals(
        tensor.contains("embed") ? List.of("embedding", "logits") : List.of(point), diverged);
    boolean before = true;
    for (PointComparison other : pair.points()) {
      before &= !other.point().name().equals(point);
      assertTrue(!before || !propagates(other), other + " comes before the fault");
      if (!diverged.contains(other.point().name())) {
        assertEquals(0, other.local().maxDiff(), other.toString());
      }
    }
    assertTrue(propagates(pair.point("logits")), "the fault goes on in the propagated error");
  }

  @Test
  void everyFaultIsFoundInOneRun() {
    MemorySource source = with("llama", GATE, 9);
    String second = "model.layers.1.self_attn.o_proj.weight";
    TinyDecoder.Tensor original = TinyDecoder.of("llama", 11).tensors().get(second);
    float[] values = original.values().clone();
    values[100] = -7;
    source.remove(second).add(second, original.dims(), values);
    assertEquals(
        List.of("layers.0.ffn_gate", "layers.1.attn_out"),
        Pair.of("llama", source).points(Status.DIVERGED));
  }

  @Test
  void anotherElementTypeIsNoiseWithinItsBound() {
    MemorySource source = Pair.source("llama").remove(GATE);
    TinyDecoder.Tensor original = TinyDecoder.of("llama", 11).tensors().get(GATE);
    source.addHalf(GATE, original.dims(), original.values());
    Pair pair = Pair.of("llama", source);
    PointComparison gate = pair.point("layers.0.ffn_gate");
    assertEquals(Status.NOISE, gate.status());
    assertTrue(gate.relativeTolerance());
    assertTrue(gate.local().relL2() > 0 && gate.local().relL2() <= gate.tolerance());
    assertEquals(List.of(), pair.points(Status.DIVERGED));
    assertEquals(List.of("layers.0.ffn_gate"), pair.points(Status.NOISE));
  }

  @Test
  void aFaultUnderAnotherElementTypeStillShows() {
    MemorySource source = Pair.source("llama").remove(GATE);
    TinyDecoder.Tensor original = TinyDecoder.of("llama", 11).tensors().get(GATE);
    float[] values = original.values().clone();
    java.util.Arrays.fill(values, 0, 32, 0);
    source.addHalf(GATE, original.dims(), values);
    assertEquals(List.of("layers.0.ffn_gate"), Pair.of("llama", source).points(Status.DIVERGED));
  }

  @ParameterizedTest
  @ValueSource(strings = {"absent", "unreadable"})
  void aWeightThatCannotBeUsedIsSkippedAndThePassGoesOn(String how) {
    for (boolean onA : new boolean[] {true, false}) {
      MemorySource source = Pair.source("llama").remove(GATE);
      if (how.equals("unreadable")) {
        source.add(GATE, ElementType.I8, List.of(64L, 32L), 1, new byte[64 * 32]);
      }
      Pair forward = Pair.of("llama", source);
      Pair pair = onA ? new Pair(forward.b(), forward.a()) : forward;
      assertEquals(List.of("layers.0.ffn_gate"), pair.points(Status.SKIPPED));
      assertEquals(List.of(), pair.points(Status.DIVERGED));
      PointComparison gate = pair.point("layers.0.ffn_gate");
      assertTrue(gate.reason().startsWith(onA ? "side A: " : "side B: "), gate.reason());
      assertTrue(Double.isNaN(gate.tolerance()));
      assertNull(gate.local());
      PointComparison logits = pair.point("logits");
      assertEquals(Status.OK, logits.status(), "later operations go on from the other side");
      assertNull(logits.propagated(), "but the faulty side has no activations of its own");
    }
  }

  @Test
  void anUnequalConfigFieldShowsWhereItActs() {
    Map<String, List<String>> acts =
        Map.of(
            "rope_theta", List.of("layers.0.q_rope", "layers.0.k_rope"),
            "rms_norm_eps", List.of("layers.0.attn_norm", "layers.0.ffn_norm"));
    acts.forEach(
        (key, points) -> {
          Pair pair = Pair.of("llama", Pair.source("llama").state(key, 0.5));
          assertEquals(
              java.util.Set.of(ConfigField.valueOf(key.toUpperCase(java.util.Locale.ROOT))),
              pair.unequalConfig());
          List<String> diverged = pair.points(Status.DIVERGED);
          assertTrue(diverged.containsAll(points), diverged.toString());
          assertTrue(
              diverged.stream().allMatch(p -> p.contains("rope") || p.contains("norm")),
              diverged.toString());
        });
  }

  @Test
  void theSameConfigInOtherDecimalsIsEqual() {
    assertEquals(
        java.util.Set.of(),
        Pair.of("llama", Pair.source("llama").state("rms_norm_eps", 9.999999747378752e-6))
            .unequalConfig());
    assertEquals(
        java.util.Set.of(ConfigField.RMS_NORM_EPS),
        Pair.of("llama", Pair.source("llama").state("rms_norm_eps", 1e-6)).unequalConfig());
  }

  @Test
  void layersOfOneSideAloneAreSkipped() {
    MemorySource shallow = Pair.source("llama").state("num_hidden_layers", 1L);
    TinyDecoder.of("llama", 11).tensors().keySet().stream()
        .filter(name -> name.startsWith("model.layers.1."))
        .forEach(shallow::remove);
    Pair pair = Pair.of("llama", shallow);
    List<String> skipped = pair.points(Status.SKIPPED);
    assertEquals(15, skipped.stream().filter(name -> name.startsWith("layers.1.")).count());
    assertTrue(skipped.stream().noneMatch(name -> name.startsWith("layers.0.")));
    assertEquals(java.util.Set.of(ConfigField.NUM_LAYERS), pair.unequalConfig());
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void activationsThatAreNotFiniteDivergeEvenIfBothSidesAgree(float bad) {
    MemorySource source = with("llama", "model.layers.1.mlp.up_proj.weight", bad);
    Pair one = Pair.of("llama", source);
    assertEquals("layers.1.ffn_up", one.points(Status.DIVERGED).getFirst());
    assertTrue(Double.isInfinite(one.point("layers.1.ffn_up").local().maxDiff()));
    Pair both = new Pair(one.b(), one.b());
    assertEquals(List.of("layers.1.ffn_up"), both.points(Status.DIVERGED));
    assertTrue(both.points(Status.SKIPPED).contains("logits"));
  }

  @Test
  void aFilterSelectsWhatIsReportedAndNotWhatIsRun() {
    Pair pair = Pair.of("llama", with("llama", GATE, 9));
    Lockstep.Outcome outcome = pair.run(Pattern.compile("layers\\.1\\.ffn_out|logits"));
    assertEquals(
        List.of("layers.1.ffn_out", "logits"),
        outcome.points().stream().map(p -> p.point().name()).toList());
    assertTrue(propagates(outcome.points().getLast()));
    assertEquals(List.of(), pair.run(Pattern.compile("layers\\.7\\.")).points());
    assertNotNull(outcome.predictions());
  }

  @Test
  void modelsOfUnequalWidthAreSkippedAndNotCut() {
    Pair pair = new Pair(Pair.model(Pair.source("llama")), Pair.model(Pair.source("qwen3")));
    assertTrue(pair.points(Status.SKIPPED).contains("layers.0.q_norm"));
    assertTrue(
        pair.points().stream()
            .filter(point -> point.point().name().equals("layers.0.q"))
            .allMatch(point -> point.status() == Status.SKIPPED));
  }

  @ParameterizedTest
  @CsvSource({
    "model.embed_tokens.weight, 0",
    "model.layers.0.mlp.gate_proj.weight, 0",
    "model.layers.1.input_layernorm.weight, 1",
    "model.layers.1.mlp.down_proj.weight, 1",
    "model.norm.weight, 2",
  })
  void aPassGoesOnFromTheLayerInFrontOfTheFaultAsFromItsStart(String tensor, int layer) {
    Pair pair = Pair.of("qwen2", with("qwen2", tensor, 9));
    Lockstep.Outcome whole = pair.run(null);
    PassStart agreed = whole.agreed();
    assertEquals(layer, agreed.layer());
    Lockstep.Outcome rest = pair.with(null, lockstep -> lockstep.run(agreed, done -> {}));
    assertEquals(whole.points(), rest.points());
    assertEquals(layer, rest.agreed().layer());
    Pair repaired = new Pair(pair.a(), pair.a());
    for (PointComparison point : repaired.with(null, l -> l.run(agreed, done -> {}).points())) {
      assertEquals(Status.OK, point.status(), point.toString());
    }
  }

  @Test
  void aLocalPassFindsTheSameButForWhatPropagates() {
    Pair pair = Pair.of("qwen2", with("qwen2", GATE, 9));
    Lockstep.Outcome whole = pair.run(null);
    List<PointComparison> local =
        pair.with(
            null, lockstep -> lockstep.runLocally(whole.agreed(), PassRest.UNKNOWN, done -> {}));
    assertEquals(whole.points().size(), local.size());
    for (int i = 0; i < local.size(); i++) {
      PointComparison expected = whole.points().get(i);
      PointComparison point = local.get(i);
      assertEquals(expected.point(), point.point());
      assertEquals(expected.status(), point.status());
      assertEquals(expected.local(), point.local());
      assertTrue(i == 0 || point.propagated() == null, point.toString());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "model.layers.0.mlp.gate_proj.weight, 1",
    "model.layers.1.mlp.down_proj.weight, 2",
  })
  void aLocalPassEndsWhereOnlySideBHasChanged(String tensor, int end) {
    Pair faulty = Pair.of("qwen2", with("qwen2", tensor, 9));
    Lockstep.Outcome before = faulty.run(null);
    Pair repaired = new Pair(faulty.a(), faulty.a());
    PassRest rest = before.found().from(end, false);
    List<Integer> layers = new java.util.ArrayList<>();
    List<PointComparison> ended =
        repaired.with(null, l -> l.runLocally(before.agreed(), rest, layers::add));
    List<PointComparison> whole =
        repaired.with(null, l -> l.runLocally(PassStart.FIRST, PassRest.UNKNOWN, done -> {}));
    assertEquals(List.of(end), layers, "the layer of the fault is computed, and no other");
    assertEquals(whole.size(), ended.size());
    for (int i = 0; i < whole.size(); i++) {
      assertEquals(whole.get(i).point(), ended.get(i).point());
      assertEquals(whole.get(i).status(), ended.get(i).status());
      assertEquals(whole.get(i).local(), ended.get(i).local());
    }
    // A fault that was not repaired is still found, in front of the end and behind it.
    List<PointComparison> unrepaired =
        faulty.with(null, l -> l.runLocally(before.agreed(), rest, done -> {}));
    assertEquals(
        faulty.points(Status.DIVERGED),
        unrepaired.stream()
            .filter(point -> point.status() == Status.DIVERGED)
            .map(point -> point.point().name())
            .toList());
    assertEquals(PassRest.UNKNOWN, before.found().from(Integer.MAX_VALUE, false));
  }

  @ParameterizedTest
  @CsvSource({
    "model.layers.0.mlp.gate_proj.weight, 1",
    "model.layers.1.mlp.down_proj.weight, 2",
  })
  void aLocalPassEndsBehindARepairOfSideAWhereTheRestIsTheSame(String tensor, int end) {
    Pair faulty = Pair.of("qwen2", with("qwen2", tensor, 9));
    Pair onA = new Pair(faulty.b(), faulty.a());
    Lockstep.Outcome before = onA.run(null);
    PassRest rest = before.found().from(end, true);
    assertEquals(end, rest.layer());
    Pair repaired = new Pair(faulty.a(), faulty.a());
    List<PointComparison> ended =
        repaired.with(null, l -> l.runLocally(before.agreed(), rest, done -> {}));
    List<PointComparison> whole =
        repaired.with(null, l -> l.runLocally(PassStart.FIRST, PassRest.UNKNOWN, done -> {}));
    assertEquals(whole.size(), ended.size());
    for (int i = 0; i < whole.size(); i++) {
      assertEquals(whole.get(i).point(), ended.get(i).point());
      assertEquals(whole.get(i).status(), ended.get(i).status());
    }
    assertEquals(PassRest.UNKNOWN, before.found().from(end - 1, true), "the fault itself");
    MemorySource twice = with("qwen2", "model.norm.weight", Float.NaN);
    Pair behind = new Pair(Pair.model(twice), faulty.a());
    assertEquals(PassRest.UNKNOWN, behind.run(null).found().from(end, true), "a second one");
    MemorySource noisy = Pair.source("qwen2").remove(UP);
    TinyDecoder.Tensor up = TinyDecoder.of("qwen2", 11).tensors().get(UP);
    noisy.addHalf(UP, up.dims(), up.values());
    Pair rounded = Pair.of("qwen2", noisy);
    assertEquals(List.of("layers.1.ffn_up"), rounded.points(Status.NOISE));
    PassRest found = rounded.run(null).found();
    assertEquals(PassRest.UNKNOWN, found.from(1, true), "noise goes with its input");
    assertEquals(1, found.from(1, false).layer());
    assertEquals(2, found.from(2, true).layer());
  }

  @Test
  void whatWasFoundOnTheOtherSidesActivationsIsNotTakenAgain() {
    Pair complete = Pair.of("llama", with("llama", GATE, 9));
    assertEquals(0, complete.run(null).found().layer());
    Pair absent = Pair.of("llama", Pair.source("llama").remove(GATE));
    assertEquals(0, absent.run(null).found().layer(), "side B stood in nowhere");
    Pair standingIn = new Pair(absent.b(), absent.a());
    assertEquals(PassRest.UNKNOWN, standingIn.run(null).found());
    assertEquals(PassRest.UNKNOWN, standingIn.run(null).found().from(1, false));
  }

  @ParameterizedTest
  @CsvSource({
    "model.embed_tokens.weight, 9",
    "model.layers.1.mlp.down_proj.weight, 9",
    "model.layers.1.mlp.down_proj.weight, NaN",
    "model.norm.weight, 0",
  })
  void logitsInPiecesAreComparedAsAWhole(String tensor, float value) {
    MemorySource source = with("qwen2", tensor, value);
    List<Pair> pairs =
        List.of(
            Pair.of("qwen2", source),
            new Pair(Pair.model(source), Pair.model(source)),
            new Pair(Pair.model(source), Pair.model(Pair.source("qwen2"))));
    for (Pair pair : pairs) {
      Lockstep.Outcome whole = pair.run(null);
      PointComparison expected = whole.points().getLast();
      for (int piece = 1; piece < Pair.TOKENS.length; piece++) {
        int positions = piece;
        Lockstep.Outcome pieces = pair.with(null, l -> l.logitsAtATime(positions).run(done -> {}));
        PointComparison logits = pieces.points().getLast();
        assertEquals(expected.point(), logits.point());
        assertEquals(expected.dimsA(), logits.dimsA());
        assertEquals(expected.dimsB(), logits.dimsB());
        assertEquals(expected.status(), logits.status());
        assertEquals(expected.reason(), logits.reason());
        assertSame(expected.local(), logits.local());
        assertSame(expected.propagated(), logits.propagated());
        LogitsComparison all = whole.predictions().comparison(id -> "#" + id);
        LogitsComparison parts = pieces.predictions().comparison(id -> "#" + id);
        assertEquals(all.kl(), parts.kl(), 1e-12);
        assertEquals(all.top1Agreement(), parts.top1Agreement());
        assertEquals(all.decidedDisagreements(), parts.decidedDisagreements());
        assertEquals(all.topK(), parts.topK());
      }
    }
  }

  @Test
  void headsOfUnequalVocabulariesAreSkippedWithTheirWholeShapes() {
    MemorySource source = Pair.source("llama");
    for (String name : List.of("lm_head.weight", "model.embed_tokens.weight")) {
      TinyDecoder.Tensor original = TinyDecoder.of("llama", 11).tensors().get(name);
      long rows = original.dims().getFirst();
      int width = (int) (original.values().length / rows);
      float[] longer = java.util.Arrays.copyOf(original.values(), original.values().length + width);
      source.remove(name).add(name, List.of(rows + 1, (long) width), longer);
    }
    Pair pair = Pair.of("llama", source);
    Lockstep.Outcome outcome = pair.with(null, l -> l.logitsAtATime(4).run(done -> {}));
    PointComparison logits = outcome.points().getLast();
    assertEquals(Status.SKIPPED, logits.status());
    assertEquals(List.of(Pair.TOKENS.length, 40), logits.dimsA());
    assertEquals(List.of(Pair.TOKENS.length, 41), logits.dimsB());
    assertNull(outcome.predictions());
  }

  static void assertSame(@Nullable Difference expected, @Nullable Difference actual) {
    if (expected == null || actual == null) {
      assertEquals(expected, actual);
      return;
    }
    assertEquals(expected.maxDiff(), actual.maxDiff());
    assertEquals(expected.token(), actual.token());
    assertEquals(expected.index(), actual.index());
    assertEquals(expected.a(), actual.a());
    assertEquals(expected.b(), actual.b());
    // Sums of pieces round in another order.
    assertEquals(expected.meanDiff(), actual.meanDiff(), 1e-12);
    assertEquals(expected.relL2(), actual.relL2(), 1e-12);
    assertEquals(expected.cosine(), actual.cosine(), 1e-12);
  }
}
