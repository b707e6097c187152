package dev.rosetta.formats.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.ElementCodec;
import dev.rosetta.spi.ElementCodecs;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ElementCodecsTests {
  private static final Set<ElementType> UNDECODABLE =
      EnumSet.of(
          ElementType.C64,
          ElementType.Q8_1,
          ElementType.Q8_K,
          ElementType.F4,
          ElementType.F6_E2M3,
          ElementType.F6_E3M2);

  private static final ElementCodecs CODECS = ElementCodecs.load();

  @Test
  void everyTypeIsDecodedExceptThoseKnownNotToBe() {
    for (ElementType type : ElementType.values()) {
      assertEquals(!UNDECODABLE.contains(type), CODECS.codec(type).isPresent(), type.name());
    }
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
        "IQ4_XS", "MXFP4", "APR_Q4"
      })
  void randomBlocksDecodeToTheRoundedRealValue(ElementType type) {
    long seed = 20261123 + type.ordinal();
    Random random = new Random(seed);
    int blocks = 40;
    byte[] bytes = new byte[blocks * type.blockBytes()];
    random.nextBytes(bytes);
    for (int block = 0; block < blocks; block++) {
      makeScalesFinite(type, bytes, block * type.blockBytes());
    }
    int n = type.blockElements();
    float[] decoded = decode(type, bytes, blocks * n);
    for (int block = 0; block < blocks; block++) {
      byte[] one =
          java.util.Arrays.copyOfRange(
              bytes, block * type.blockBytes(), (block + 1) * type.blockBytes());
      double[] expected = ReferenceDecoder.decodeBlock(type, one);
      for (int k = 0; k < n; k++) {
        assertEquals(
            (float) expected[k],
            decoded[block * n + k],
            0f,
            type + " element " + k + " seed " + seed);
      }
    }
  }

  /** Clears one exponent bit of every f16 scale, so that none is infinite or NaN. */
  private static void makeScalesFinite(ElementType type, byte[] bytes, int at) {
    int[] halves =
        switch (type) {
          case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
          case Q2_K -> new int[] {80, 82};
          case Q3_K -> new int[] {108};
          case Q6_K -> new int[] {208};
          case MXFP4 -> new int[0];
          default -> new int[] {0};
        };
    for (int half : halves) {
      bytes[at + half + 1] &= (byte) 0xbf;
    }
    if (type == ElementType.MXFP4) {
      // 2^(255 - 128) * 12 is no float32.
      bytes[at] = (byte) Math.min(bytes[at] & 0xff, 250);
    }
  }

  @Test
  void everyHalfDecodesToItsValue() {
    ByteBuffer bytes = ByteBuffer.allocate(2 << 16).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 1 << 16; i++) {
      bytes.putShort((short) i);
    }
    float[] decoded = decode(ElementType.F16, bytes.array(), 1 << 16);
    assertEquals(0x1p-24f, decoded[1]);
    assertEquals(0x1p-14f, decoded[0x400]);
    assertEquals(65504f, decoded[0x7bff]);
    assertEquals(Float.POSITIVE_INFINITY, decoded[0x7c00]);
    assertTrue(Float.isNaN(decoded[0x7e00]));
    for (int i = 0; i < 0x7c00; i++) {
      assertEquals(-decoded[i], decoded[i + 0x8000]);
      assertTrue(i == 0 || decoded[i] > decoded[i - 1]);
    }
  }

  @Test
  void scalarsDecodeToTheirNearestFloat() {
    ByteBuffer b = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    b.putLong(0, -1L);
    assertEquals(0x1p64f, decode(ElementType.U64, b.array(), 1)[0]);
    assertEquals(-1f, decode(ElementType.I64, b.array(), 1)[0]);
    assertEquals(0x1p32f, decode(ElementType.U32, b.array(), 1)[0]);
    assertEquals(-1f, decode(ElementType.I32, b.array(), 1)[0]);
    assertEquals(65535f, decode(ElementType.U16, b.array(), 1)[0]);
    assertEquals(-1f, decode(ElementType.I16, b.array(), 1)[0]);
    assertEquals(255f, decode(ElementType.U8, b.array(), 1)[0]);
    assertEquals(-1f, decode(ElementType.I8, b.array(), 1)[0]);
    assertEquals(-1f, decode(ElementType.APR_Q8, b.array(), 1)[0]);
    assertEquals(1f, decode(ElementType.BOOL, b.array(), 1)[0]);
    assertEquals(0f, decode(ElementType.BOOL, new byte[1], 1)[0]);
    // One above the tie between two floats: the lowest bit decides.
    b.putLong(0, 0x8000_0080_0000_0001L);
    assertEquals(Math.nextUp(0x1p63f), decode(ElementType.U64, b.array(), 1)[0]);
    b.putLong(0, 0x8000_0080_0000_0000L);
    assertEquals(0x1p63f, decode(ElementType.U64, b.array(), 1)[0]);
    b.putDouble(0, 0.1);
    assertEquals(0.1f, decode(ElementType.F64, b.array(), 1)[0]);
    b.putFloat(0, 1.5e-45f);
    assertEquals(1.5e-45f, decode(ElementType.F32, b.array(), 1)[0]);
    b.putShort(0, (short) 0x3f80);
    assertEquals(1f, decode(ElementType.BF16, b.array(), 1)[0]);
  }

  @Test
  void eightBitFloatsDecodeToTheirSpecifiedExtremes() {
    byte[] all = new byte[256];
    for (int i = 0; i < 256; i++) {
      all[i] = (byte) i;
    }
    float[] e4m3 = decode(ElementType.F8_E4M3, all, 256);
    assertEquals(448f, e4m3[0x7e]);
    assertEquals(0x1p-9f, e4m3[1]);
    assertEquals(1f, e4m3[0x38]);
    assertTrue(Float.isNaN(e4m3[0x7f]) && Float.isNaN(e4m3[0xff]));
    float[] e5m2 = decode(ElementType.F8_E5M2, all, 256);
    assertEquals(57344f, e5m2[0x7b]);
    assertEquals(Float.NEGATIVE_INFINITY, e5m2[0xfc]);
    assertEquals(0x1p-16f, e5m2[1]);
    float[] e8m0 = decode(ElementType.F8_E8M0, all, 256);
    assertEquals(1f, e8m0[127]);
    assertEquals(0x1p-127f, e8m0[0]);
    assertTrue(Float.isNaN(e8m0[255]));
    float[] e4m3fnuz = decode(ElementType.F8_E4M3FNUZ, all, 256);
    assertEquals(240f, e4m3fnuz[0x7f]);
    assertEquals(0x1p-10f, e4m3fnuz[1]);
    assertTrue(Float.isNaN(e4m3fnuz[0x80]));
    float[] e5m2fnuz = decode(ElementType.F8_E5M2FNUZ, all, 256);
    assertEquals(57344f, e5m2fnuz[0x7f]);
    assertEquals(-0x1p-17f, e5m2fnuz[0x81]);
    assertTrue(Float.isNaN(e5m2fnuz[0x80]));
  }

  @Test
  void rangesOutsideSourceOrTargetAreRefused() {
    ElementCodec codec = CODECS.codec(ElementType.Q4_0).orElseThrow();
    byte[] blocks = new byte[36];
    float[] target = new float[64];
    codec.decode(blocks, 0, target, 0, 64);
    assertThrows(IndexOutOfBoundsException.class, () -> codec.decode(blocks, 1, target, 0, 64));
    assertThrows(IndexOutOfBoundsException.class, () -> codec.decode(blocks, -1, target, 0, 32));
    assertThrows(IndexOutOfBoundsException.class, () -> codec.decode(blocks, 0, target, 33, 32));
    assertThrows(IllegalArgumentException.class, () -> codec.decode(blocks, 0, target, 0, 31));
  }

  static ElementCodec codec(ElementType type) {
    return CODECS.codec(type).orElseThrow();
  }

  static float[] decode(ElementType type, byte[] bytes, int elements) {
    byte[] blocks = new byte[bytes.length + 1];
    System.arraycopy(bytes, 0, blocks, 1, bytes.length);
    float[] target = new float[elements + 3];
    CODECS.codec(type).orElseThrow().decode(blocks, 1, target, 3, elements);
    return java.util.Arrays.copyOfRange(target, 3, elements + 3);
  }
}
