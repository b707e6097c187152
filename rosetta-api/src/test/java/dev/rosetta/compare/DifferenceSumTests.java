package dev.rosetta.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.Difference;
import dev.rosetta.spi.RowDifference;
import dev.rosetta.testing.PlainKernels;
import dev.rosetta.trace.Activation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DifferenceSumTests {
  private static final double INFINITE = Double.POSITIVE_INFINITY;

  private static DifferenceSum of(int width, float[] a, float[] b) {
    int tokens = a.length / width;
    return DifferenceSum.of(new Activation(tokens, width, a), new Activation(tokens, width, b));
  }

  @Test
  void figuresFollowTheirDefinitions() {
    DifferenceSum sum = of(2, new float[] {3, 4, 0, 0}, new float[] {3, 3, 0, 2});
    Difference difference = sum.difference();
    assertEquals(2, difference.maxDiff());
    assertEquals(0.75, difference.meanDiff());
    assertEquals(Math.sqrt(5.0 / 25), difference.relL2());
    assertEquals(21 / Math.sqrt(25.0 * 22), difference.cosine(), 1e-15);
    assertEquals(1, difference.token());
    assertEquals(1, difference.index());
    assertEquals(0, difference.a());
    assertEquals(2, difference.b());
    assertEquals(2, sum.differing());
    assertEquals(4, sum.count());
    assertEquals(INFINITE, sum.worstRowNmse(), "the second row of A is zero, B's is not");
    assertEquals(INFINITE, sum.worstRelative());
  }

  @Test
  void aRowBySumsIsTheSameAsByValue() {
    Random random = new Random(5);
    for (int columns : new int[] {1, 31, 32, 33, 100}) {
      int rows = 12;
      float[] a = new float[rows * columns];
      float[] b = new float[a.length];
      for (int i = 0; i < a.length; i++) {
        a[i] = (float) random.nextGaussian();
        // Rows 0, 1 and 4 agree; rows 7 and 8 have a value that is no number.
        boolean same = i / columns < 2 || i / columns == 4 || random.nextInt(3) == 0;
        b[i] = same ? a[i] : (float) random.nextGaussian();
      }
      for (int finite = 0; finite < 2; finite++) {
        if (finite == 1) {
          a[7 * columns] = Float.NaN;
          b[8 * columns + columns / 2] = Float.NEGATIVE_INFINITY;
        }
        DifferenceSum byValue = of(columns, a, b);
        DifferenceSum bySums = new DifferenceSum();
        int length = RowDifference.length(columns);
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment x = arena.allocateFrom(ValueLayout.JAVA_FLOAT, a);
          MemorySegment y = arena.allocateFrom(ValueLayout.JAVA_FLOAT, b);
          MemorySegment sums = arena.allocate((long) rows * length * Double.BYTES, 8);
          new PlainKernels().difference(x, y, rows, columns, sums);
          double[] all = sums.toArray(ValueLayout.JAVA_DOUBLE);
          for (int row = 0; row < rows; row++) {
            long at = (long) row * columns * Float.BYTES;
            long bytes = (long) columns * Float.BYTES;
            bySums.addRow(
                row, columns, all, row * length, x.asSlice(at, bytes), y.asSlice(at, bytes));
          }
        }
        LockstepTests.assertSame(byValue.difference(), bySums.difference());
        assertEquals(byValue.count(), bySums.count());
        assertEquals(byValue.differing(), bySums.differing());
        assertEquals(byValue.nonFiniteA(), bySums.nonFiniteA());
        assertEquals(byValue.nonFiniteB(), bySums.nonFiniteB());
        if (finite == 0) {
          assertEquals(byValue.normA(), bySums.normA(), 1e-12);
          assertEquals(byValue.normB(), bySums.normB(), 1e-12);
          assertEquals(byValue.slope(), bySums.slope(), 1e-12);
          assertEquals(byValue.slopeDeviation(), bySums.slopeDeviation(), 1e-12);
          assertEquals(byValue.worstRowNmse(), bySums.worstRowNmse(), 1e-10);
          assertEquals(byValue.worstBlockNmse(), bySums.worstBlockNmse(), 1e-10);
        }
      }
    }
  }

  @Test
  void equalArraysDoNotDiffer() {
    float[] values = {1, -0f, Float.MIN_VALUE, Float.MAX_VALUE};
    Difference difference = of(2, values, values.clone()).difference();
    assertEquals(0, difference.maxDiff());
    assertEquals(0, difference.relL2());
    assertEquals(1, difference.cosine());
  }

  @Test
  void valuesDoNotDifferFromThemselves() {
    Activation values = new Activation(2, 3, new float[] {-0f, 2, 3, Float.MAX_VALUE, 5, 6});
    assertEquals(DifferenceSum.of(values, values).difference(), DifferenceSum.none(values));
    assertTrue(values.isFinite());
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      assertFalse(new Activation(1, 3, new float[] {1, 2, bad}).isFinite());
    }
  }

  @Test
  void twoZeroArraysAreEqualAndOneIsNot() {
    float[] zero = new float[4];
    float[] some = {0, 1, 0, 0};
    assertEquals(1, of(4, zero, zero.clone()).difference().cosine());
    assertEquals(0, of(4, zero, zero.clone()).nmse());
    assertEquals(INFINITE, of(4, zero, some).nmse());
    assertEquals(INFINITE, of(4, zero, some).difference().relL2());
    assertEquals(0, of(4, zero, some).difference().cosine());
    assertEquals(1, of(4, some, zero).difference().relL2());
  }

  @Test
  void theSmallestDifferenceCounts() {
    float[] a = {1, 0};
    float[] b = {1, Float.MIN_VALUE};
    DifferenceSum sum = of(2, a, b);
    assertEquals(1, sum.differing());
    assertTrue(sum.nmse() > 0);
    assertEquals(Float.MIN_VALUE, sum.difference().maxDiff());
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void oneValueThatIsNotFiniteMakesEveryFigureInfinite(float bad) {
    float[] good = {1, 2, 3, 4, 5, 6};
    float[] one = {1, 2, 3, 4, bad, 6};
    for (DifferenceSum sum :
        new DifferenceSum[] {of(3, good, one), of(3, one, good), of(3, one, one.clone())}) {
      assertTrue(sum.hasNonFinite());
      assertEquals(INFINITE, sum.nmse());
      assertEquals(INFINITE, sum.difference().maxDiff());
      assertEquals(INFINITE, sum.difference().meanDiff());
      assertEquals(INFINITE, sum.difference().relL2());
      assertTrue(Double.isNaN(sum.difference().cosine()));
      assertEquals(1, sum.difference().token());
      assertEquals(1, sum.difference().index());
      assertEquals(INFINITE, sum.worstRowNmse());
    }
    assertEquals(1, of(3, good, one).nonFiniteB());
    assertEquals(0, of(3, good, one).nonFiniteA());
  }

  @Test
  void aValueThatIsNotFiniteOutweighsAnyFiniteDifferenceBeforeOrAfterIt() {
    float[] zeros = new float[4];
    float huge = Float.MAX_VALUE;
    assertEquals(1, of(4, zeros, new float[] {huge, Float.NaN, 0, 0}).difference().index());
    assertEquals(2, of(4, zeros, new float[] {0, huge, Float.NaN, 0}).difference().index());
    assertFalse(of(4, zeros, new float[] {huge, -huge, 0, 0}).hasNonFinite());
  }

  @Test
  void partsAddUpToTheWhole() {
    float[] a = new float[60];
    float[] b = new float[60];
    java.util.Random random = new java.util.Random(5);
    for (int i = 0; i < 60; i++) {
      a[i] = (float) random.nextGaussian();
      b[i] = i % 7 == 0 ? a[i] : (float) random.nextGaussian();
    }
    DifferenceSum whole = of(6, a, b);
    for (int split = 0; split <= 10; split++) {
      DifferenceSum sum = new DifferenceSum();
      DifferenceSum second = new DifferenceSum();
      for (int row = 0; row < 10; row++) {
        (row < split ? sum : second).addRow(row, a, row * 6, b, row * 6, 6);
      }
      sum.add(second);
      assertEquals(whole.difference().maxDiff(), sum.difference().maxDiff());
      assertEquals(whole.difference().token(), sum.difference().token());
      assertEquals(whole.difference().index(), sum.difference().index());
      assertEquals(whole.nmse(), sum.nmse(), 1e-12);
      assertEquals(whole.worstRowNmse(), sum.worstRowNmse());
      assertEquals(whole.differing(), sum.differing());
      assertEquals(whole.count(), sum.count());
    }
  }

  @Test
  void anEmptyArrayHasNoDifference() {
    assertEquals(0, new DifferenceSum().difference().maxDiff());
    assertEquals(0, new DifferenceSum().nmse());
  }
}
