package dev.rosetta.formats.apr;

/**
 * A bit stream of Zstandard, little-endian: forwards from its first bit, or backwards from the
 * highest set bit of its last byte.
 */
final class ZstdBits {
  private final ZstdInput in;
  private final int start;

  /** Forwards: the bit read next. Backwards: one above it, negative once bits were invented. */
  private long bit;

  private ZstdBits(ZstdInput in, long bit) {
    this.in = in;
    this.start = in.position;
    this.bit = bit;
  }

  static ZstdBits forward(ZstdInput in) {
    return new ZstdBits(in, 0);
  }

  /** The whole rest of {@code in}, backwards. */
  static ZstdBits backward(ZstdInput in) {
    int last = in.remaining() == 0 ? 0 : in.bytes[in.end - 1] & 0xff;
    if (last == 0) {
      throw in.malformed("a bit stream without an end mark");
    }
    return new ZstdBits(in, 8L * (in.remaining() - 1) + (31 - Integer.numberOfLeadingZeros(last)));
  }

  int forward(int count) {
    if (bit + count > 8L * (in.end - start)) {
      throw in.malformed("a bit stream that ends too early");
    }
    int value = (int) bits(bit, count);
    bit += count;
    return value;
  }

  /** A value below {@code bound + 1}; small ones take a bit less than large ones. */
  int truncatedBinary(int bound) {
    int width = 32 - Integer.numberOfLeadingZeros(bound);
    int shorter = (1 << width) - 1 - bound;
    int low = forward(width - 1);
    if (low < shorter) {
      return low;
    }
    return forward(1) == 0 ? low : low + (1 << (width - 1)) - shorter;
  }

  /** Moves the input behind the byte that was read last. */
  void finishForward() {
    in.position = start + Math.toIntExact(Math.ceilDiv(bit, 8L));
  }

  /** The next {@code count} bits, at most 32; zeros follow the stream's end. */
  long backward(int count) {
    bit -= count;
    return at(count);
  }

  /** As {@link #backward} without consuming. */
  long peek(int count) {
    bit -= count;
    long value = at(count);
    bit += count;
    return value;
  }

  void skip(int count) {
    bit -= count;
  }

  /** Whether more bits were read than there are. */
  boolean isExceeded() {
    return bit < 0;
  }

  boolean isExhausted() {
    return bit == 0;
  }

  private long at(int count) {
    if (bit >= 0) {
      return bits(bit, count);
    }
    long present = bit + count;
    return present <= 0 ? 0 : bits(0, (int) present) << (count - (int) present);
  }

  private long bits(long from, int count) {
    long value = 0;
    int first = start + (int) (from >> 3);
    for (int i = 0; i < 6 && first + i < in.end; i++) {
      value |= (in.bytes[first + i] & 0xffL) << (8 * i);
    }
    return (value >>> (from & 7)) & ((1L << count) - 1);
  }
}
