package dev.rosetta.formats.gguf;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.spi.MappedFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Reads a header from front to back, over chunks copied out of the mapped file. Every read is
 * checked against the bytes that exist. Not thread-safe.
 */
final class Cursor {
  private static final int CHUNK = 1 << 16;

  private final MappedFile file;
  private final long end;
  private final ByteBuffer chunk;
  private final MemorySegment chunkMemory;

  /** File offset of the chunk's first byte. */
  private long chunkStart;

  /** A cursor at {@code start} that cannot pass {@code end}, which is not beyond the file's end. */
  Cursor(MappedFile file, long start, long end, ByteOrder order) {
    this.file = file;
    this.end = end;
    this.chunk =
        ByteBuffer.allocate((int) Math.min(CHUNK, Math.max(8, end - start))).order(order).limit(0);
    this.chunkMemory = MemorySegment.ofArray(chunk.array());
    this.chunkStart = start;
  }

  /** File offset of the next byte. */
  long position() {
    return chunkStart + chunk.position();
  }

  long remaining() {
    return end - position();
  }

  /**
   * Checks that {@code length} more bytes exist.
   *
   * @param length read as unsigned
   * @param what the thing that needs them, for the message
   */
  void need(long length, String what) {
    if (length < 0 || length > remaining()) {
      throw new ModelException(
          ErrorCode.FILE_TRUNCATED,
          file.path(),
          position(),
          what
              + " needs "
              + Long.toUnsignedString(length)
              + " bytes, "
              + remaining()
              + " are left; the file is cut off or damaged");
    }
  }

  int u8(String what) {
    return fill(1, what).get() & 0xff;
  }

  int u16(String what) {
    return fill(2, what).getShort() & 0xffff;
  }

  long u32(String what) {
    return fill(4, what).getInt() & 0xffff_ffffL;
  }

  /** The 64-bit integer; negative where the unsigned value exceeds 2^63 - 1. */
  long i64(String what) {
    return fill(8, what).getLong();
  }

  byte[] bytes(int length, String what) {
    need(length, what);
    byte[] bytes;
    if (length <= chunk.remaining()) {
      bytes = new byte[length];
      chunk.get(bytes);
    } else {
      bytes = file.readBytes(position(), length);
      skip(length, what);
    }
    return bytes;
  }

  void skip(long length, String what) {
    need(length, what);
    if (length <= chunk.remaining()) {
      chunk.position(chunk.position() + (int) length);
    } else {
      chunkStart = position() + length;
      chunk.position(0).limit(0);
    }
  }

  /** The chunk with at least {@code length} bytes at its position; {@code length} is small. */
  private ByteBuffer fill(int length, String what) {
    if (chunk.remaining() < length) {
      need(length, what);
      chunkStart = position();
      int available = (int) Math.min(chunk.capacity(), end - chunkStart);
      file.read(chunkStart, chunkMemory, available);
      chunk.position(0).limit(available);
    }
    return chunk;
  }
}
