package dev.rosetta.kernels.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ServiceLoader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PanamaBackendTests {
  private final PanamaBackend backend = new PanamaBackend();
  private final Arena arena = Arena.ofAuto();

  @BeforeEach
  void needsTheLibrary() {
    NativeRequired.assumeLoaded();
  }

  @Test
  void isFoundAsAService() {
    assertTrue(
        ServiceLoader.load(KernelBackend.class).stream()
            .anyMatch(provider -> provider.type() == PanamaBackend.class));
  }

  @Test
  void saysWhichTierItRunsOn() {
    Availability availability = backend.availability();
    assertInstanceOf(Availability.Usable.class, availability);
    assertTrue(availability.reason().contains(backend.tier().orElseThrow().toString()));
  }

  @Test
  void forcesATierByProperty() {
    System.setProperty(PanamaBackend.TIER_PROPERTY, "portable");
    try {
      assertEquals(Tier.PORTABLE, new PanamaBackend().tier().orElseThrow());
      System.setProperty(PanamaBackend.TIER_PROPERTY, "mmx");
      assertThrows(IllegalArgumentException.class, PanamaBackend::new);
    } finally {
      System.clearProperty(PanamaBackend.TIER_PROPERTY);
    }
  }

  @Test
  void refusesShortOperands() {
    assertThrows(IndexOutOfBoundsException.class, () -> multiply(143, 1024, 4));
    assertThrows(IndexOutOfBoundsException.class, () -> multiply(144, 1023, 4));
    assertThrows(IndexOutOfBoundsException.class, () -> multiply(144, 1024, 3));
    multiply(144, 1024, 4);
  }

  private void multiply(long weightBytes, long inputBytes, long resultBytes) {
    backend.matmul(
        ElementType.Q4_K,
        arena.allocate(weightBytes),
        1,
        256,
        arena.allocate(inputBytes),
        1,
        arena.allocate(resultBytes),
        1);
  }

  @Test
  void countsTheStrideBetweenTokens() {
    MemorySegment some = arena.allocate(1024);
    backend.matmul(ElementType.F32, some, 2, 4, some, 3, arena.allocate(4 * (2 * 5 + 2)), 5);
    assertThrows(
        IndexOutOfBoundsException.class,
        () ->
            backend.matmul(
                ElementType.F32, some, 2, 4, some, 3, arena.allocate(4 * (2 * 5 + 2) - 1), 5));
  }

  @Test
  void refusesNegativeCountsAndStridesBelowTheRows() {
    MemorySegment some = arena.allocate(1024);
    for (int[] counts : new int[][] {{-1, 4, 1, 1}, {1, -4, 1, 1}, {1, 4, -1, 1}, {2, 4, 1, 1}}) {
      assertThrows(
          IllegalArgumentException.class,
          () ->
              backend.matmul(
                  ElementType.F32, some, counts[0], counts[1], some, counts[2], some, counts[3]));
    }
  }

  @Test
  void refusesTypesItHasNoKernelFor() {
    MemorySegment some = arena.allocate(1024);
    assertThrows(
        IllegalArgumentException.class,
        () -> backend.matmul(ElementType.IQ4_NL, some, 1, 32, some, 1, some, 1));
  }

  @Test
  void refusesHeapMemoryAndReadOnlyResults() {
    MemorySegment some = arena.allocate(1024);
    MemorySegment heap = MemorySegment.ofArray(new float[256]);
    assertThrows(
        IllegalArgumentException.class,
        () -> backend.matmul(ElementType.F32, heap, 1, 4, some, 1, some, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> backend.matmul(ElementType.F32, some, 1, 4, some, 1, some.asReadOnly(), 1));
  }

  @Test
  void refusesShortOperandsOfADifference() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment enough = arena.allocate(2 * 40 * Double.BYTES, 8);
      MemorySegment values = arena.allocate(2 * 40 * Float.BYTES);
      MemorySegment sums = arena.allocate(2 * 10 * Double.BYTES, 8);
      backend.difference(values, values, 2, 40, sums);
      for (int operand = 0; operand < 3; operand++) {
        MemorySegment a = operand == 0 ? values.asSlice(1) : values;
        MemorySegment b = operand == 1 ? values.asSlice(1) : values;
        MemorySegment s = operand == 2 ? sums.asSlice(8) : sums;
        assertThrows(IndexOutOfBoundsException.class, () -> backend.difference(a, b, 2, 40, s));
      }
      assertThrows(
          IllegalArgumentException.class, () -> backend.difference(values, values, -1, 40, sums));
      assertThrows(
          IllegalArgumentException.class, () -> backend.difference(values, values, 2, -1, sums));
      assertThrows(
          IllegalArgumentException.class,
          () -> backend.difference(values, values, 2, 40, enough.asReadOnly()));
    }
  }

  @Test
  void acceptsNothingToDo() {
    MemorySegment none = arena.allocate(0);
    backend.matmul(ElementType.Q4_K, none, 0, 256, arena.allocate(1024), 1, none, 0);
    backend.matmul(ElementType.Q4_K, arena.allocate(144), 1, 256, none, 0, none, 1);
  }
}
