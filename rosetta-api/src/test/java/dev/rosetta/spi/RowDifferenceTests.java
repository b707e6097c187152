package dev.rosetta.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rosetta.testing.PlainKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.function.DoubleBinaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RowDifferenceTests {

  /** Element k into lane k mod 8 of its row or block; lanes i and i+4, then i+2, i+1. */
  private static double sum(float[] a, float[] b, int from, int to, DoubleBinaryOperator term) {
    double[] lanes = new double[8];
    for (int k = from; k < to; k++) {
      lanes[k % 8] += term.applyAsDouble(a[k], b[k]);
    }
    for (int half = 4; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        lanes[i] += lanes[i + half];
      }
    }
    return lanes[0];
  }

  @Test
  void refusesNegativeCounts() {
    MemorySegment nothing = MemorySegment.NULL;
    PlainKernels kernels = new PlainKernels();
    assertThrows(
        IllegalArgumentException.class, () -> kernels.difference(nothing, nothing, -1, 4, nothing));
    assertThrows(
        IllegalArgumentException.class, () -> kernels.difference(nothing, nothing, 1, -4, nothing));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 31, 32, 33, 64, 100})
  void sumsAreThoseOfTheDefinition(int columns) {
    Random random = new Random(columns);
    int rows = 3;
    float[] a = new float[rows * columns];
    float[] b = new float[rows * columns];
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) random.nextGaussian();
      b[i] = random.nextInt(3) == 0 ? a[i] : (float) random.nextGaussian();
    }
    int length = RowDifference.length(columns);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sums = arena.allocate((long) rows * length * Double.BYTES, 8);
      new PlainKernels()
          .difference(
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, a),
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, b),
              rows,
              columns,
              sums);
      double[] all = sums.toArray(ValueLayout.JAVA_DOUBLE);
      for (int row = 0; row < rows; row++) {
        float[] x = java.util.Arrays.copyOfRange(a, row * columns, (row + 1) * columns);
        float[] y = java.util.Arrays.copyOfRange(b, row * columns, (row + 1) * columns);
        int at = row * length;
        assertEquals(sum(x, y, 0, columns, (p, q) -> q * q), all[at + RowDifference.ENERGY_B]);
        assertEquals(sum(x, y, 0, columns, (p, q) -> p * q), all[at + RowDifference.PRODUCT]);
        assertEquals(
            sum(x, y, 0, columns, (p, q) -> Math.abs(p - q)), all[at + RowDifference.ABSOLUTE]);
        assertEquals(
            sum(x, y, 0, columns, (p, q) -> p * (p - q) * (p * (p - q))),
            all[at + RowDifference.SQUARED_PRODUCTS]);
        double largest = 0;
        int differing = 0;
        for (int k = 0; k < columns; k++) {
          largest = Math.max(largest, Math.abs((double) x[k] - y[k]));
          differing += x[k] == y[k] ? 0 : 1;
        }
        assertEquals(largest, all[at + RowDifference.LARGEST]);
        assertEquals(differing, all[at + RowDifference.DIFFERING]);
        int block = at + RowDifference.BLOCKS;
        for (int from = 0; from < columns; from += 32) {
          int to = Math.min(columns, from + 32);
          assertEquals(sum(x, y, from, to, (p, q) -> (p - q) * (p - q)), all[block++]);
          assertEquals(sum(x, y, from, to, (p, q) -> p * p), all[block++]);
        }
      }
    }
  }
}
