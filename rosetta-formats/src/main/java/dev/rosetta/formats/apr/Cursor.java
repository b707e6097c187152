package dev.rosetta.formats.apr;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads little-endian fields one after the other from a range of an image. */
final class Cursor {
  private static final int WINDOW = 1 << 16;

  private final Image image;
  private final long end;
  private long windowStart;
  private ByteBuffer window = ByteBuffer.allocate(0);

  Cursor(Image image, long start, long end) {
    this.image = image;
    this.end = end;
    this.windowStart = start;
  }

  /** Byte of the image that is read next. */
  long position() {
    return windowStart + window.position();
  }

  long remaining() {
    return end - position();
  }

  /**
   * @throws ModelException if fewer than {@code length} bytes are left
   */
  void need(long length, String what) {
    if (length < 0 || length > remaining()) {
      throw new ModelException(
          ErrorCode.FILE_TRUNCATED,
          image.path(),
          position(),
          what
              + " takes "
              + Long.toUnsignedString(length)
              + " bytes at byte "
              + position()
              + ", "
              + remaining()
              + " are left");
    }
  }

  int u8(String what) {
    return next(1, what).get() & 0xff;
  }

  int u16(String what) {
    return next(2, what).getShort() & 0xffff;
  }

  long u32(String what) {
    return next(4, what).getInt() & 0xffff_ffffL;
  }

  /** A 64-bit integer; negative where the unsigned value exceeds 2^63-1. */
  long i64(String what) {
    return next(8, what).getLong();
  }

  float f32(String what) {
    return next(4, what).getFloat();
  }

  double f64(String what) {
    return next(8, what).getDouble();
  }

  /** {@code length} bytes of UTF-8, at most 65535. */
  String text(long length, String what) {
    if (length > 0xffff) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          image.path(),
          position(),
          what + " of " + length + " bytes; the limit is 65535");
    }
    need(length, what);
    byte[] bytes = image.readBytes(position(), (int) length);
    long start = position();
    skip(length, what);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new ModelException(ErrorCode.MALFORMED, image.path(), start, what + " is not UTF-8", e);
    }
  }

  void skip(long length, String what) {
    need(length, what);
    advance(length);
  }

  /** Skips bytes that are known to be there. */
  void advance(long length) {
    if (length <= window.remaining()) {
      window.position(window.position() + (int) length);
    } else {
      windowStart = position() + length;
      window = ByteBuffer.allocate(0);
    }
  }

  private ByteBuffer next(int length, String what) {
    if (window.remaining() < length) {
      need(length, what);
      long position = position();
      window =
          ByteBuffer.wrap(image.readBytes(position, (int) Math.min(WINDOW, remaining())))
              .order(ByteOrder.LITTLE_ENDIAN);
      windowStart = position;
    }
    return window;
  }
}
