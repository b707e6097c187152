package dev.rosetta.formats.apr;

import java.util.Arrays;

/** The Huffman code of Zstandard's literals (RFC 8878, section 4.2). */
final class ZstdHuffman {
  private static final int MAX_BITS = 11;
  private static final int MAX_WEIGHTS_LOG = 6;

  private final int maxBits;
  private final byte[] symbols;
  private final byte[] lengths;

  private ZstdHuffman(int maxBits, byte[] symbols, byte[] lengths) {
    this.maxBits = maxBits;
    this.symbols = symbols;
    this.lengths = lengths;
  }

  /** Reads a code's description, and moves {@code in} to the byte after it. */
  static ZstdHuffman read(ZstdInput in) {
    int header = in.u8();
    int[] weights = new int[256];
    int count = header < 128 ? compressed(in.slice(header), weights) : direct(in, header, weights);
    int total = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] > MAX_BITS) {
        throw in.malformed("a Huffman weight of " + weights[i]);
      }
      total += weights[i] == 0 ? 0 : 1 << (weights[i] - 1);
    }
    if (total == 0) {
      throw in.malformed("a Huffman code without symbols");
    }
    int maxBits = 32 - Integer.numberOfLeadingZeros(total);
    int rest = (1 << maxBits) - total;
    if (maxBits > MAX_BITS || Integer.bitCount(rest) != 1) {
      throw in.malformed("a Huffman code that is not complete");
    }
    weights[count] = 32 - Integer.numberOfLeadingZeros(rest);
    return build(maxBits, weights, count + 1);
  }

  /** Weights of four bits each; returns how many. */
  private static int direct(ZstdInput in, int header, int[] weights) {
    int count = header - 127;
    for (int i = 0; i < count; i += 2) {
      int pair = in.u8();
      weights[i] = pair >> 4;
      weights[i + 1] = pair & 15;
    }
    if (count < 256) {
      weights[count] = 0;
    }
    return count;
  }

  /** Weights from two states that take turns; returns how many. */
  private static int compressed(ZstdInput in, int[] weights) {
    FseTable table = FseTable.read(in, MAX_WEIGHTS_LOG, 15);
    ZstdBits stream = ZstdBits.backward(in);
    int[] states = {
      (int) stream.backward(table.accuracyLog()), (int) stream.backward(table.accuracyLog())
    };
    int count = 0;
    for (int turn = 0; ; turn ^= 1) {
      if (count > 253) {
        throw in.malformed("more than 255 Huffman weights");
      }
      weights[count++] = table.symbols()[states[turn]] & 0xff;
      states[turn] = table.next(states[turn], stream);
      if (stream.isExceeded()) {
        weights[count++] = table.symbols()[states[turn ^ 1]] & 0xff;
        return count;
      }
    }
  }

  private static ZstdHuffman build(int maxBits, int[] weights, int count) {
    byte[] symbols = new byte[1 << maxBits];
    byte[] lengths = new byte[1 << maxBits];
    int position = 0;
    for (int weight = 1; weight <= maxBits; weight++) {
      for (int symbol = 0; symbol < count; symbol++) {
        if (weights[symbol] == weight) {
          int end = position + (1 << (weight - 1));
          Arrays.fill(symbols, position, end, (byte) symbol);
          Arrays.fill(lengths, position, end, (byte) (maxBits + 1 - weight));
          position = end;
        }
      }
    }
    return new ZstdHuffman(maxBits, symbols, lengths);
  }

  /** Decodes all of {@code in} to exactly {@code count} literals. */
  void decode(ZstdInput in, byte[] literals, int offset, int count) {
    ZstdBits stream = ZstdBits.backward(in);
    for (int i = 0; i < count; i++) {
      int entry = (int) stream.peek(maxBits);
      literals[offset + i] = symbols[entry];
      stream.skip(lengths[entry]);
    }
    if (!stream.isExhausted()) {
      throw in.malformed("literals that do not fill their stream");
    }
  }
}
