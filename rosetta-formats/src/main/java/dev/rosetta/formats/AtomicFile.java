package dev.rosetta.formats;

import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Writes a file as a whole or not at all: beside the target first, then forced to disk, then
 * renamed over it. An existing file keeps its content until the new one is complete, and a JVM that
 * is told to stop meanwhile leaves nothing beside it. Instances are not thread-safe.
 */
public final class AtomicFile implements AutoCloseable {
  private final AtomicFiles files;
  private final FileChannel channel;

  private AtomicFile(AtomicFiles files, FileChannel channel) {
    this.files = files;
    this.channel = channel;
  }

  /** Writes the content of a new file. */
  @FunctionalInterface
  public interface Content {
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Creates or replaces {@code target}.
   *
   * @throws ModelException if it cannot be written; then {@code target} is as it was
   */
  public static void write(Path target, Content content) {
    try (AtomicFiles files = AtomicFiles.begin()) {
      files.write(target, content);
      files.commit();
    }
  }

  /**
   * Begins a file that becomes {@code target} on {@link #commit()}.
   *
   * @throws ModelException if a file cannot be created there
   */
  public static AtomicFile create(Path target) {
    AtomicFiles files = AtomicFiles.begin();
    try {
      return new AtomicFile(files, files.open(target));
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  /** Where the content goes; empty at first. */
  public FileChannel channel() {
    return channel;
  }

  /**
   * Forces what was written to disk and puts it in the target's place.
   *
   * @throws ModelException if that fails; then the target is as it was
   */
  public void commit() {
    files.commit();
  }

  /** Discards what was not committed. */
  @Override
  public void close() {
    files.close();
  }
}
