package dev.rosetta.kernels.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rosetta.kernels.java.Operand.Scales;
import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class VectorBackendTests {
  private static final int[] ROWS = {0, 1, 2, 3, 4, 5, 7, 8, 9, 17};
  private static final int[] TOKENS = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 19, 25};
  private static final int[] COLUMNS = {0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 65, 255};
  private static final int[] BLOCKS_OF_COLUMNS = {1, 2, 3, 5};

  static Stream<ElementType> types() {
    return Stream.of(ElementType.values()).filter(new VectorBackend()::supports);
  }

  @ParameterizedTest
  @MethodSource("types")
  void givesTheBitsOfTheScalarDefinitionAtEveryWidth(ElementType type)
      throws ReflectiveOperationException {
    Map<String, KernelBackend> widths =
        Map.of(
            "128 bits", ForcedWidth.of(128),
            "256 bits", ForcedWidth.of(256),
            "512 bits", ForcedWidth.of(512));
    long seed = 20261123L + type.ordinal();
    Random random = new Random(seed);
    for (Scales scales : Scales.values()) {
      for (int columns : columns(type)) {
        for (int tokens : TOKENS) {
          int rows = ROWS[random.nextInt(ROWS.length)];
          check(widths, type, rows, columns, tokens, scales, random, seed);
        }
        check(widths, type, 5, columns, 7, scales, random, seed);
        // Few columns at once are decoded in registers, four rows at a time.
        check(widths, type, 9, columns, 1, scales, random, seed);
        check(widths, type, 9, columns, 4, scales, random, seed);
      }
      for (int rows : ROWS) {
        check(widths, type, rows, 2 * type.blockElements(), 6, scales, random, seed);
      }
      // Inputs that exceed a core's caches meet more rows at a time, and then those left over.
      check(widths, type, 18, 256, 1030, scales, random, seed);
    }
  }

  /** Around what is kept between two panels of columns: 48 rows, 64 tokens, 768 columns. */
  @ParameterizedTest
  @MethodSource("types")
  void givesTheBitsOfTheScalarDefinitionAcrossPanels(ElementType type)
      throws ReflectiveOperationException {
    Map<String, KernelBackend> widths =
        Map.of("128 bits", ForcedWidth.of(128), "256 bits", ForcedWidth.of(256));
    long seed = 20261127L + type.ordinal();
    Random random = new Random(seed);
    int block = type.blockElements();
    for (int columns : new int[] {768, 768 + block, 1536 - 5 % block, 1536 + 3 * block}) {
      for (int rows : new int[] {1, 6, 48, 51}) {
        check(widths, type, rows, columns, 1, Scales.USUAL, random, seed);
        check(widths, type, rows, columns, 5, Scales.USUAL, random, seed);
      }
      check(widths, type, 49, columns, 64, Scales.USUAL, random, seed);
      check(widths, type, 7, columns, 67, Scales.USUAL, random, seed);
    }
  }

  /** Around every lane multiple for scalar types, odd tails of the last block for the others. */
  private static int[] columns(ElementType type) {
    if (type.blockElements() == 1) {
      return COLUMNS;
    }
    int[] columns = new int[4 * BLOCKS_OF_COLUMNS.length + 1];
    for (int i = 0; i < BLOCKS_OF_COLUMNS.length; i++) {
      columns[4 * i] = BLOCKS_OF_COLUMNS[i] * type.blockElements();
      columns[4 * i + 1] = columns[4 * i] - 1 - 5 * i;
      columns[4 * i + 2] = columns[4 * i] - type.blockElements() + 32;
      columns[4 * i + 3] = columns[4 * i] - type.blockElements() + 64;
    }
    return columns;
  }

  private static void check(
      Map<String, KernelBackend> backends,
      ElementType type,
      int rows,
      int columns,
      int tokens,
      Scales scales,
      Random random,
      long seed) {
    MemorySegment w = Operand.weights(type, rows, columns, scales, random);
    MemorySegment x = Operand.columns(tokens, columns, scales, random);
    int stride = rows + random.nextInt(3);
    long results = tokens == 0 || rows == 0 ? 0 : (tokens - 1L) * stride + rows;
    MemorySegment expected = Operand.floats(results);
    new ScalarBackend().matmul(type, w, rows, columns, x, tokens, expected, stride);
    backends.forEach(
        (width, backend) -> {
          MemorySegment actual = Operand.floats(results);
          backend.matmul(type, w, rows, columns, x, tokens, actual, stride);
          long at = expected.mismatch(actual);
          if (at >= 0) {
            long i = at / Float.BYTES;
            throw new AssertionError(
                "%s %dx%d, %d tokens, %s, %s, seed %d: result %d is %s, scalar says %s"
                    .formatted(
                        type,
                        rows,
                        columns,
                        tokens,
                        scales,
                        width,
                        seed,
                        i,
                        actual.getAtIndex(ValueLayout.JAVA_FLOAT, i),
                        expected.getAtIndex(ValueLayout.JAVA_FLOAT, i)));
          }
        });
  }

  @Test
  void isUsableWithTheIncubatorModule() {
    assertInstanceOf(Availability.Usable.class, new VectorBackend().availability());
  }

  @Test
  void refusesShortOperandsAndBadCounts() {
    for (KernelBackend backend : List.of(new VectorBackend(), new ScalarBackend())) {
      MemorySegment three = Operand.floats(3);
      MemorySegment four = Operand.floats(4);
      assertShort(backend, three, four, four, 2);
      assertShort(backend, four, three, four, 2);
      assertShort(backend, four, four, three, 2);
      assertThrows(
          IllegalArgumentException.class,
          () -> backend.matmul(ElementType.F32, four, 2, 2, four, 2, four, 1));
      assertThrows(
          IllegalArgumentException.class,
          () -> backend.matmul(ElementType.F32, four, -1, 2, four, 2, four, 2));
      assertThrows(
          IllegalArgumentException.class,
          () -> backend.matmul(ElementType.IQ1_M, four, 0, 0, four, 0, four, 0));
      backend.matmul(ElementType.F32, four, 2, 2, four, 2, four, 2);
    }
    assertEquals(false, new VectorBackend().supports(ElementType.IQ1_M));
  }

  private static void assertShort(
      KernelBackend backend, MemorySegment w, MemorySegment x, MemorySegment y, int n) {
    assertThrows(
        IndexOutOfBoundsException.class,
        () -> backend.matmul(ElementType.F32, w, n, n, x, n, y, n));
  }
}
