package dev.rosetta.formats.quant;

/**
 * The twelve bytes that hold eight 6-bit scales and eight 6-bit minima of Q4_K and Q5_K.
 *
 * <p>Sub-blocks 0…3: the low six bits of bytes 0…3 (scales) and 4…7 (minima). Sub-blocks 4…7: low
 * four bits in the low (scales) and high (minima) nibbles of bytes 8…11, upper two bits in bits 6,
 * 7 of bytes 0…3 (scales) and 4…7 (minima).
 */
final class PackedScales {
  private PackedScales() {}

  static int scale(byte[] blocks, int at, int s) {
    if (s < 4) {
      return u8(blocks, at + s) & 63;
    }
    return u8(blocks, at + s + 4) & 15 | u8(blocks, at + s - 4) >> 6 << 4;
  }

  static int minimum(byte[] blocks, int at, int s) {
    if (s < 4) {
      return u8(blocks, at + s + 4) & 63;
    }
    return u8(blocks, at + s + 4) >> 4 | u8(blocks, at + s) >> 6 << 4;
  }

  /** Adds scale and minimum of sub-block {@code s} to twelve bytes that began as zeros. */
  static void put(byte[] target, int at, int s, int scale, int minimum) {
    if (s < 4) {
      target[at + s] |= (byte) scale;
      target[at + s + 4] |= (byte) minimum;
    } else {
      target[at + s + 4] |= (byte) (scale & 15 | (minimum & 15) << 4);
      target[at + s - 4] |= (byte) (scale >> 4 << 6);
      target[at + s] |= (byte) (minimum >> 4 << 6);
    }
  }

  private static int u8(byte[] blocks, int at) {
    return CheckedCodec.u8(blocks, at);
  }
}
