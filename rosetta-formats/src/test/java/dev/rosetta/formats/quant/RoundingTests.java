package dev.rosetta.formats.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.ElementCodec;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The steps that blocks state explain what encoding into them does, at any size of the values. */
final class RoundingTests {
  private static final int BLOCKS = 64;

  private record Told(float[] step, float[] reach) {}

  private static Told told(ElementType type, byte[] bytes, int elements) {
    float[] step = new float[elements / ElementCodec.RUN];
    float[] reach = new float[elements / ElementCodec.RUN];
    ElementCodec codec = ElementCodecsTests.codec(type);
    assertTrue(codec.rounding(bytes, 0, step, reach, 0, elements));
    return new Told(step, reach);
  }

  private static float[] values(int elements, double size, long seed) {
    Random random = new Random(seed);
    float[] values = new float[elements];
    for (int i = 0; i < elements; i++) {
      double tail = random.nextInt(20) == 0 ? 4 : 1;
      values[i] = (float) (size * tail * random.nextGaussian());
    }
    return values;
  }

  @ParameterizedTest
  @EnumSource(
      names = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"})
  void noBlockIsFurtherOffThanItsReach(ElementType type) {
    int elements = BLOCKS * type.blockElements();
    for (double size = 1e-9; size < 100; size *= 3) {
      float[] x = values(elements, size, 5);
      byte[] bytes = ElementEncodersTests.encode(type, x);
      float[] y = ElementCodecsTests.decode(type, bytes, elements);
      Told told = told(type, bytes, elements);
      double squares = 0;
      double expected = 0;
      for (int from = 0; from < elements; from += 32) {
        double block = 0;
        double reach = 0;
        for (int i = from; i < from + 32; i++) {
          block += Math.pow((double) x[i] - y[i], 2);
          reach += Math.pow(told.reach()[i / ElementCodec.RUN], 2);
          expected += Math.pow(told.step()[i / ElementCodec.RUN], 2) / 12;
        }
        squares += block;
        // A search for the best scale may clip what rounding to nearest would have kept.
        assertTrue(block <= 2 * reach, type + " size " + size + " block " + from / 32);
      }
      if (size > 1e-3) {
        assertEquals(
            1, squares / expected, type == ElementType.Q2_K ? 0.3 : 0.2, type + " size " + size);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      names = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL"})
  void otherValuesAreBeyondTheReach(ElementType type) {
    int elements = BLOCKS * type.blockElements();
    Random random = new Random(9);
    byte[] bytes = new byte[(int) type.byteSize(elements)];
    random.nextBytes(bytes);
    float[] x = values(elements, 1, 1);
    if (type != ElementType.IQ4_NL) {
      bytes = ElementEncodersTests.encode(type, x);
    } else {
      for (int at = 0; at < bytes.length; at += type.blockBytes()) {
        bytes[at] = 0;
        bytes[at + 1] = 0x20; // d = 2^-7
      }
    }
    Told told = told(type, bytes, elements);
    double reach = 0;
    for (float one : told.reach()) {
      reach += ElementCodec.RUN * (double) one * one;
    }
    double squares = 0;
    float[] other = values(elements, 1, 2);
    float[] y = ElementCodecsTests.decode(type, bytes, elements);
    for (int i = 0; i < elements; i++) {
      squares += Math.pow((double) other[i] - y[i], 2);
    }
    assertTrue(squares > 2 * reach, type + " " + squares / reach);
  }

  @Test
  void floatsAndCodeBooksDoNotTellByTheirBytes() {
    for (ElementType type :
        new ElementType[] {ElementType.F16, ElementType.F8_E4M3, ElementType.IQ2_XS}) {
      int elements = 256;
      float[] figures = new float[elements / ElementCodec.RUN];
      byte[] bytes = new byte[(int) type.byteSize(elements)];
      assertFalse(ElementCodecsTests.codec(type).rounding(bytes, 0, figures, figures, 0, elements));
    }
  }

  @Test
  void rangesAreChecked() {
    ElementCodec codec = ElementCodecsTests.codec(ElementType.Q8_0);
    float[] two = new float[2];
    byte[] block = new byte[34];
    assertThrows(IndexOutOfBoundsException.class, () -> codec.rounding(block, 1, two, two, 0, 32));
    assertThrows(IndexOutOfBoundsException.class, () -> codec.rounding(block, 0, two, two, 1, 32));
    assertThrows(IllegalArgumentException.class, () -> codec.rounding(block, 0, two, two, 0, 16));
  }
}
