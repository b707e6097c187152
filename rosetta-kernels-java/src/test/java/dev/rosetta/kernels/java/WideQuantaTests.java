package dev.rosetta.kernels.java;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WideQuantaTests {
  private static final int BLOCK_BYTES = 210;

  /** By the layout: 4 bits of the first 128 bytes, 2 of the next 64, minus 32. */
  private static byte quantum(byte[] bytes, int block, int element) {
    int half = element / 128;
    int part = element % 128 / 32;
    int j = element % 32;
    int nibbles = bytes[block * BLOCK_BYTES + 64 * half + 32 * (part % 2) + j] & 0xff;
    int upper = bytes[block * BLOCK_BYTES + 128 + 32 * half + j] & 0xff;
    return (byte) ((nibbles >> 4 * (part / 2) & 15 | (upper >> 2 * part & 3) << 4) - 32);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7})
  void bothWidthsTakeApartWhatTheLayoutSays(int blocks) {
    byte[] bytes = new byte[3 + blocks * BLOCK_BYTES];
    new Random(blocks).nextBytes(bytes);
    byte[] shifted = new byte[blocks * BLOCK_BYTES];
    System.arraycopy(bytes, 3, shifted, 0, shifted.length);
    byte[] wide = new byte[blocks * 256];
    byte[] narrow = new byte[blocks * 256];

    WideQuanta.q6_k(MemorySegment.ofArray(bytes), 3, blocks, wide);
    SuperBlocks.q6_k(MemorySegment.ofArray(bytes), 3, blocks, narrow);

    for (int i = 0; i < wide.length; i++) {
      assertEquals(quantum(shifted, i / 256, i % 256), wide[i], "element " + i);
    }
    assertArrayEquals(wide, narrow);
  }
}
