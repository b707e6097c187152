package dev.rosetta.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.rosetta.benchmarks.Gates.Contender;
import dev.rosetta.kernels.panama.PanamaBackend;
import dev.rosetta.kernels.panama.Tier;
import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the gates say of kernels with a planted fault. */
final class GatesTests {
  private static final Shape SHAPE = new Shape(64, 256);

  /** The kernels of another back end, with vectors in boxes. */
  private record Boxing(KernelBackend kernels, byte[][] boxes) implements KernelBackend {
    @Override
    public String name() {
      return "boxing";
    }

    @Override
    public int priority() {
      return 0;
    }

    @Override
    public Availability availability() {
      return kernels.availability();
    }

    @Override
    public boolean supports(ElementType type) {
      return kernels.supports(type);
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
      kernels.matmul(type, w, rows, columns, x, tokens, y, yStride);
      for (int i = 0; i < boxes.length; i++) {
        boxes[i] = new byte[64];
      }
    }
  }

  @Test
  void aKernelThatPutsItsVectorsOnTheHeapIsMarkedAndFails() {
    PanamaBackend healthy = new PanamaBackend();
    assumeTrue(healthy.tier().isPresent(), healthy.availability().reason());
    Tier tier = healthy.tier().orElseThrow();
    KernelBackend boxing = new Boxing(healthy, new byte[2000][]);
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    Gates gates =
        new Gates(
            new PrintStream(text, true, StandardCharsets.UTF_8),
            List.of(
                new Contender(Variant.JAVA, boxing, tier),
                new Contender(Variant.PANAMA_PORTABLE, healthy, tier)));
    gates.measure(ElementType.Q4_K, List.of(SHAPE), List.of(1), 1 << 20);
    List<String> lines = text.toString(StandardCharsets.UTF_8).lines().toList();
    assertEquals(4, lines.size(), lines.toString());
    for (String line : lines) {
      boolean planted = line.contains("\"backend\":\"boxing\"");
      assertTrue(line.contains("\"boxes\":" + planted), line);
    }
    assertFalse(gates.allFloorsMet());
  }
}
