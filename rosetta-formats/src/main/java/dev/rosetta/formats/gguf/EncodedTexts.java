package dev.rosetta.formats.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/**
 * The strings of an array as they lie in the file, each a length and its UTF-8 bytes. A string is
 * decoded when it is asked for, every time anew; two arrays of the same bytes are equal without
 * that. Immutable.
 */
final class EncodedTexts extends AbstractList<String> implements RandomAccess {
  private final byte[] bytes;

  /** Where the text of each string begins, and one entry more: where the next would. */
  private final int[] starts;

  private final int lengthBytes;

  /**
   * Reads {@code count} strings off {@code bytes}, which are not to be modified afterwards.
   *
   * @param lengthBytes bytes of a length, 4 or 8
   * @throws Malformed if one is not UTF-8, or the lengths do not fill the bytes
   */
  EncodedTexts(byte[] bytes, ByteOrder order, int count, int lengthBytes) throws Malformed {
    this.bytes = bytes;
    this.starts = new int[count + 1];
    this.lengthBytes = lengthBytes;
    ByteBuffer encoded = ByteBuffer.wrap(bytes).order(order);
    int at = 0;
    for (int i = 0; i < count; i++) {
      if (at > bytes.length - lengthBytes) {
        throw new Malformed(at, "is cut off");
      }
      long length = lengthBytes == 4 ? encoded.getInt(at) & 0xffff_ffffL : encoded.getLong(at);
      at += lengthBytes;
      if (length < 0 || length > bytes.length - at) {
        throw new Malformed(at, "is cut off");
      }
      starts[i] = at;
      int end = at + (int) length;
      if (!isUtf8(bytes, at, end)) {
        throw new Malformed(at, "is not valid UTF-8");
      }
      at = end;
    }
    starts[count] = at + lengthBytes;
  }

  /** What is wrong with the string whose text begins {@code offset} bytes into the array. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1;

    final int offset;

    Malformed(int offset, String what) {
      super(what);
      this.offset = offset;
    }
  }

  @Override
  public String get(int index) {
    int start = starts[index];
    return new String(bytes, start, end(index) - start, StandardCharsets.UTF_8);
  }

  @Override
  public int size() {
    return starts.length - 1;
  }

  /**
   * Whether string {@code index} is two texts with a blank between them; the first may begin with a
   * blank itself.
   */
  boolean isPair(int index) {
    for (int at = starts[index] + 1; at < end(index) - 1; at++) {
      if (bytes[at] == ' ') {
        return true;
      }
    }
    return false;
  }

  private int end(int index) {
    return starts[index + 1] - lengthBytes;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof EncodedTexts texts
            && Arrays.equals(starts, texts.starts)
            && Arrays.equals(bytes, texts.bytes)
        || super.equals(other);
  }

  @Override
  public int hashCode() {
    return super.hashCode();
  }

  /** Whether the bytes are UTF-8: nothing overlong, no surrogate, nothing beyond U+10FFFF. */
  private static boolean isUtf8(byte[] bytes, int from, int to) {
    int at = from;
    while (at < to) {
      byte lead = bytes[at];
      if (lead >= 0) {
        at++;
      } else if (lead >= (byte) 0xc2 && lead <= (byte) 0xdf) {
        if (at + 2 > to || !follows(bytes[at + 1])) {
          return false;
        }
        at += 2;
      } else {
        return GgufMetadata.utf8(Arrays.copyOfRange(bytes, at, to)) != null;
      }
    }
    return true;
  }

  private static boolean follows(byte value) {
    return value < (byte) 0xc0;
  }
}
