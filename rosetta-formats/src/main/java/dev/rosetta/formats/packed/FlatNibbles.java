package dev.rosetta.formats.packed;

/**
 * bitsandbytes' four-bit codes: the matrix as one row, two codes a byte, the first in the high
 * half.
 */
record FlatNibbles(Part part, long columns) implements Codes {

  @Override
  public void read(long row, int rows, int column, int count, byte[] target) {
    long first = row * columns + column;
    int codes = rows * count;
    int skipped = (int) (first & 1);
    byte[] packed = new byte[(skipped + codes + 1) / 2];
    part.read(first / 2, packed, 0, packed.length);
    for (int i = 0; i < codes; i++) {
      int at = i + skipped;
      int pair = packed[at >> 1];
      target[i] = (byte) ((at & 1) == 0 ? pair >> 4 & 15 : pair & 15);
    }
  }
}
