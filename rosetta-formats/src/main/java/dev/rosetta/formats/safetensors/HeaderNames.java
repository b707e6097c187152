package dev.rosetta.formats.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.rosetta.spi.FileHead;
import dev.rosetta.trace.CapturePoint;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The tensor names in the first bytes of a SafeTensors file, which may end in the middle of its
 * header. Tells models from recorded activations before anything is parsed.
 */
final class HeaderNames {
  /** The entry of a recording that holds the token ids. */
  static final String TOKENS = "tokens";

  private HeaderNames() {}

  /**
   * Whether the file starts as a SafeTensors file does: eight bytes of a length that a header may
   * have, then a brace. The magic bytes of other formats are no such length, which tells a GGUF
   * file of 123 tensors from a SafeTensors file: that count is a brace at the same place.
   */
  static boolean isSafeTensors(FileHead head) {
    byte[] bytes = head.bytes();
    if (bytes.length <= Header.LENGTH_BYTES || bytes[Header.LENGTH_BYTES] != '{') {
      return false;
    }
    long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    return length >= 0 && length <= Header.MAX_BYTES;
  }

  /**
   * Whether the file is a recording: every tensor name that can be seen is a capture point or
   * {@link #TOKENS}.
   */
  static boolean isTrace(FileHead head) {
    if (!isSafeTensors(head)) {
      return false;
    }
    List<String> names = topLevelKeys(head.bytes());
    names.remove("__metadata__");
    return !names.isEmpty()
        && names.stream()
            .allMatch(name -> name.equals(TOKENS) || CapturePoint.parse(name).isPresent());
  }

  private static List<String> topLevelKeys(byte[] bytes) {
    List<String> keys = new ArrayList<>();
    int depth = 0;
    for (int at = Header.LENGTH_BYTES; at < bytes.length; at++) {
      switch (bytes[at]) {
        case '{', '[' -> depth++;
        case '}', ']' -> depth--;
        case '"' -> {
          int end = endOfString(bytes, at + 1);
          // The values at depth 1 are objects, so that every string there is a key.
          if (depth == 1 && end < bytes.length) {
            keys.add(new String(bytes, at + 1, end - at - 1, UTF_8));
          }
          at = end;
        }
        default -> {}
      }
      if (depth == 0) {
        break;
      }
    }
    return keys;
  }

  /** Position of the closing quote, or the end of {@code bytes}. */
  private static int endOfString(byte[] bytes, int from) {
    int at = from;
    while (at < bytes.length && bytes[at] != '"') {
      at += bytes[at] == '\\' ? 2 : 1;
    }
    return Math.min(at, bytes.length);
  }
}
