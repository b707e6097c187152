package dev.rosetta.formats.quant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ElementEncodersTests {

  /** The noise of ggml's reference quantisers on Gaussian weights. */
  @ParameterizedTest
  @CsvSource({
    "F16, 4.3e-8", "BF16, 2.8e-6", "Q8_0, 2.9e-5", "Q6_K, 3.2e-4", "Q5_K, 1.3e-3", "Q5_1, 1.4e-3",
    "Q5_0, 1.8e-3", "Q4_K, 5.1e-3", "Q4_1, 6.1e-3", "Q4_0, 7.4e-3", "Q3_K, 2.3e-2", "Q2_K, 8.8e-2"
  })
  void gaussianWeightsKeepTheNoiseOfTheReferenceQuantiser(ElementType type, double reference) {
    float[] x = gaussian(1 << 19, 7);
    double nmse = nmse(x, ElementCodecsTests.decode(type, encode(type, x), x.length));
    assertTrue(nmse < 1.1 * reference && nmse > 0.8 * reference, type + " " + nmse);
  }

  @ParameterizedTest
  @EnumSource(
      names = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"})
  void awkwardBlocksStayWithinAStepOfTheirValues(ElementType type) {
    int n = type.blockElements();
    float[] zeros = new float[n];
    assertArrayEquals(zeros, roundTrip(type, zeros));
    for (float value : new float[] {1f, -1f, 0.37f, -0.37f, 1e-3f, 900f}) {
      float[] constant = new float[n];
      Arrays.fill(constant, value);
      assertWithin(type, constant, 0.04);
      float[] spike = new float[n];
      spike[n / 2 + 1] = value;
      assertWithin(type, spike, 0.04);
    }
    float[] tiny = new float[n];
    Arrays.fill(tiny, 1e-38f);
    assertWithin(type, tiny, Double.POSITIVE_INFINITY);
    float[] denormal = new float[n];
    denormal[3] = Float.MIN_VALUE;
    assertWithin(type, denormal, Double.POSITIVE_INFINITY);
  }

  private static void assertWithin(ElementType type, float[] x, double bound) {
    float[] decoded = roundTrip(type, x);
    double nmse = nmse(x, decoded);
    assertTrue(nmse <= bound, () -> type + " nmse " + nmse + " of " + x[3]);
    for (float value : decoded) {
      assertTrue(Float.isFinite(value));
    }
  }

  @ParameterizedTest
  @EnumSource(
      names = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"})
  void valuesThatNoBlockCanHoldAreRefused(ElementType type) {
    for (float value : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 3e38f}) {
      float[] x = new float[type.blockElements()];
      x[5] = value;
      assertThrows(IllegalArgumentException.class, () -> encode(type, x));
    }
  }

  @ParameterizedTest
  @EnumSource(
      names = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"})
  void blocksAreIndependentOfWhatSurroundsThem(ElementType type) {
    int n = type.blockElements();
    float[] x = gaussian(3 * n, 11);
    byte[] whole = encode(type, x);
    byte[] dirty = new byte[type.blockBytes() + 4];
    Arrays.fill(dirty, (byte) 0xa5);
    ElementEncoder.of(type).orElseThrow().encode(x, n, n, dirty, 2);
    assertArrayEquals(
        Arrays.copyOfRange(whole, type.blockBytes(), 2 * type.blockBytes()),
        Arrays.copyOfRange(dirty, 2, 2 + type.blockBytes()));
    assertEquals((byte) 0xa5, dirty[1]);
    assertEquals((byte) 0xa5, dirty[2 + type.blockBytes()]);
  }

  @Test
  void floatsRoundToNearestEven() {
    float[] x = {1f + 0x1p-8f, 1f + 3 * 0x1p-8f, Float.NaN, Float.NEGATIVE_INFINITY, 3.4e38f};
    float[] bf16 = roundTrip(ElementType.BF16, x);
    assertEquals(1f, bf16[0]);
    assertEquals(1f + 0x1p-6f, bf16[1]);
    assertTrue(Float.isNaN(bf16[2]));
    assertEquals(Float.NEGATIVE_INFINITY, bf16[3]);
    assertEquals(Float.POSITIVE_INFINITY, bf16[4]);
    assertEquals(1f, roundTrip(ElementType.F16, new float[] {1f + 0x1p-11f})[0]);
    assertArrayEquals(x, roundTrip(ElementType.F32, x));
  }

  @Test
  void rangesOutsideSourceOrTargetAreRefused() {
    ElementEncoder encoder = ElementEncoder.of(ElementType.Q4_0).orElseThrow();
    float[] x = new float[32];
    assertThrows(IndexOutOfBoundsException.class, () -> encoder.encode(x, 1, 32, new byte[18], 0));
    assertThrows(IndexOutOfBoundsException.class, () -> encoder.encode(x, 0, 32, new byte[18], 1));
    assertThrows(IllegalArgumentException.class, () -> encoder.encode(x, 0, 16, new byte[18], 0));
    assertTrue(ElementEncoder.of(ElementType.IQ4_NL).isEmpty());
  }

  private static float[] gaussian(int n, long seed) {
    Random random = new Random(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) (0.02 * random.nextGaussian());
    }
    return x;
  }

  private static float[] roundTrip(ElementType type, float[] x) {
    return ElementCodecsTests.decode(type, encode(type, x), x.length);
  }

  static byte[] encode(ElementType type, float[] x) {
    byte[] bytes = new byte[Math.toIntExact(type.byteSize(x.length))];
    ElementEncoder.of(type).orElseThrow().encode(x, 0, x.length, bytes, 0);
    return bytes;
  }

  private static double nmse(float[] x, float[] decoded) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < x.length; i++) {
      error += ((double) x[i] - decoded[i]) * ((double) x[i] - decoded[i]);
      norm += (double) x[i] * x[i];
    }
    return error / norm;
  }
}
