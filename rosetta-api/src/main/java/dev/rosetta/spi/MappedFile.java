package dev.rosetta.spi;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * A regular file mapped read-only, read by copying.
 *
 * <p>Copies alone survive a file that shrinks while mapped: the JVM turns the fault into an error
 * that this class reports as a {@link ModelException}, where native code or a vector load would
 * kill the process. Thread-safe.
 */
public final class MappedFile implements AutoCloseable {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  private final Path path;
  private final Arena arena;
  private final MemorySegment mapping;

  private MappedFile(Path path, Arena arena, MemorySegment mapping) {
    this.path = path;
    this.arena = arena;
    this.mapping = mapping;
  }

  /**
   * Maps {@code path}.
   *
   * @throws ModelException if it does not exist, is no regular file, or cannot be read
   */
  public static MappedFile open(Path path) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      if (!attributes.isRegularFile()) {
        throw new ModelException(
            ErrorCode.NOT_A_FILE, path, "not a regular file; give the path of a model file");
      }
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
        Arena arena = Arena.ofShared();
        try {
          MemorySegment mapping =
              channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
          return new MappedFile(path, arena, mapping);
        } catch (IOException | RuntimeException e) {
          arena.close();
          throw e;
        }
      }
    } catch (NoSuchFileException e) {
      throw new ModelException(ErrorCode.NOT_FOUND, path, -1, "no such file", e);
    } catch (AccessDeniedException e) {
      throw new ModelException(
          ErrorCode.UNREADABLE, path, -1, "permission denied; check the file's mode and owner", e);
    } catch (IOException e) {
      throw new ModelException(ErrorCode.UNREADABLE, path, -1, "cannot be read: " + e, e);
    }
  }

  public Path path() {
    return path;
  }

  /** Size in bytes when the file was mapped. */
  public long size() {
    return mapping.byteSize();
  }

  /**
   * Copies {@code length} bytes at {@code offset} to the start of {@code target}.
   *
   * @throws IndexOutOfBoundsException if the range is not inside the file or {@code target}
   * @throws ModelException if the file has become shorter since it was mapped
   */
  public void read(long offset, MemorySegment target, long length) {
    try {
      MemorySegment.copy(mapping, offset, target, 0, length);
    } catch (InternalError e) {
      throw shrunk(offset, e);
    }
  }

  /** Copies {@code length} bytes at {@code offset} to a new array. */
  public byte[] readBytes(long offset, int length) {
    if (offset < 0 || length < 0 || offset > size() - length) {
      throw new ModelException(
          ErrorCode.FILE_TRUNCATED,
          path,
          offset,
          "needs " + length + " bytes here, the file has " + Math.max(0, size() - offset));
    }
    byte[] bytes = new byte[length];
    try {
      MemorySegment.copy(mapping, BYTE, offset, bytes, 0, length);
    } catch (InternalError e) {
      throw shrunk(offset, e);
    }
    return bytes;
  }

  /** The unsigned byte at {@code offset}. */
  public int u8(long offset) {
    return readBytes(offset, 1)[0] & 0xff;
  }

  /** The unsigned 16-bit integer at {@code offset}. */
  public int u16(long offset, ByteOrder order) {
    return java.nio.ByteBuffer.wrap(readBytes(offset, 2)).order(order).getShort() & 0xffff;
  }

  /** The unsigned 32-bit integer at {@code offset}. */
  public long u32(long offset, ByteOrder order) {
    return java.nio.ByteBuffer.wrap(readBytes(offset, 4)).order(order).getInt() & 0xffff_ffffL;
  }

  /** The 64-bit integer at {@code offset}; negative where the unsigned value exceeds 2^63-1. */
  public long i64(long offset, ByteOrder order) {
    return java.nio.ByteBuffer.wrap(readBytes(offset, 8)).order(order).getLong();
  }

  private ModelException shrunk(long offset, InternalError cause) {
    return new ModelException(
        ErrorCode.UNREADABLE,
        path,
        offset,
        "the file became shorter while it was in use; run again when nothing writes to it",
        cause);
  }

  @Override
  public void close() {
    arena.close();
  }
}
