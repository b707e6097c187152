package dev.rosetta.formats.packed;

/**
 * Codes of 1 to 8 bits without gaps along a row, the lowest bits of a byte first; a row begins with
 * a byte. Words of 32 bits hold the same, as they are little-endian.
 *
 * @param rowBytes bytes from one row to the next
 */
record RowCodes(Part part, long rowBytes, int bits) implements Codes {

  @Override
  public void read(long row, int rows, int column, int count, byte[] target) {
    if (bits == 8) {
      for (int r = 0; r < rows; r++) {
        part.read((row + r) * rowBytes + column, target, r * count, count);
      }
      return;
    }
    long firstBit = (long) column * bits;
    long first = firstBit / 8;
    int length = (int) (Math.ceilDiv(firstBit + (long) count * bits, 8) - first);
    byte[] packed = new byte[length + 1]; // a code may be looked for in two bytes, the last too
    for (int r = 0; r < rows; r++) {
      part.read((row + r) * rowBytes + first, packed, 0, length);
      unpack(packed, (int) (firstBit % 8), bits, target, r * count, count);
    }
  }

  /** Reads {@code count} codes from bit {@code bit} of {@code packed}. */
  static void unpack(byte[] packed, int bit, int bits, byte[] target, int to, int count) {
    int mask = (1 << bits) - 1;
    for (int i = 0, at = bit; i < count; i++, at += bits) {
      int pair = packed[at >> 3] & 0xff | (packed[(at >> 3) + 1] & 0xff) << 8;
      target[to + i] = (byte) (pair >> (at & 7) & mask);
    }
  }
}
