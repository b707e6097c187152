package dev.rosetta.formats.apr;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * The plain bytes of a compressed file, in memory: {@code prefix} bytes of the file as they are,
 * then the expanded payload. A payload may expand to {@link #MAX_RATIO} times its size or {@link
 * #FREE_BYTES}, whichever is more, and never beyond {@link #MAX_BYTES}.
 */
record Expansion(Image file, int prefix, Arena arena, MemorySegment bytes) implements Image {
  /** LZ4 cannot exceed it; weights never come near. */
  static final int MAX_RATIO = 255;

  static final long FREE_BYTES = 16L << 20;
  static final long MAX_BYTES = 8L << 30;

  /** How a payload is compressed. */
  enum Codec {
    /** A {@code u32} with the expanded size, then one raw LZ4 block. */
    LZ4,
    /** Zstandard frames. */
    ZSTD
  }

  /**
   * Expands {@code [payload, image.size())}.
   *
   * @param prefix bytes of {@code image} that precede the expanded payload in the result
   * @throws ModelException if the payload is malformed or beyond a limit
   */
  static Expansion of(Image image, int prefix, long payload, Codec codec) {
    long stored = image.size() - payload;
    long limit = Math.min(MAX_BYTES, Math.max(FREE_BYTES, Math.min(stored, MAX_BYTES) * MAX_RATIO));
    return switch (codec) {
      case LZ4 -> lz4(image, prefix, payload, limit);
      case ZSTD -> expand(image, prefix, new ZstdFrames(image, payload, image.size()), limit);
    };
  }

  /** The bytes from {@code start} on as they are. */
  static Expansion plain(Image image, long start) {
    long size = image.size() - start;
    if (size < 0 || size > MAX_BYTES) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          image.path(),
          start,
          "a wrapped file of " + size + " bytes; the limit is " + MAX_BYTES);
    }
    return fill(image, 0, size, bytes -> image.read(start, bytes, size));
  }

  private static Expansion fill(
      Image file, int prefix, long size, Consumer<MemorySegment> content) {
    Arena arena = Arena.ofShared();
    try {
      MemorySegment bytes = arena.allocate(prefix + size, 64);
      content.accept(bytes);
      return new Expansion(file, prefix, arena, bytes);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static Expansion lz4(Image image, int prefix, long payload, long limit) {
    long declared = new Cursor(image, payload, image.size()).u32("the expanded size");
    if (declared > limit) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          image.path(),
          payload,
          "the payload says it expands to "
              + declared
              + " bytes; "
              + limit
              + " are the limit here");
    }
    Expansion expansion =
        expand(image, prefix, new Lz4Block(image, payload + 4, image.size()), declared);
    if (expansion.size() - prefix != declared) {
      expansion.close();
      throw new ModelException(
          ErrorCode.MALFORMED,
          image.path(),
          payload,
          "the payload says it expands to "
              + declared
              + " bytes but holds "
              + (expansion.size() - prefix));
    }
    return expansion;
  }

  private static Expansion expand(Image image, int prefix, CompressedContent content, long limit) {
    return fill(
        image,
        prefix,
        content.expandedSize(limit),
        bytes -> {
          image.read(0, bytes, prefix);
          content.expand(bytes.asSlice(prefix));
        });
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public long size() {
    return bytes.byteSize();
  }

  @Override
  public byte[] readBytes(long offset, int length) {
    if (offset < 0 || length < 0 || offset > size() - length) {
      throw new ModelException(
          ErrorCode.FILE_TRUNCATED,
          path(),
          offset,
          "needs " + length + " bytes here, the expanded file has " + Math.max(0, size() - offset));
    }
    return bytes.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
  }

  @Override
  public void read(long offset, MemorySegment target, long length) {
    MemorySegment.copy(bytes, offset, target, 0, length);
  }

  @Override
  public void requireUnchanged() {
    file.requireUnchanged();
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
