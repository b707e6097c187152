package dev.rosetta.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rosetta.kernels.panama.Tier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TargetsTests {

  @ParameterizedTest
  @CsvSource({
    "AVX512, 1, 0.22, 0.40",
    "AVX512, 4, 0.50, 0.70",
    "AVX512, 16, 0.70, 0.85",
    "AVX512, 64, 0.78, 0.90",
    "AVX2, 1, 0.176, 0.32",
    "AVX2, 4, 0.40, 0.56",
    "AVX2, 16, 0.56, 0.68",
    "AVX2, 64, 0.624, 0.72",
  })
  void avx2IsAskedForFourFifths(Tier tier, int tokens, double floor, double goal) {
    Targets targets = Targets.ofPeak(tier, tokens);
    assertEquals(floor, targets.floor(), 1e-9);
    assertEquals(goal, targets.goal(), 1e-9);
    assertEquals("none", targets.met(floor - 1e-6));
    assertEquals("floor", targets.met(floor + 1e-6));
    assertEquals("goal", targets.met(goal + 1e-6));
    assertThrows(IllegalArgumentException.class, () -> Targets.ofPeak(tier, 5));
  }

  @ParameterizedTest
  @CsvSource({"1, 0.85, 1.0", "4, 0.70, 0.9", "16, 0.65, 0.85", "64, 0.70, 0.9"})
  void theVectorApiIsMeasuredByTheBestNativeTier(int tokens, double floor, double goal) {
    assertEquals(new Targets(floor, goal), Targets.ofNative(tokens));
  }
}
