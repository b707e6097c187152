package dev.rosetta.formats.packed;

/**
 * GPTQ's codes: words of 32 bits hold consecutive inputs of one output, the first in the lowest
 * bits; the words of all outputs lie side by side, {@code [in * bits / 32, out]}. Bits divide 32.
 *
 * @param outputs rows of the weight
 */
record ColumnCodes(Part part, long outputs, int bits) implements Codes {

  @Override
  public void read(long row, int rows, int column, int count, byte[] target) {
    int perWord = 32 / bits;
    int mask = (1 << bits) - 1;
    byte[] words = new byte[4 * rows];
    int end = column + count;
    for (int word = column / perWord; word * (long) perWord < end; word++) {
      part.read((word * outputs + row) * 4, words, 0, words.length);
      int from = Math.max(column, word * perWord);
      int to = (int) Math.min(end, (word + 1L) * perWord);
      for (int r = 0; r < rows; r++) {
        int packed = LittleEndian.i32(words, 4 * r) >>> (from - word * perWord) * bits;
        for (int i = from; i < to; i++, packed >>>= bits) {
          target[r * count + i - column] = (byte) (packed & mask);
        }
      }
    }
  }
}
