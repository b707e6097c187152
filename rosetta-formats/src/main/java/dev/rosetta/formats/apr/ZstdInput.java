package dev.rosetta.formats.apr;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.nio.file.Path;

/** The bytes of one compressed block, read from the front. */
final class ZstdInput {
  private final Path path;
  private final long origin;
  final byte[] bytes;
  final int end;
  int position;

  /**
   * @param origin byte of the file at which {@code bytes} begins, for errors
   */
  ZstdInput(Path path, long origin, byte[] bytes) {
    this(path, origin, bytes, 0, bytes.length);
  }

  private ZstdInput(Path path, long origin, byte[] bytes, int start, int end) {
    this.path = path;
    this.origin = origin;
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  int remaining() {
    return end - position;
  }

  int u8() {
    need(1);
    return bytes[position++] & 0xff;
  }

  /** An unsigned little-endian integer of at most four bytes. */
  long unsigned(int length) {
    need(length);
    long value = 0;
    for (int i = 0; i < length; i++) {
      value |= (bytes[position + i] & 0xffL) << (8 * i);
    }
    position += length;
    return value;
  }

  /** The next {@code length} bytes as an input of their own; they are skipped here. */
  ZstdInput slice(int length) {
    need(length);
    ZstdInput slice = new ZstdInput(path, origin, bytes, position, position + length);
    position += length;
    return slice;
  }

  void need(int length) {
    if (length < 0 || length > remaining()) {
      throw malformed("a block that ends too early");
    }
  }

  ModelException malformed(String what) {
    return new ModelException(
        ErrorCode.MALFORMED, path, origin + position, "Zstandard content with " + what);
  }
}
