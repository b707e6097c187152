package dev.rosetta.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.RopeScaling;
import dev.rosetta.model.RopeScaling.Kind;
import dev.rosetta.model.RopeStyle;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * Heads of 16, base 10000; the expected angles were computed in Python from the papers' formulas.
 */
final class RotaryTests {
  private static final int POSITION = 5;
  private static final float[] NO_FACTORS = {};

  @Test
  void linearScalingDividesPositions() {
    double[] frequencies = frequencies(RopeScaling.linear(4), NO_FACTORS, 1);
    assertArrayEquals(
        new double[] {
          0.25, 0.0790569415, 0.025, 0.00790569415, 0.0025, 0.000790569415, 0.00025, 0.0000790569415
        },
        frequencies,
        1e-8);
  }

  @Test
  void llama3ScalingStretchesLongWavelengthsWithARamp() {
    RopeScaling scaling = new RopeScaling(Kind.LLAMA3, 8, 64, 1, 4, 0, 0, Double.NaN);
    assertArrayEquals(
        new double[] {
          1,
          0.244384599435,
          0.0130422560438,
          0.00395284707521,
          0.00125,
          0.000395284708,
          0.000125,
          0.0000395284708
        },
        frequencies(scaling, NO_FACTORS, 1),
        3e-8);
  }

  @Test
  void yarnKeepsFastPairsInterpolatesSlowOnesAndScalesTheResult() {
    RopeScaling scaling = new RopeScaling(Kind.YARN, 4, 64, 0, 0, 8, 1, Double.NaN);
    double magnitude = 1.138629436111989;
    assertArrayEquals(
        new double[] {
          1, 0.23717082451, 0.05, 0.00790569415, 0.0025, 0.000790569415, 0.00025, 0.0000790569415
        },
        frequencies(scaling, NO_FACTORS, magnitude),
        3e-8);
  }

  @Test
  void statedAttentionFactorOfYarnWins() {
    RopeScaling scaling = new RopeScaling(Kind.YARN, 4, 64, 0, 0, 8, 1, 2.5);
    Rotary rotary = Rotary.of(config(scaling, RopeStyle.HALF_SPLIT), NO_FACTORS, 1);
    assertEquals(2.5f, rotary.cos()[0]);
  }

  @Test
  void factorsDivideFrequencies() {
    float[] factors = {1, 2, 4, 8, 1, 1, 1, 1};
    assertArrayEquals(
        new double[] {1, 0.158113883, 0.025, 0.00395284708},
        Arrays.copyOf(frequencies(RopeScaling.NONE, factors, 1), 4),
        1e-8);
  }

  @Test
  void stylesPairDifferentChannels() {
    float[] head = new float[16];
    head[0] = 1;
    float[] rows = Arrays.copyOf(head, 32);
    rows[16] = 1;
    Rotary split = Rotary.of(config(RopeScaling.NONE, RopeStyle.HALF_SPLIT), NO_FACTORS, 2);
    Rotary pairs = Rotary.of(config(RopeScaling.NONE, RopeStyle.INTERLEAVED), NO_FACTORS, 2);
    assertEquals((float) Math.sin(1), split.apply(rows, 2, 16)[16 + 8]);
    assertEquals((float) Math.sin(1), pairs.apply(rows, 2, 16)[16 + 1]);
    assertArrayEquals(head, Arrays.copyOf(split.apply(rows, 2, 16), 16));
  }

  private static double[] frequencies(RopeScaling scaling, float[] factors, double magnitude) {
    Rotary rotary = Rotary.of(config(scaling, RopeStyle.HALF_SPLIT), factors, POSITION + 1);
    double[] frequencies = new double[8];
    for (int i = 0; i < 8; i++) {
      double cos = rotary.cos()[POSITION * 8 + i];
      double sin = rotary.sin()[POSITION * 8 + i];
      assertEquals(magnitude, Math.hypot(cos, sin), 1e-6);
      double angle = Math.atan2(sin, cos);
      frequencies[i] = (angle < 0 ? angle + 2 * Math.PI : angle) / POSITION;
    }
    return frequencies;
  }

  private static ModelConfig config(RopeScaling scaling, RopeStyle style) {
    return TinyModel.llama(0)
        .config()
        .with(ConfigField.HEAD_DIM, TinyModel.stated(16L))
        .with(ConfigField.ROPE_THETA, TinyModel.stated(10000.0))
        .with(ConfigField.ROPE_SCALING, TinyModel.stated(scaling))
        .with(ConfigField.ROPE_STYLE, TinyModel.stated(style));
  }
}
