package dev.rosetta.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

final class KernelBackendsTests {
  private static final Availability HERE = new Availability.Usable("here");
  private static final Availability GONE = new Availability.Unusable("gone");

  private static final class Fake implements KernelBackend {
    private final String name;
    private final int priority;
    private final Availability availability;
    private boolean asked;

    Fake(String name, int priority, Availability availability) {
      this.name = name;
      this.priority = priority;
      this.availability = availability;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public int priority() {
      return priority;
    }

    @Override
    public Availability availability() {
      asked = true;
      return availability;
    }

    @Override
    public boolean supports(ElementType type) {
      return false;
    }

    @Override
    public void matmul(
        ElementType type,
        MemorySegment w,
        int rows,
        int columns,
        MemorySegment x,
        int tokens,
        MemorySegment y,
        int yStride) {
      throw new UnsupportedOperationException();
    }
  }

  private final Fake slow = new Fake("slow", 1, HERE);
  private final Fake fast = new Fake("fast", 2, HERE);
  private final Fake fastest = new Fake("fastest", 3, GONE);
  private final KernelBackends backends = new KernelBackends(List.of(slow, fast, fastest));

  @Test
  void theBestUsableOneIsChosenAndWorseOnesAreNotLoaded() {
    assertEquals(fast, backends.choose("auto"));
    assertTrue(fastest.asked);
    assertFalse(slow.asked);
  }

  @Test
  void aNamedOneIsChosenOrRefusedWithItsReason() {
    assertEquals(slow, backends.choose("slow"));
    assertFalse(fast.asked);
    IllegalArgumentException gone =
        assertThrows(IllegalArgumentException.class, () -> backends.choose("fastest"));
    assertTrue(gone.getMessage().contains("gone"), gone.getMessage());
    IllegalArgumentException unknown =
        assertThrows(IllegalArgumentException.class, () -> backends.choose("other"));
    assertTrue(unknown.getMessage().contains("fastest, fast, slow"), unknown.getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> new KernelBackends(List.of(fastest)).choose("auto"));
  }

  @Test
  void allAreListedBestFirst() {
    assertEquals(
        List.of("fastest", "fast", "slow"),
        backends.candidates().stream().map(c -> c.backend().name()).toList());
  }
}
