package dev.rosetta.kernels.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rosetta.kernels.java.ScalarBackend;
import dev.rosetta.kernels.panama.GuardedMemory.Guard;
import dev.rosetta.model.ElementType;
import dev.rosetta.spi.KernelBackend;
import dev.rosetta.spi.RowDifference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every native tier of this processor returns the bits of the scalar definition. */
@EnabledOnOs(OS.LINUX)
class KernelEqualityTests {
  private static final int[] ROWS = {0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 33};
  private static final int[] TOKENS = {0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 19, 64, 70};
  private static final int[] COLUMNS = {
    0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 288, 511, 512, 513, 529, 1056
  };

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final KernelBackend scalar = new ScalarBackend();

  @BeforeAll
  static void needsTheLibrary() {
    NativeRequired.assumeLoaded();
  }

  static Stream<Arguments> tiersAndTypes() {
    List<Arguments> pairs = new ArrayList<>();
    if (NativeLibrary.get() instanceof NativeLibrary.Loaded(var path, var tiers)) {
      for (Tier tier : tiers) {
        for (ElementType type : ElementType.values()) {
          if (new PanamaBackend(tier).supports(type)) {
            pairs.add(Arguments.of(tier, type));
          }
        }
      }
    }
    return pairs.stream();
  }

  @ParameterizedTest
  @MethodSource("tiersAndTypes")
  void givesTheBitsOfTheScalarDefinition(Tier tier, ElementType type) {
    long seed = 4000 + type.ordinal();
    Random random = new Random(seed);
    PanamaBackend backend = new PanamaBackend(tier);
    for (Operands.Scales scales : Operands.Scales.values()) {
      for (int columns : COLUMNS) {
        for (int i = 0; i < 3; i++) {
          int rows = ROWS[random.nextInt(ROWS.length)];
          int tokens = TOKENS[random.nextInt(TOKENS.length)];
          check(backend, type, rows, columns, tokens, scales, random, seed);
        }
      }
      for (int rows : ROWS) {
        check(backend, type, rows, 272, 5, scales, random, seed);
      }
      for (int tokens : TOKENS) {
        check(backend, type, 5, 512, tokens, scales, random, seed);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("tiersAndTypes")
  void decodesToTheValuesOfTheScalarDefinition(Tier tier, ElementType type) {
    long seed = 5000 + type.ordinal();
    Random random = new Random(seed);
    PanamaBackend backend = new PanamaBackend(tier);
    int elements = 3 * type.blockElements();
    // Finite values only: the definition multiplies all others of a row with zero.
    for (Operands.Scales scales : EnumSet.complementOf(EnumSet.of(Operands.Scales.ANY))) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment blocks = arena.allocate(type.byteSize(elements));
        Operands.fillWeights(blocks, type, scales, random);
        MemorySegment values = arena.allocate((long) elements * Float.BYTES);
        backend.dequantize(type, blocks, values, elements);
        for (int i = 0; i < elements; i++) {
          // A single one among zeros picks value i out of the row.
          MemorySegment x = arena.allocate((long) elements * Float.BYTES);
          x.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1);
          MemorySegment y = arena.allocate(Float.BYTES);
          scalar.matmul(type, blocks, 1, elements, x, 1, y, 1);
          float expected = y.get(ValueLayout.JAVA_FLOAT, 0);
          float actual = values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
          if (expected != actual) {
            assertEquals(expected, actual, "seed " + seed + ", element " + i);
          }
        }
      }
    }
  }

  static Stream<Tier> tiers() {
    return NativeLibrary.get() instanceof NativeLibrary.Loaded(var path, var tiers)
        ? tiers.stream()
        : Stream.empty();
  }

  @ParameterizedTest
  @MethodSource("tiers")
  void sumsUpDifferencesToTheBitsOfTheScalarDefinition(Tier tier) {
    Random random = new Random(6000);
    PanamaBackend backend = new PanamaBackend(tier);
    for (int columns : COLUMNS) {
      for (int rows : new int[] {0, 1, 2, 5}) {
        for (Guard guard : Guard.values()) {
          long bytes = (long) rows * columns * Float.BYTES;
          long results = (long) rows * RowDifference.length(columns);
          try (GuardedMemory a = new GuardedMemory(bytes, guard);
              GuardedMemory b = new GuardedMemory(bytes, guard);
              GuardedMemory sums = new GuardedMemory(results * Double.BYTES, guard);
              Arena arena = Arena.ofConfined()) {
            Operands.fillActivations(a.bytes(), random);
            Operands.fillActivations(b.bytes(), random);
            for (int i = 0; i < rows * columns; i++) {
              int kind = random.nextInt(100);
              if (kind < 30) {
                float same = a.bytes().getAtIndex(FLOAT, i);
                b.bytes().setAtIndex(FLOAT, i, same);
              } else if (kind > 97) {
                MemorySegment side = kind == 98 ? a.bytes() : b.bytes();
                side.setAtIndex(FLOAT, i, random.nextBoolean() ? Float.NaN : 1f / 0);
              }
            }
            MemorySegment expected = arena.allocate(Math.max(1, results * Double.BYTES), 8);
            scalar.difference(a.bytes(), b.bytes(), rows, columns, expected);
            backend.difference(a.bytes(), b.bytes(), rows, columns, sums.bytes());
            for (long i = 0; i < results; i++) {
              assertEquals(
                  expected.getAtIndex(ValueLayout.JAVA_DOUBLE, i),
                  sums.bytes().getAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, i),
                  "rows " + rows + ", columns " + columns + ", sum " + i);
            }
          }
        }
      }
    }
  }

  private void check(
      PanamaBackend backend,
      ElementType type,
      int rows,
      int columns,
      int tokens,
      Operands.Scales scales,
      Random random,
      long seed) {
    Guard guard = random.nextBoolean() ? Guard.BEHIND : Guard.IN_FRONT;
    int yStride = rows + random.nextInt(3);
    long results = tokens == 0 ? 0 : (tokens - 1L) * yStride + rows;
    try (GuardedMemory w = new GuardedMemory(rows * type.byteSize(columns), guard);
        GuardedMemory x = new GuardedMemory((long) tokens * columns * Float.BYTES, guard);
        GuardedMemory y = new GuardedMemory(results * Float.BYTES, guard);
        Arena arena = Arena.ofConfined()) {
      Operands.fillWeights(w.bytes(), type, scales, random);
      Operands.fillActivations(x.bytes(), random);
      y.bytes().fill((byte) 0x55);
      MemorySegment expected = arena.allocate(Math.max(1, results * Float.BYTES));
      expected.fill((byte) 0x55);
      scalar.matmul(type, w.bytes(), rows, columns, x.bytes(), tokens, expected, yStride);
      backend.matmul(type, w.bytes(), rows, columns, x.bytes(), tokens, y.bytes(), yStride);
      for (long i = 0; i < results; i++) {
        int wanted = expected.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i);
        int got = y.bytes().getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i);
        if (wanted != got && !bothNaN(wanted, got)) {
          assertEquals(
              Float.intBitsToFloat(wanted),
              Float.intBitsToFloat(got),
              () ->
                  "rows %d, columns %d, tokens %d, yStride %d, %s, seed %d"
                      .formatted(rows, columns, tokens, yStride, scales, seed));
        }
      }
    }
  }

  private static boolean bothNaN(int a, int b) {
    return Float.isNaN(Float.intBitsToFloat(a)) && Float.isNaN(Float.intBitsToFloat(b));
  }
}
