package dev.rosetta.formats.packed;

/**
 * AWQ's four-bit codes as its "gemm" kernel wants them: words of 32 bits hold eight consecutive
 * outputs of one input, {@code [in, out / 8]}; output {@code j} of a word is its nibble {@code (j %
 * 2) * 4 + j / 2}.
 *
 * @param outputs rows of the weight, a multiple of 8
 */
record AwqCodes(Part part, long outputs) implements Codes {

  @Override
  public void read(long row, int rows, int column, int count, byte[] target) {
    byte[] words = new byte[wordBytes(row, rows)];
    int skipped = (int) (row % 8);
    int end = skipped + rows;
    for (int c = 0; c < count; c++) {
      readWords(column + c, row, words);
      for (int at = skipped; at < end; ) {
        int word = LittleEndian.i32(words, at / 8 * 4);
        for (int last = Math.min(end, (at / 8 + 1) * 8); at < last; at++) {
          target[(at - skipped) * count + c] = (byte) (word >>> shift(at % 8) & 15);
        }
      }
    }
  }

  /** Bytes of the words that hold outputs {@code [first, first + count)}. */
  static int wordBytes(long first, int count) {
    return 4 * (int) (Math.ceilDiv(first + count, 8) - first / 8);
  }

  /** Reads the words of one line that begin with the one that holds output {@code first}. */
  void readWords(long line, long first, byte[] words) {
    part.read((line * (outputs / 8) + first / 8) * 4, words, 0, words.length);
  }

  /** Code of output {@code first + i} in the words that begin with that of {@code first}. */
  static int nibble(byte[] words, long first, int i) {
    int at = (int) (first % 8) + i;
    return LittleEndian.i32(words, at / 8 * 4) >>> shift(at % 8) & 15;
  }

  /** Where output {@code j} of a word has its bits. */
  private static int shift(int j) {
    return 16 * (j & 1) + 4 * (j >> 1);
  }
}
