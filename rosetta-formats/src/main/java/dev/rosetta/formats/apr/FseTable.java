package dev.rosetta.formats.apr;

/**
 * A decoding table of finite state entropy, as Zstandard uses it: a state gives a symbol, and with
 * {@code bits} more bits from the stream the next state (RFC 8878, section 4.1).
 */
record FseTable(int accuracyLog, byte[] symbols, byte[] bits, int[] baselines) {

  /** The table of one symbol, which takes no bits. */
  static FseTable ofOne(int symbol) {
    return new FseTable(0, new byte[] {(byte) symbol}, new byte[1], new int[1]);
  }

  /**
   * Spreads symbols over the states.
   *
   * @param counts states of each symbol, -1 for one of less than average probability; their
   *     absolute sum is 2^accuracyLog
   */
  static FseTable of(int accuracyLog, int[] counts) {
    int size = 1 << accuracyLog;
    byte[] symbols = new byte[size];
    int[] next = new int[counts.length];
    int high = size;
    for (int symbol = 0; symbol < counts.length; symbol++) {
      next[symbol] = Math.abs(counts[symbol]);
      if (counts[symbol] == -1) {
        symbols[--high] = (byte) symbol;
      }
    }
    int step = (size >> 1) + (size >> 3) + 3;
    int position = 0;
    for (int symbol = 0; symbol < counts.length; symbol++) {
      for (int i = 0; i < counts[symbol]; i++) {
        symbols[position] = (byte) symbol;
        do {
          position = (position + step) & (size - 1);
        } while (position >= high);
      }
    }
    byte[] bits = new byte[size];
    int[] baselines = new int[size];
    for (int state = 0; state < size; state++) {
      int order = next[symbols[state]]++;
      bits[state] = (byte) (accuracyLog - (31 - Integer.numberOfLeadingZeros(order)));
      baselines[state] = (order << bits[state]) - size;
    }
    return new FseTable(accuracyLog, symbols, bits, baselines);
  }

  /** Reads a table's description, and moves {@code in} to the byte after it. */
  static FseTable read(ZstdInput in, int maxAccuracyLog, int maxSymbol) {
    ZstdBits bits = ZstdBits.forward(in);
    int accuracyLog = bits.forward(4) + 5;
    if (accuracyLog > maxAccuracyLog) {
      throw in.malformed("an entropy table of 2^" + accuracyLog + " states");
    }
    int[] counts = new int[maxSymbol + 1];
    int left = 1 << accuracyLog;
    int symbol = 0;
    while (left > 0) {
      if (symbol > maxSymbol) {
        throw in.malformed("an entropy table with too many symbols");
      }
      int count = bits.truncatedBinary(left + 1) - 1;
      left -= Math.abs(count);
      counts[symbol++] = count;
      if (count == 0) {
        int zeros;
        do {
          zeros = bits.forward(2);
          symbol += zeros;
        } while (zeros == 3);
      }
    }
    if (left < 0 || symbol > maxSymbol + 1) {
      throw in.malformed("an entropy table whose counts do not add up");
    }
    bits.finishForward();
    return of(accuracyLog, counts);
  }

  int next(int state, ZstdBits stream) {
    return baselines[state] + (int) stream.backward(bits[state]);
  }
}
