package dev.rosetta.kernels.java;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

final class ScalarBackendTests {
  private final ScalarBackend backend = new ScalarBackend();

  /** Values whose sum depends on the order: only the 16-lane tree gives this one. */
  @Test
  void sumsIn16LanesFoldedAsATree() {
    float[] w = new float[33];
    w[0] = 1e8f;
    w[8] = 1; // lost: folded into lane 0 first
    w[4] = -1e8f; // cancels lane 0 one step later
    w[12] = 2; // lost: folded into lane 4 first
    w[2] = 3;
    w[10] = 4;
    w[1] = 5;
    w[16] = 1; // lost: lane 0 while it holds 1e8
    w[32] = 8; // lane 0 as well: 1e8f has a unit of 8
    assertEquals(1e8f + 8, 100000008f);
    assertEquals(8 + 7 + 5, dot(w, ones(33)));
  }

  @Test
  void multipliesAndAddsWithOneRounding() {
    float a = 1 + 0x1p-12f;
    assertEquals(Math.fma(a, a, -1f), dotInLane0(-1f, a));
    assertEquals(false, Math.fma(a, a, -1f) == a * a - 1f);
  }

  @Test
  void decodesQ8Blocks() {
    byte[] block = new byte[34];
    halfAt(block, 0, 0.5f);
    for (int i = 0; i < 32; i++) {
      block[2 + i] = (byte) (i - 16);
    }
    float[] values = decode(ElementType.Q8_0, block, 32);
    assertEquals(-8f, values[0]);
    assertEquals(7.5f, values[31]);
  }

  @Test
  void decodesQ40Blocks() {
    byte[] block = new byte[18];
    halfAt(block, 0, 2f);
    block[2] = (byte) 0xf1;
    float[] values = decode(ElementType.Q4_0, block, 32);
    assertEquals(-14f, values[0]);
    assertEquals(14f, values[16]);
    assertEquals(-16f, values[1]);
  }

  @Test
  void decodesQ4KSuperBlocks() {
    byte[] block = new byte[144];
    halfAt(block, 0, 1f);
    halfAt(block, 2, 0.5f);
    block[4] = (byte) 0x82; // scale 0 = 2; top bits 2 belong to scale 4
    block[8] = 0x46; // min 0 = 6; top bits 1 belong to min 4
    block[12] = 0x37; // scale 4 = 7 | 2<<4 = 39, min 4 = 3 | 1<<4 = 19
    block[16] = 0x3a; // sub-block 0: q 10; sub-block 1: q 3
    block[16 + 64] = 0x05; // sub-block 4: q 5
    float[] values = decode(ElementType.Q4_K, block, 256);
    assertEquals(2f * 10 - 3, values[0]);
    assertEquals(-3f, values[1]);
    assertEquals(39f * 5 - 9.5f, values[128]);
  }

  @Test
  void decodesQ5KSuperBlocks() {
    byte[] block = new byte[176];
    halfAt(block, 0, 1f);
    block[4 + 1] = 3; // scale 1 = 3
    block[16] = 2; // fifth bit of element 0 of sub-block 1
    block[48] = 0x50; // sub-block 1: low bits 5
    float[] values = decode(ElementType.Q5_K, block, 256);
    assertEquals(3f * 21, values[32]);
    assertEquals(0f, values[0]);
  }

  @Test
  void decodesQ6KSuperBlocks() {
    byte[] block = new byte[210];
    halfAt(block, 208, 0.5f);
    block[192 + 8 + 4] = -3; // half 1, elements 64 to 79
    block[64] = (byte) 0x90; // high nibble 9: element 64 of half 1
    block[128 + 32] = 0x30; // bits 4-5 of that element: 3
    float[] values = decode(ElementType.Q6_K, block, 256);
    assertEquals(0.5f * -3 * (57 - 32), values[128 + 64]);
  }

  @Test
  void decodesHalfAndBrainFloats() {
    byte[] half = new byte[4];
    halfAt(half, 0, -1.5f);
    half[2] = 1; // smallest subnormal
    assertArrayEquals(new float[] {-1.5f, 0x1p-24f}, decode(ElementType.F16, half, 2));
    byte[] brain = {0, (byte) 0xc0, (byte) 0x80, 0x3f};
    assertArrayEquals(new float[] {-2f, 1f}, decode(ElementType.BF16, brain, 2));
  }

  @Test
  void bothBackEndsAreFoundAsServices() {
    assertEquals(
        "java scalar",
        ServiceLoader.load(KernelBackend.class).stream()
            .map(provider -> provider.get().name())
            .sorted()
            .reduce((a, b) -> a + " " + b)
            .orElseThrow());
  }

  private float dotInLane0(float start, float a) {
    float[] w = new float[17];
    float[] x = new float[17];
    w[0] = start;
    x[0] = 1;
    w[16] = a;
    x[16] = a;
    return dot(w, x);
  }

  private float dot(float[] w, float[] x) {
    MemorySegment y = Operand.floats(1);
    backend.matmul(ElementType.F32, segment(w), 1, w.length, segment(x), 1, y, 1);
    return y.get(ValueLayout.JAVA_FLOAT, 0);
  }

  /** Decodes one row by multiplying it with the unit vectors. */
  private float[] decode(ElementType type, byte[] block, int columns) {
    MemorySegment w = Operand.floats(Math.ceilDiv(block.length, 4)).asSlice(0, block.length);
    MemorySegment.copy(block, 0, w, ValueLayout.JAVA_BYTE, 0, block.length);
    MemorySegment x = Operand.floats((long) columns * columns);
    for (int i = 0; i < columns; i++) {
      x.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i * columns + i, 1);
    }
    MemorySegment y = Operand.floats(columns);
    backend.matmul(type, w, 1, columns, x, columns, y, 1);
    return y.toArray(ValueLayout.JAVA_FLOAT);
  }

  private static MemorySegment segment(float[] values) {
    MemorySegment segment = Operand.floats(values.length);
    MemorySegment.copy(values, 0, segment, ValueLayout.JAVA_FLOAT, 0, values.length);
    return segment;
  }

  private static float[] ones(int length) {
    float[] ones = new float[length];
    Arrays.fill(ones, 1);
    return ones;
  }

  private static void halfAt(byte[] block, int at, float value) {
    short bits = Float.floatToFloat16(value);
    block[at] = (byte) bits;
    block[at + 1] = (byte) (bits >> 8);
  }
}
