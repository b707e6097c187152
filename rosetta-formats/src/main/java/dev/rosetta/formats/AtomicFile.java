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
 * renamed over it. An existing file keeps its content until the new one is complete. Thread-safe.
 */
public final class AtomicFile {
  private AtomicFile() {}

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
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new ModelException(
          ErrorCode.NOT_A_FILE, target, "is no regular file; choose another output path");
    }
    Path absolute = target.toAbsolutePath();
    Path beside = absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID());
    try {
      try (FileChannel channel =
          FileChannel.open(
              beside,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE)) {
        content.writeTo(channel);
        channel.force(true);
        Files.move(
            beside, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(beside);
      }
    } catch (IOException e) {
      throw new ModelException(ErrorCode.NOT_WRITABLE, target, -1, "cannot be written: " + e, e);
    }
  }
}
