package dev.rosetta.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.engine.RotaryFrequencies;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.RopeScaling;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Llama-3 scaling as parameters on one side and as a tensor on the other. */
final class FrequencyFactorsTests {
  private static final Map<String, Object> PARAMETERS =
      MemorySource.object(
          "rope_type", "llama3",
          "factor", 8.0,
          "low_freq_factor", 1.0,
          "high_freq_factor", 4.0,
          "original_max_position_embeddings", 64L);

  private static MemorySource parameters() {
    return Pair.source("llama").state("rope_scaling", PARAMETERS);
  }

  /** The same model with the divisors that the parameters come to, each times {@code error}. */
  private static MemorySource factors(double error) {
    ModelConfig config = Pair.model(parameters()).config();
    ModelConfig plain =
        config.with(
            ConfigField.ROPE_SCALING,
            Pair.model(Pair.source("llama")).config().field(ConfigField.ROPE_SCALING));
    double[] scaled = RotaryFrequencies.of(config, new float[0]);
    double[] base = RotaryFrequencies.of(plain, new float[0]);
    float[] values = new float[base.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (base[i] / scaled[i] * error);
    }
    return gguf().add("rope_freqs.weight", List.of((long) values.length), values);
  }

  private static MemorySource gguf() {
    return TinyDecoder.of("llama", 11).source(MetadataDialect.GGUF);
  }

  private static Pair pair(MemorySource a, MemorySource b) {
    return new Pair(Pair.model(a), Pair.model(b));
  }

  @Test
  void theParametersChangeSomeFrequenciesAndLeaveOthers() {
    double[] scaled = RotaryFrequencies.of(Pair.model(parameters()).config(), new float[0]);
    double[] base = RotaryFrequencies.of(Pair.model(Pair.source("llama")).config(), new float[0]);
    assertEquals(base[0], scaled[0]);
    assertEquals(base[base.length - 1] / 8, scaled[base.length - 1], 1e-12);
  }

  @Test
  void theSameFrequenciesAreOneConfigAndMatchEitherWayRound() {
    for (Pair pair :
        List.of(pair(factors(1), parameters()), pair(parameters(), factors(1 + 1e-6)))) {
      assertEquals(Set.of(), pair.unequalConfig());
      assertEquals(Status.OK, pair.weight("rope_freqs.weight").comparison().status());
      List<PointComparison> points = pair.points();
      assertTrue(
          points.stream().allMatch(p -> p.status() == Status.OK || p.status() == Status.NOISE),
          points::toString);
      assertTrue(pair.point("layers.1.q_rope").tolerance() > 0);
    }
  }

  @Test
  void otherFrequenciesAreAnotherConfig() {
    for (double error : new double[] {1 + 1e-4, 2, Double.NaN}) {
      for (Pair pair :
          List.of(pair(factors(error), parameters()), pair(parameters(), factors(error)))) {
        assertEquals(Set.of(ConfigField.ROPE_SCALING), pair.unequalConfig(), "" + error);
        assertEquals(Status.SKIPPED, pair.weight("rope_freqs.weight").comparison().status());
        assertTrue(pair.points(Status.DIVERGED).contains("layers.0.q_rope"));
      }
    }
  }

  @Test
  void aTensorOfOnesStatesNothing() {
    MemorySource ones = gguf().add("rope_freqs.weight", List.of(4L), 1, 1, 1, 1);
    Pair pair = pair(ones, Pair.source("llama"));
    assertTrue(FrequencyFactors.stateTheSame(pair.a(), pair.b()));
    assertEquals(List.of(), pair.points(Status.DIVERGED));
    assertEquals(List.of(), pair.points(Status.SKIPPED));
  }

  @Test
  void factorsThatTheOtherSideLacksAreNotTheSame() {
    Pair pair = pair(factors(1), Pair.source("llama"));
    assertEquals(Set.of(), pair.unequalConfig());
    assertFalse(FrequencyFactors.stateTheSame(pair.a(), pair.b()));
    assertTrue(pair.points(Status.DIVERGED).contains("layers.0.q_rope"));
    assertEquals(0, pair.point("layers.0.q_rope").tolerance());
  }

  @Test
  void yarnIsMoreThanItsFrequencies() {
    MemorySource yarn =
        Pair.source("llama")
            .state(
                "rope_scaling",
                MemorySource.object(
                    "rope_type",
                    "yarn",
                    "factor",
                    1.0,
                    "original_max_position_embeddings",
                    64L,
                    "attention_factor",
                    2.0));
    MemorySource ones = gguf().add("rope_freqs.weight", List.of(4L), 1, 1, 1, 1);
    Pair pair = pair(ones, yarn);
    assertEquals(RopeScaling.Kind.YARN, pair.b().config().ropeScaling().kind());
    assertEquals(Set.of(ConfigField.ROPE_SCALING), pair.unequalConfig());
  }
}
