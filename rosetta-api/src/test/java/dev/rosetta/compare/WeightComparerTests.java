package dev.rosetta.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.PointComparison.Status;
import dev.rosetta.engine.Engine;
import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.PlainKernels;
import dev.rosetta.testing.TinyDecoder;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class WeightComparerTests {
  private static final String NAME = "model.layers.0.mlp.gate_proj.weight";
  private static final String ROLE = "layers.0.ffn_gate.weight";
  private static final int ROWS = 64;
  private static final int COLUMNS = 256;

  /** The gate of the second model after {@code edit}; half precision where asked for. */
  private static WeightPair gate(ElementType type, Consumer<float[]> edit) {
    float[] values = TinyDecoder.of("llama", 11).tensors().get(NAME).values().clone();
    edit.accept(values);
    MemorySource source = Pair.source("llama").remove(NAME);
    List<Long> dims = List.of(64L, 32L);
    if (type == ElementType.F16) {
      source.addHalf(NAME, dims, values);
    } else {
      source.add(NAME, dims, values);
    }
    return Pair.of("llama", source).weight(ROLE);
  }

  @Test
  void theSameBytesAreTheSame() {
    WeightPair pair = gate(ElementType.F32, values -> {});
    assertEquals(Status.OK, pair.comparison().status());
    assertTrue(pair.comparison().sameBytes());
    assertTrue(pair.sameValues());
    assertEquals(0, pair.comparison().nmse());
  }

  @Test
  void theSameBytesInAnotherRowOrderAreTheSame() {
    TinyDecoder tiny = TinyDecoder.of("llama", 11);
    Pair pair =
        new Pair(
            Pair.model(tiny.source(MetadataDialect.HUGGING_FACE)),
            Pair.model(tiny.source(MetadataDialect.GGUF)));
    pair.weights().values().forEach(weight -> assertTrue(weight.comparison().sameBytes()));
  }

  @Test
  void theSameValuesInAnotherTypeAreTheSame() {
    WeightPair pair = gate(ElementType.F16, v -> java.util.Arrays.fill(v, 0.5f));
    float[] halves = new float[64 * 32];
    java.util.Arrays.fill(halves, 0.5f);
    MemorySource left = Pair.source("llama").remove(NAME).add(NAME, List.of(64L, 32L), halves);
    MemorySource right = Pair.source("llama").remove(NAME).addHalf(NAME, List.of(64L, 32L), halves);
    WeightPair same = new Pair(Pair.model(left), Pair.model(right)).weight(ROLE);
    assertEquals(Status.OK, same.comparison().status());
    assertFalse(same.comparison().sameBytes());
    assertTrue(same.sameValues());
    assertEquals(Status.DIVERGED, pair.comparison().status());
  }

  @Test
  void roundingToHalfPrecisionIsNoise() {
    WeightPair pair = gate(ElementType.F16, values -> {});
    assertEquals(Status.NOISE, pair.comparison().status());
    assertTrue(pair.comparison().nmse() > 0);
    assertTrue(pair.comparison().nmse() <= pair.comparison().budget());
    assertFalse(pair.sameValues());
  }

  @Test
  void oneElementThatChangedIsSeenUnderEqualTypes() {
    WeightPair pair = gate(ElementType.F32, values -> values[77] *= 2);
    assertEquals(Status.DIVERGED, pair.comparison().status());
    assertEquals(77 / 32, pair.comparison().difference().token());
    assertEquals(77 % 32, pair.comparison().difference().index());
  }

  @Test
  void aRowThatIsZeroOrExchangedIsSeenUnderNoise() {
    for (ElementType type : List.of(ElementType.F32, ElementType.F16)) {
      Consumer<float[]> zero = values -> java.util.Arrays.fill(values, 320, 352, 0);
      assertEquals(Status.DIVERGED, gate(type, zero).comparison().status());
      Consumer<float[]> doubled = values -> System.arraycopy(values, 0, values, 32, 32);
      assertEquals(Status.DIVERGED, gate(type, doubled).comparison().status());
      assertEquals(Status.DIVERGED, gate(type, v -> scale(v, 1.01f)).comparison().status());
      assertEquals(Status.DIVERGED, gate(type, v -> scale(v, -1)).comparison().status());
    }
  }

  private static void scale(float[] values, float factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void oneValueThatIsNotFiniteIsAFaultWhateverTheTypes(float bad) {
    for (ElementType type : List.of(ElementType.F32, ElementType.F16)) {
      WeightPair pair = gate(type, values -> values[5] = bad);
      assertEquals(Status.DIVERGED, pair.comparison().status());
      assertEquals(1, pair.nonFiniteB());
      assertEquals(0, pair.nonFiniteA());
    }
  }

  @Test
  void aTypeThatCannotBeDecodedIsSkipped() {
    MemorySource source = Pair.source("llama").remove(NAME);
    source.add(NAME, ElementType.I8, List.of(64L, 32L), 1, new byte[64 * 32]);
    WeightPair pair = Pair.of("llama", source).weight(ROLE);
    assertEquals(Status.SKIPPED, pair.comparison().status());
    assertTrue(pair.comparison().reason().contains("I8"), pair.comparison().reason());
    assertFalse(pair.sameValues());
  }

  @Test
  void aWeightThatIsAbsentIsSkippedAndNamed() {
    WeightPair onB = Pair.of("llama", Pair.source("llama").remove(NAME)).weight(ROLE);
    assertEquals(Status.SKIPPED, onB.comparison().status());
    assertEquals("absent on side B", onB.comparison().reason());
    Model without = Pair.model(Pair.source("llama").remove(NAME));
    WeightPair both = new Pair(without, without).weight(ROLE);
    assertEquals(Status.SKIPPED, both.comparison().status());
    assertEquals("absent on either side", both.comparison().reason());
  }

  @Test
  void aTiedHeadStandsForItsEmbedding() {
    MemorySource untied = Pair.source("qwen2").forget("tie_word_embeddings");
    float[] embedding =
        TinyDecoder.of("qwen2", 11).tensors().get("model.embed_tokens.weight").values();
    untied.add("lm_head.weight", List.of(40L, 32L), embedding);
    assertTrue(Pair.of("qwen2", untied).weight("output.weight").sameValues());
    float[] other = embedding.clone();
    other[0] += 1;
    untied.remove("lm_head.weight").add("lm_head.weight", List.of(40L, 32L), other);
    assertEquals(
        Status.DIVERGED, Pair.of("qwen2", untied).weight("output.weight").comparison().status());
  }

  /** Weights in memory that claim an element type: what a decoder would have given. */
  private static WeightPair claimed(
      ElementType typeA, ElementType typeB, float[] valuesA, float[] valuesB) {
    Model any = Pair.model(Pair.source("llama"));
    TensorRole role = TensorRole.parse(ROLE).orElseThrow();
    try (Engine engine = new Engine(new PlainKernels(), 2)) {
      return new WeightComparer(any, any, Pair.THRESHOLD, engine)
          .compare(role, claim(any, role, typeA, valuesA), claim(any, role, typeB, valuesB));
    }
  }

  private static Weight claim(Model model, TensorRole role, ElementType type, float[] values) {
    TensorInfo tensor =
        new TensorInfo(
            "w",
            type,
            List.of((long) ROWS, (long) COLUMNS),
            BlockLayout.ROW_ALIGNED,
            1,
            0,
            0,
            type.byteSize((long) ROWS * COLUMNS));
    return Weight.stored(role, model.source(), tensor, null, 0, ROWS, COLUMNS, null)
        .withValues(ROWS, COLUMNS, values);
  }

  private static float[] gaussian(long seed) {
    Random random = new Random(seed);
    float[] values = new float[ROWS * COLUMNS];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** {@code values} with noise of the energy that one quantisation to {@code type} leaves. */
  private static float[] noisy(float[] values, ElementType type, long seed) {
    if (type == ElementType.F16 || type == ElementType.BF16) {
      float[] rounded = new float[values.length];
      for (int i = 0; i < rounded.length; i++) {
        int bits = Float.floatToRawIntBits(values[i]);
        rounded[i] =
            type == ElementType.F16
                ? Float.float16ToFloat(Float.floatToFloat16(values[i]))
                : Float.intBitsToFloat((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000);
      }
      return rounded;
    }
    float[] noise = gaussian(seed);
    float size = (float) Math.sqrt(NoiseFloor.of(type));
    float[] sum = new float[values.length];
    for (int i = 0; i < sum.length; i++) {
      sum[i] = values[i] + size * noise[i];
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q6_K", "Q5_K", "Q4_K", "Q4_0", "Q3_K", "Q2_K"})
  void aRequantisedTwinIsNoiseAndALoneBlockIsNot(ElementType type) {
    float[] source = gaussian(1);
    float[] a = noisy(source, type, 2);
    float[] b = noisy(source, type, 3);
    assertEquals(Status.NOISE, claimed(type, type, a, b).comparison().status());
    float[] oneBlock = a.clone();
    java.util.Arrays.fill(oneBlock, 64, 96, 0);
    assertEquals(Status.DIVERGED, claimed(type, type, a, oneBlock).comparison().status());
    float[] zeroRow = b.clone();
    java.util.Arrays.fill(zeroRow, COLUMNS, 2 * COLUMNS, 0);
    assertEquals(Status.DIVERGED, claimed(type, type, a, zeroRow).comparison().status());
    assertEquals(Status.DIVERGED, claimed(type, type, a, gaussian(9)).comparison().status());
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16", "Q8_0", "Q6_K", "Q5_K", "Q4_K", "Q4_0"})
  void faultsAreSeenUnderTheNoiseOfAnyType(ElementType type) {
    float[] source = gaussian(1);
    float[] b = noisy(source, type, 2);
    assertEquals(Status.NOISE, claimed(ElementType.F32, type, source, b).comparison().status());
    float[] zeroRow = b.clone();
    java.util.Arrays.fill(zeroRow, COLUMNS, 2 * COLUMNS, 0);
    float[] zeroBlock = b.clone();
    java.util.Arrays.fill(zeroBlock, 96, 128, 0);
    float[] exchanged = b.clone();
    System.arraycopy(b, 0, exchanged, COLUMNS, COLUMNS);
    System.arraycopy(b, COLUMNS, exchanged, 0, COLUMNS);
    float[] scaled = b.clone();
    scale(scaled, 1.25f);
    float[] halved = b.clone();
    scale(halved, 0.5f);
    float[] shifted = new float[b.length];
    System.arraycopy(b, 0, shifted, 1, b.length - 1);
    for (float[] fault : List.of(zeroRow, zeroBlock, exchanged, scaled, halved, shifted)) {
      assertEquals(
          Status.DIVERGED, claimed(ElementType.F32, type, source, fault).comparison().status());
    }
  }

  @Test
  void equalTypesHaveNoBudget() {
    for (ElementType type : ElementType.values()) {
      assertTrue(NoiseFloor.of(type) >= 0 && NoiseFloor.of(type) < 1, type.toString());
      assertEquals(
          NoiseFloor.budget(type, ElementType.F32), NoiseFloor.budget(ElementType.F32, type));
    }
    assertEquals(0, NoiseFloor.budget(ElementType.F32, ElementType.F32));
  }
}
