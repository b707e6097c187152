package dev.rosetta.formats;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes a file as a whole or not at all: beside the target first, then forced to disk, then
 * renamed over it. An existing file keeps its content until the new one is complete, and a JVM that
 * is told to stop meanwhile leaves nothing beside it. Instances are not thread-safe.
 */
public final class AtomicFile implements AutoCloseable {
  private final Path target;
  private final Path beside;
  private final FileChannel channel;
  private final Thread onStop;

  private AtomicFile(Path target, Path beside, FileChannel channel) {
    this.target = target;
    this.beside = beside;
    this.channel = channel;
    this.onStop = new Thread(() -> discard(beside));
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
    try (AtomicFile file = create(target)) {
      content.writeTo(file.channel());
      file.commit();
    } catch (IOException e) {
      throw notWritable(target, e);
    }
  }

  /**
   * Begins a file that becomes {@code target} on {@link #commit()}.
   *
   * @throws ModelException if a file cannot be created there
   */
  public static AtomicFile create(Path target) {
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new ModelException(
          ErrorCode.NOT_A_FILE, target, "is no regular file; choose another output path");
    }
    Path absolute = target.toAbsolutePath();
    Path beside = absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID());
    try {
      FileChannel channel =
          FileChannel.open(
              beside,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      AtomicFile file = new AtomicFile(target, beside, channel);
      Runtime.getRuntime().addShutdownHook(file.onStop);
      return file;
    } catch (IOException e) {
      throw notWritable(target, e);
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
    try {
      channel.force(true);
      Files.move(
          beside,
          target.toAbsolutePath(),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw notWritable(target, e);
    }
  }

  /** Discards what was not committed. */
  @Override
  public void close() {
    try (channel) {
      Files.deleteIfExists(beside);
    } catch (IOException e) {
      throw notWritable(target, e);
    }
    try {
      Runtime.getRuntime().removeShutdownHook(onStop);
    } catch (IllegalStateException e) {
      // The JVM is stopping: the hook runs, and finds nothing left to delete.
    }
  }

  private static void discard(Path beside) {
    try {
      Files.deleteIfExists(beside);
    } catch (IOException e) {
      // The JVM is stopping; there is nobody to tell.
    }
  }

  private static ModelException notWritable(Path target, IOException e) {
    return new ModelException(ErrorCode.NOT_WRITABLE, target, -1, "cannot be written: " + e, e);
  }
}
