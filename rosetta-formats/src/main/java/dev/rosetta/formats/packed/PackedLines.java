package dev.rosetta.formats.packed;

import java.util.Arrays;

/** Zero points that are packed like the codes. */
final class PackedLines {
  private PackedLines() {}

  /**
   * GPTQ's: along a line, in words of 32 bits, {@code [groups, out * bits / 32]}. Bits divide 32.
   *
   * @param added what is added to each word: the first version of the format keeps every zero point
   *     less one, in arithmetic on whole words
   */
  record AlongWords(Part part, long lineWords, int bits, int added) implements Lines {
    @Override
    public void read(long line, long from, int count, float[] target) {
      int perWord = 32 / bits;
      int mask = (1 << bits) - 1;
      long first = from / perWord;
      byte[] words = new byte[4 * (int) (Math.ceilDiv(from + count, perWord) - first)];
      part.read((line * lineWords + first) * 4, words, 0, words.length);
      for (int i = 0; i < count; i++) {
        int at = (int) (from % perWord) + i;
        int word = LittleEndian.i32(words, at / perWord * 4) + added;
        target[i] = word >>> at % perWord * bits & mask;
      }
    }
  }

  /** AWQ's: along a line, eight to a word, in the order of its codes. */
  record Awq(AwqCodes codes) implements Lines {
    @Override
    public void read(long line, long from, int count, float[] target) {
      byte[] words = new byte[AwqCodes.wordBytes(from, count)];
      codes.readWords(line, from, words);
      for (int i = 0; i < count; i++) {
        target[i] = AwqCodes.nibble(words, from, i);
      }
    }
  }

  /**
   * compressed-tensors': without gaps across the lines, {@code [ceil(out * bits / 32), groups]};
   * code 0 is the lowest of the signed integers.
   */
  record Across(Part part, long groups, int bits) implements Lines {
    @Override
    public void read(long line, long from, int count, float[] target) {
      long bit = line * bits;
      int shift = (int) (bit % 32);
      byte[] low = new byte[4 * count];
      part.read((bit / 32 * groups + from) * 4, low, 0, low.length);
      byte[] high = low;
      if (shift + bits > 32) {
        high = new byte[4 * count];
        part.read(((bit / 32 + 1) * groups + from) * 4, high, 0, high.length);
      }
      int mask = (1 << bits) - 1;
      for (int i = 0; i < count; i++) {
        long pair =
            LittleEndian.i32(low, 4 * i) & 0xffff_ffffL
                | (long) LittleEndian.i32(high, 4 * i) << 32;
        target[i] = (int) (pair >>> shift & mask) - (1 << bits - 1);
      }
    }
  }

  /** The same zero point everywhere. */
  record Constant(float value) implements Lines {
    @Override
    public void read(long line, long from, int count, float[] target) {
      Arrays.fill(target, 0, count, value);
    }
  }
}
