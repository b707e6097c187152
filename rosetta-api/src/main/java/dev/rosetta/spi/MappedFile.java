package dev.rosetta.spi;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * A regular file mapped read-only, read by copying.
 *
 * <p>Copies alone survive a file that shrinks while mapped: the JVM turns the fault into an error
 * that this class reports as a {@link ModelException}, where native code or a vector load would
 * kill the process. Large pieces are not copied out of the mapping but read by the system, which
 * spares a page fault for every few of its pages: a third of the time for a whole model, and its
 * pages do not count as this process's memory.
 *
 * <p>Thread-safe. Interrupting a thread in {@link #read} ends that and every later read of the file
 * with a {@link CancellationException}.
 */
public final class MappedFile implements AutoCloseable {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  /** From this length on a system call costs less than the page faults that it spares. */
  private static final long LARGE = 16 << 10;

  /** Most bytes of one system call; a {@link ByteBuffer} ends below 2 GiB. */
  private static final long LARGEST = 1 << 30;

  private final Path path;
  private final State opened;
  private final FileChannel channel;
  private final Arena arena;
  private final MemorySegment mapping;

  private MappedFile(
      Path path, State opened, FileChannel channel, Arena arena, MemorySegment mapping) {
    this.path = path;
    this.opened = opened;
    this.channel = channel;
    this.arena = arena;
    this.mapping = mapping;
  }

  /**
   * What tells one content of a path from another.
   *
   * @param key device and inode, or null where the file system has none
   */
  private record State(boolean regular, long size, FileTime modified, @Nullable Object key) {
    static State of(Path path) throws IOException {
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      return new State(
          attributes.isRegularFile(),
          attributes.size(),
          attributes.lastModifiedTime(),
          attributes.fileKey());
    }
  }

  /**
   * Maps {@code path}.
   *
   * @throws ModelException if it does not exist, is no regular file, cannot be read, or changes
   *     meanwhile
   */
  public static MappedFile open(Path path) {
    try {
      State state = State.of(path);
      // Before opening: a FIFO would block for ever.
      if (!state.regular()) {
        throw new ModelException(
            ErrorCode.NOT_A_FILE, path, "not a regular file; give the path of a model file");
      }
      FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
      Arena arena = Arena.ofShared();
      try {
        MemorySegment mapping =
            channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        MappedFile file = new MappedFile(path, state, channel, arena, mapping);
        // Its size, time and identity are those of what was mapped, or the file is changing.
        file.requireUnchanged();
        if (mapping.byteSize() != state.size()) {
          throw file.changed(-1, "had " + state.size() + " bytes when it was looked up", null);
        }
        return file;
      } catch (IOException | RuntimeException e) {
        arena.close();
        channel.close();
        throw e;
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

  /**
   * Checks that the path still leads to the file that was mapped and that nothing has written to
   * it, as far as its size, time of modification and identity tell. Whoever draws a conclusion from
   * what was read calls this after the last read.
   *
   * @throws ModelException with {@link ErrorCode#FILE_CHANGED} if not
   */
  public void requireUnchanged() {
    State now;
    try {
      now = State.of(path);
    } catch (IOException e) {
      throw changed(-1, "was removed or is no longer reachable", e);
    }
    if (!Objects.equals(now.key(), opened.key())) {
      throw changed(-1, "was replaced by another file", null);
    }
    if (now.size() != opened.size()) {
      throw changed(-1, "had " + opened.size() + " bytes and now has " + now.size(), null);
    }
    if (!now.modified().equals(opened.modified())) {
      throw changed(-1, "was written to at " + now.modified(), null);
    }
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
   * @throws CancellationException if a thread was interrupted in this method
   */
  public void read(long offset, MemorySegment target, long length) {
    if (length >= LARGE && target.isNative()) {
      Objects.checkFromIndexSize(offset, length, size());
      readLarge(offset, target.asSlice(0, length));
      return;
    }
    try {
      MemorySegment.copy(mapping, offset, target, 0, length);
    } catch (InternalError e) {
      throw shrunk(offset, e);
    }
  }

  private void readLarge(long offset, MemorySegment target) {
    long done = 0;
    try {
      while (done < target.byteSize()) {
        long length = Math.min(LARGEST, target.byteSize() - done);
        int read = channel.read(target.asSlice(done, length).asByteBuffer(), offset + done);
        if (read < 0) {
          throw shrunk(offset + done, null);
        }
        done += read;
      }
    } catch (ClosedChannelException e) {
      if (!arena.scope().isAlive()) {
        throw new IllegalStateException(path + " is closed", e);
      }
      throw cancelled(e);
    } catch (IOException e) {
      throw new ModelException(
          ErrorCode.UNREADABLE, path, offset + done, "cannot be read: " + e, e);
    }
  }

  /** Nothing but an interrupt closes the channel of an open file; other threads see it as well. */
  private CancellationException cancelled(ClosedChannelException cause) {
    CancellationException cancelled =
        new CancellationException("interrupted while reading " + path);
    cancelled.initCause(cause);
    return cancelled;
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
    return ByteBuffer.wrap(readBytes(offset, 2)).order(order).getShort() & 0xffff;
  }

  /** The unsigned 32-bit integer at {@code offset}. */
  public long u32(long offset, ByteOrder order) {
    return ByteBuffer.wrap(readBytes(offset, 4)).order(order).getInt() & 0xffff_ffffL;
  }

  /** The 64-bit integer at {@code offset}; negative where the unsigned value exceeds 2^63-1. */
  public long i64(long offset, ByteOrder order) {
    return ByteBuffer.wrap(readBytes(offset, 8)).order(order).getLong();
  }

  private ModelException shrunk(long offset, @Nullable InternalError cause) {
    return changed(offset, "became shorter", cause);
  }

  private ModelException changed(long offset, String how, @Nullable Throwable cause) {
    return new ModelException(
        ErrorCode.FILE_CHANGED,
        path,
        offset,
        "changed while in use: it " + how + "; run again when nothing writes to it",
        cause);
  }

  @Override
  public void close() {
    arena.close();
    try {
      channel.close();
    } catch (IOException e) {
      throw new ModelException(ErrorCode.UNREADABLE, path, -1, "cannot be closed: " + e, e);
    }
  }
}
