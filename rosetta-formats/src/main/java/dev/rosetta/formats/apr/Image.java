package dev.rosetta.formats.apr;

import dev.rosetta.spi.MappedFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/** The bytes of a container: a mapped file, or what a compressed file expands to. Thread-safe. */
interface Image extends AutoCloseable {

  /** The file, for errors. */
  Path path();

  long size();

  /**
   * Copies {@code length} bytes at {@code offset} to a new array.
   *
   * @throws dev.rosetta.model.ModelException if they are not there
   */
  byte[] readBytes(long offset, int length);

  /** Copies {@code length} bytes at {@code offset} to the start of {@code target}. */
  void read(long offset, MemorySegment target, long length);

  /**
   * Checks that the file is still the one that was opened.
   *
   * @throws dev.rosetta.model.ModelException if it was replaced or written to
   */
  void requireUnchanged();

  /** Releases the bytes; does nothing when called again. */
  @Override
  void close();

  /** A file as it is. */
  final class Mapped implements Image {
    private final MappedFile file;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Mapped(MappedFile file) {
      this.file = file;
    }

    static Mapped open(Path path) {
      return new Mapped(MappedFile.open(path));
    }

    @Override
    public Path path() {
      return file.path();
    }

    @Override
    public long size() {
      return file.size();
    }

    @Override
    public byte[] readBytes(long offset, int length) {
      return file.readBytes(offset, length);
    }

    @Override
    public void read(long offset, MemorySegment target, long length) {
      file.read(offset, target, length);
    }

    @Override
    public void requireUnchanged() {
      file.requireUnchanged();
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        file.close();
      }
    }
  }
}
