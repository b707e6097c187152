package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Encoded weights to exact float32, one block at a time: the definition that every faster form is
 * held to. Byte offsets are relative to the block; {@code d}, {@code dmin} are IEEE half floats;
 * all integers are little-endian. Layouts: {@code block_q4_K} and its like in ggml's {@code
 * ggml-common.h}.
 */
final class BlockDecoder {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private BlockDecoder() {}

  static boolean supports(ElementType type) {
    return switch (type) {
      case F32, F16, BF16, Q4_0, Q8_0, Q4_K, Q5_K, Q6_K -> true;
      default -> false;
    };
  }

  /** {@code columns} rounded up to whole blocks: the room that {@link #decodeRow} needs. */
  static int paddedColumns(ElementType type, int columns) {
    return Math.multiplyExact(Math.ceilDiv(columns, type.blockElements()), type.blockElements());
  }

  /**
   * Decodes one row, the padding of its last block included.
   *
   * @param w encoded rows; the row starts at byte {@code offset}
   * @param target written from {@code at}, {@link #paddedColumns} values
   * @throws IllegalArgumentException if the type is not supported
   */
  static void decodeRow(
      ElementType type, MemorySegment w, long offset, int columns, float[] target, int at) {
    int blocks = Math.ceilDiv(columns, type.blockElements());
    for (int block = 0; block < blocks; block++) {
      long from = offset + (long) block * type.blockBytes();
      int to = at + block * type.blockElements();
      switch (type) {
        case F32 -> target[to] = w.get(FLOAT, from);
        case F16 -> target[to] = half(w, from);
        case BF16 -> target[to] = Float.intBitsToFloat(w.get(SHORT, from) << 16);
        case Q4_0 -> q4_0(w, from, target, to);
        case Q8_0 -> q8_0(w, from, target, to);
        case Q4_K -> q4_k(w, from, target, to);
        case Q5_K -> q5_k(w, from, target, to);
        case Q6_K -> q6_k(w, from, target, to);
        default -> throw new IllegalArgumentException("no kernel for " + type);
      }
    }
  }

  /** d@0, qs[16]@2. Byte j: element j in the low nibble, element j+16 in the high one. */
  private static void q4_0(MemorySegment w, long from, float[] target, int to) {
    float d = half(w, from);
    for (int j = 0; j < 16; j++) {
      int q = u8(w, from, 2 + j);
      target[to + j] = ((q & 15) - 8) * d;
      target[to + j + 16] = ((q >> 4) - 8) * d;
    }
  }

  /** d@0, qs[32]@2 signed. */
  private static void q8_0(MemorySegment w, long from, float[] target, int to) {
    float d = half(w, from);
    for (int j = 0; j < 32; j++) {
      target[to + j] = i8(w, from, 2 + j) * d;
    }
  }

  /**
   * d@0, dmin@2, scales[12]@4, qs[128]@16. Eight sub-blocks of 32: bytes qs[32g…32g+31] hold
   * sub-block 2g in their low and 2g+1 in their high nibbles; value = d*scale*q - dmin*min.
   */
  private static void q4_k(MemorySegment w, long from, float[] target, int to) {
    float d = half(w, from);
    float dmin = half(w, from + 2);
    for (int sub = 0; sub < 8; sub++) {
      float scale = d * scale6(w, from + 4, sub);
      float min = dmin * min6(w, from + 4, sub);
      for (int i = 0; i < 32; i++) {
        int q = u8(w, from, 16 + 32 * (sub / 2) + i) >> 4 * (sub % 2) & 15;
        target[to + 32 * sub + i] = scale * q - min;
      }
    }
  }

  /**
   * d@0, dmin@2, scales[12]@4, qh[32]@16, qs[128]@48. As Q4_K, with bit {@code sub} of qh[i] as
   * fifth bit of element i of the sub-block.
   */
  private static void q5_k(MemorySegment w, long from, float[] target, int to) {
    float d = half(w, from);
    float dmin = half(w, from + 2);
    for (int sub = 0; sub < 8; sub++) {
      float scale = d * scale6(w, from + 4, sub);
      float min = dmin * min6(w, from + 4, sub);
      for (int i = 0; i < 32; i++) {
        int low = u8(w, from, 48 + 32 * (sub / 2) + i) >> 4 * (sub % 2) & 15;
        int high = u8(w, from, 16 + i) >> sub & 1;
        target[to + 32 * sub + i] = scale * (low | high << 4) - min;
      }
    }
  }

  /**
   * ql[128]@0, qh[64]@128, scales[16]@192 signed, d@208. Two halves of 128; in each, element 32p+l
   * takes a nibble of ql (p = 0, 1: low of byte 32p+l; p = 2, 3: high of byte 32(p-2)+l) and bits
   * 2p, 2p+1 of qh[l]; value = d*scale*(q-32) with one scale for 16 elements.
   */
  private static void q6_k(MemorySegment w, long from, float[] target, int to) {
    float d = half(w, from + 208);
    for (int h = 0; h < 2; h++) {
      for (int i = 0; i < 128; i++) {
        int part = i / 32;
        int l = i % 32;
        int low = u8(w, from, 64 * h + 32 * (part % 2) + l) >> 4 * (part / 2) & 15;
        int high = u8(w, from, 128 + 32 * h + l) >> 2 * part & 3;
        byte scale = i8(w, from, 192 + 8 * h + i / 16);
        target[to + 128 * h + i] = d * scale * ((low | high << 4) - 32);
      }
    }
  }

  /**
   * The 6-bit scale of a sub-block: eight scales and eight mins share the 12 bytes at {@code s}.
   */
  static int scale6(MemorySegment w, long s, int sub) {
    return sub < 4 ? u8(w, s, sub) & 63 : u8(w, s, sub + 4) & 15 | u8(w, s, sub - 4) >> 6 << 4;
  }

  /** The 6-bit min of a sub-block, packed like {@link #scale6}. */
  static int min6(MemorySegment w, long s, int sub) {
    return sub < 4 ? u8(w, s, sub + 4) & 63 : u8(w, s, sub + 4) >> 4 | u8(w, s, sub) >> 6 << 4;
  }

  private static float half(MemorySegment w, long offset) {
    return Float.float16ToFloat(w.get(SHORT, offset));
  }

  private static int u8(MemorySegment w, long block, int at) {
    return i8(w, block, at) & 0xff;
  }

  private static byte i8(MemorySegment w, long block, int at) {
    return w.get(ValueLayout.JAVA_BYTE, block + at);
  }
}
