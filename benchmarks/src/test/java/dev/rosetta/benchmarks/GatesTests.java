package dev.rosetta.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.rosetta.kernels.panama.PanamaBackend;
import dev.rosetta.kernels.panama.Tier;
import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the gates say of kernels with a planted fault. */
final class GatesTests {
  private static final Shape SHAPE = new Shape(64, 256);

  /** What goes wrong after a product is computed. */
  private interface Fault {
    void apply(int rows, int tokens, MemorySegment y, int yStride);
  }

  /** The kernels of another back end with a fault. */
  private record Faulty(String name, KernelBackend kernels, Fault fault) implements KernelBackend {
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
      fault.apply(rows, tokens, y, yStride);
    }
  }

  /** Vectors in boxes. */
  private static KernelBackend boxing(KernelBackend kernels) {
    byte[][] boxes = new byte[2000][];
    return new Faulty(
        "boxing",
        kernels,
        (rows, tokens, y, yStride) -> {
          for (int i = 0; i < boxes.length; i++) {
            boxes[i] = new byte[64];
          }
        });
  }

  /** Every result off by a factor. */
  private static KernelBackend scaled(KernelBackend kernels, float factor) {
    return new Faulty(
        "scaled",
        kernels,
        (rows, tokens, y, yStride) -> {
          for (int token = 0; token < tokens; token++) {
            for (int row = 0; row < rows; row++) {
              long at = (long) token * yStride + row;
              y.setAtIndex(
                  ValueLayout.JAVA_FLOAT, at, y.getAtIndex(ValueLayout.JAVA_FLOAT, at) * factor);
            }
          }
        });
  }

  /** The gates measure shares of what native code reaches. */
  @BeforeEach
  void requireNativeKernels() {
    PanamaBackend kernels = new PanamaBackend();
    assumeTrue(kernels.tier().isPresent(), kernels.availability().reason());
  }

  private static List<String> linesWithPeer(float factor) {
    PanamaBackend healthy = new PanamaBackend();
    Tier tier = healthy.tier().orElseThrow();
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    new Gates(
            new PrintStream(text, true, StandardCharsets.UTF_8),
            List.of(
                Contender.peer(scaled(healthy, factor), tier),
                new Contender(Variant.PANAMA_PORTABLE, healthy, tier)))
        .measure(ElementType.F32, List.of(SHAPE), List.of(4), 1 << 20);
    return text.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void aPeerThatRoundsOtherwiseIsMeasuredAndNotJudged() {
    List<String> lines = linesWithPeer(1 + 0x1p-20f);
    assertEquals(4, lines.size(), lines.toString());
    for (String line : lines) {
      boolean peer = line.contains("\"backend\":\"scaled\"");
      assertTrue(line.contains("\"peer\":" + peer), line);
      assertEquals(!peer && line.contains("geomean"), line.contains("\"floor\":"), line);
    }
  }

  @Test
  void aPeerWithOtherResultsIsNotMeasured() {
    for (float factor : new float[] {1 + 0x1p-10f, Float.NaN}) {
      String refusal =
          assertThrows(IllegalStateException.class, () -> linesWithPeer(factor)).getMessage();
      assertTrue(refusal.startsWith("scaled deviates on F32 64x256 with 4 tokens"), refusal);
    }
  }

  @Test
  void aKernelThatPutsItsVectorsOnTheHeapIsMarkedAndFails() {
    PanamaBackend healthy = new PanamaBackend();
    Tier tier = healthy.tier().orElseThrow();
    KernelBackend boxing = boxing(healthy);
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
