package dev.rosetta.formats.apr;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The compressed blocks of one frame, which share tables and recent distances. */
final class ZstdBlocks {
  static final int MAX_BYTES = 1 << 17;

  private static final int[] LITERAL_BASES =
      bases(0, 16, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
  private static final int[] LITERAL_BITS =
      bits(16, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
  private static final int[] MATCH_BASES =
      bases(3, 32, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
  private static final int[] MATCH_BITS =
      bits(32, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);

  private static final FseTable DEFAULT_LITERALS =
      FseTable.of(
          6,
          new int[] {
            4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1,
            1, 1, 1, -1, -1, -1, -1
          });
  private static final FseTable DEFAULT_MATCHES =
      FseTable.of(
          6,
          new int[] {
            1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1
          });
  private static final FseTable DEFAULT_DISTANCES =
      FseTable.of(
          5,
          new int[] {
            1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1,
            -1
          });

  private final ZstdFrames.Output output;
  private final long frameStart;
  private final long[] recent = {1, 4, 8};
  private @Nullable ZstdHuffman huffman;
  private @Nullable FseTable literalLengths;
  private @Nullable FseTable distances;
  private @Nullable FseTable matchLengths;
  private byte[] literals = new byte[0];

  ZstdBlocks(ZstdFrames.Output output) {
    this.output = output;
    this.frameStart = output.written();
  }

  void decode(ZstdInput in) {
    literals(in);
    sequences(in);
  }

  private void literals(ZstdInput in) {
    int first = in.u8();
    int type = first & 3;
    int format = first >> 2 & 3;
    if (type < 2) {
      int extra = format == 1 ? 1 : format == 3 ? 2 : 0;
      int size = (int) ((first | in.unsigned(extra) << 8) >> (extra == 0 ? 3 : 4));
      requireSize(in, size);
      literals = new byte[size];
      if (type == 0) {
        ZstdInput raw = in.slice(size);
        System.arraycopy(raw.bytes, raw.position, literals, 0, size);
      } else {
        Arrays.fill(literals, (byte) in.u8());
      }
      return;
    }
    int width = format < 2 ? 10 : format == 2 ? 14 : 18;
    long header = (first | in.unsigned(format < 2 ? 2 : format + 1) << 8) >> 4;
    int size = (int) (header & ((1 << width) - 1));
    ZstdInput compressed = in.slice((int) (header >> width & ((1 << width) - 1)));
    requireSize(in, size);
    if (type == 2) {
      huffman = ZstdHuffman.read(compressed);
    }
    if (huffman == null) {
      throw in.malformed("literals that repeat a code which was not there");
    }
    literals = new byte[size];
    if (format == 0) {
      huffman.decode(compressed, literals, 0, size);
    } else {
      decodeFourStreams(huffman, compressed, size);
    }
  }

  private void decodeFourStreams(ZstdHuffman code, ZstdInput in, int size) {
    int[] lengths = {(int) in.unsigned(2), (int) in.unsigned(2), (int) in.unsigned(2)};
    int each = (size + 3) / 4;
    if (3 * each > size) {
      throw in.malformed("four streams for " + size + " literals");
    }
    for (int i = 0; i < 3; i++) {
      code.decode(in.slice(lengths[i]), literals, i * each, each);
    }
    code.decode(in.slice(in.remaining()), literals, 3 * each, size - 3 * each);
  }

  private void sequences(ZstdInput in) {
    int count = in.u8();
    if (count == 255) {
      count = (int) in.unsigned(2) + 0x7f00;
    } else if (count >= 128) {
      count = (count - 128 << 8) + in.u8();
    }
    long before = output.written();
    int used = 0;
    if (count > 0) {
      int modes = in.u8();
      if ((modes & 3) != 0) {
        throw in.malformed("reserved bits in a block");
      }
      FseTable ll = table(in, modes >> 6, DEFAULT_LITERALS, literalLengths, 9, 35);
      FseTable of = table(in, modes >> 4 & 3, DEFAULT_DISTANCES, distances, 8, 31);
      FseTable ml = table(in, modes >> 2 & 3, DEFAULT_MATCHES, matchLengths, 9, 52);
      literalLengths = ll;
      distances = of;
      matchLengths = ml;
      used = run(in, count, ll, of, ml, before);
    } else if (in.remaining() > 0) {
      throw in.malformed("bytes after a block");
    }
    output.append(literals, used, literals.length - used);
    requireBlockSize(in, before);
  }

  /** Returns the number of literals used. */
  private int run(ZstdInput in, int count, FseTable ll, FseTable of, FseTable ml, long before) {
    ZstdBits stream = ZstdBits.backward(in);
    int llState = (int) stream.backward(ll.accuracyLog());
    int ofState = (int) stream.backward(of.accuracyLog());
    int mlState = (int) stream.backward(ml.accuracyLog());
    int used = 0;
    for (int i = 0; i < count; i++) {
      int ofCode = of.symbols()[ofState];
      int mlCode = ml.symbols()[mlState];
      int llCode = ll.symbols()[llState];
      long value = (1L << ofCode) + stream.backward(ofCode);
      int match = MATCH_BASES[mlCode] + (int) stream.backward(MATCH_BITS[mlCode]);
      int literal = LITERAL_BASES[llCode] + (int) stream.backward(LITERAL_BITS[llCode]);
      if (literal > literals.length - used) {
        throw in.malformed("more literals in sequences than there are");
      }
      output.append(literals, used, literal);
      used += literal;
      long distance = distance(value, literal);
      if (distance <= 0 || distance > output.written() - frameStart) {
        throw in.malformed("a match " + distance + " bytes back");
      }
      output.repeat(distance, match);
      requireBlockSize(in, before);
      if (i < count - 1) {
        llState = ll.next(llState, stream);
        mlState = ml.next(mlState, stream);
        ofState = of.next(ofState, stream);
      }
      if (stream.isExceeded()) {
        throw in.malformed("sequences that end too early");
      }
    }
    if (!stream.isExhausted()) {
      throw in.malformed("sequences that do not fill their stream");
    }
    return used;
  }

  /** A new distance, or one of the last three; without literals the latest is skipped. */
  private long distance(long value, int literals) {
    if (value > 3) {
      recent[2] = recent[1];
      recent[1] = recent[0];
      recent[0] = value - 3;
      return recent[0];
    }
    int index = (int) value - (literals == 0 ? 0 : 1);
    long distance = index < 3 ? recent[index] : recent[0] - 1;
    if (index > 1) {
      recent[2] = recent[1];
    }
    if (index > 0) {
      recent[1] = recent[0];
      recent[0] = distance;
    }
    return distance;
  }

  private static FseTable table(
      ZstdInput in,
      int mode,
      FseTable predefined,
      @Nullable FseTable previous,
      int maxLog,
      int maxSymbol) {
    return switch (mode) {
      case 0 -> predefined;
      case 1 -> {
        int symbol = in.u8();
        if (symbol > maxSymbol) {
          throw in.malformed("a sequence code of " + symbol);
        }
        yield FseTable.ofOne(symbol);
      }
      case 2 -> FseTable.read(in, maxLog, maxSymbol);
      default -> {
        if (previous == null) {
          throw in.malformed("sequences that repeat a table which was not there");
        }
        yield previous;
      }
    };
  }

  private static void requireSize(ZstdInput in, int size) {
    if (size > MAX_BYTES) {
      throw in.malformed(size + " literals in a block");
    }
  }

  private void requireBlockSize(ZstdInput in, long before) {
    if (output.written() - before > MAX_BYTES) {
      throw in.malformed("a block that expands to more than " + MAX_BYTES + " bytes");
    }
  }

  /** {@code plain} values from {@code first} on, then one for each number of extra bits. */
  private static int[] bases(int first, int plain, int... extraBits) {
    int[] bases = new int[plain + extraBits.length];
    for (int i = 0; i < plain; i++) {
      bases[i] = first + i;
    }
    int next = first + plain;
    for (int i = 0; i < extraBits.length; i++) {
      bases[plain + i] = next;
      next += 1 << extraBits[i];
    }
    return bases;
  }

  private static int[] bits(int plain, int... extraBits) {
    int[] bits = new int[plain + extraBits.length];
    System.arraycopy(extraBits, 0, bits, plain, extraBits.length);
    return bits;
  }
}
