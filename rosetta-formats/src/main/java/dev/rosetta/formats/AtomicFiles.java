package dev.rosetta.formats;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes files that belong together, all of them or none: beside their targets first, then forced
 * to disk, then renamed, the first of them last. A folder that is not there yet appears by one
 * rename, with all that is in it.
 *
 * <p>Existing files keep their content until all new ones are complete. A failure between two
 * renames puts back what was replaced; a JVM that is told to stop ends before the first rename or
 * after the last, and leaves nothing beside the targets. Only a power cut or a kill between two
 * renames in an existing folder can leave new files beside old ones. Instances are not thread-safe.
 */
public final class AtomicFiles implements AutoCloseable {
  /** Where a folder is made that appears on {@link #commit()}; null for existing folders. */
  private final @Nullable Path staging;

  private final Path folder;
  private final List<Staged> files = new ArrayList<>();
  private final Thread onStop = new Thread(this::stop);
  private boolean stopped;

  private AtomicFiles(Path folder, @Nullable Path staging) {
    this.folder = folder;
    this.staging = staging;
    Runtime.getRuntime().addShutdownHook(onStop);
  }

  /** Begins files of folders that exist. */
  public static AtomicFiles begin() {
    return new AtomicFiles(Path.of(""), null);
  }

  /**
   * Begins files that all lie in {@code folder}; it appears with them if it is not there.
   *
   * @throws ModelException if it cannot be created
   */
  public static AtomicFiles in(Path folder) {
    if (Files.isDirectory(folder)) {
      return begin();
    }
    if (Files.exists(folder)) {
      throw new ModelException(
          ErrorCode.NOT_A_FILE, folder, "is no directory; choose another output path");
    }
    Path absolute = folder.toAbsolutePath();
    Path staging = beside(absolute);
    AtomicFiles files = new AtomicFiles(absolute, staging);
    try {
      Files.createDirectories(staging);
      return files;
    } catch (IOException e) {
      files.close();
      throw notWritable(folder, e);
    }
  }

  /**
   * Creates a file that becomes {@code target} on {@link #commit()}.
   *
   * @return where its content goes, empty at first; it is closed with this
   * @throws ModelException if a file cannot be created there
   */
  public synchronized FileChannel open(Path target) {
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new ModelException(
          ErrorCode.NOT_A_FILE, target, "is no regular file; choose another output path");
    }
    requireRunning(target);
    Path absolute = target.toAbsolutePath();
    Path beside = staging == null ? beside(absolute) : staging.resolve(folder.relativize(absolute));
    try {
      FileChannel channel =
          FileChannel.open(
              beside,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      files.add(new Staged(absolute, beside, channel));
      return channel;
    } catch (IOException e) {
      throw notWritable(target, e);
    }
  }

  /**
   * Creates a file of this content that becomes {@code target} on {@link #commit()}.
   *
   * @throws ModelException if it cannot be written
   */
  public void write(Path target, AtomicFile.Content content) {
    FileChannel channel = open(target);
    try {
      content.writeTo(channel);
    } catch (IOException e) {
      throw notWritable(target, e);
    }
  }

  /**
   * Forces what was written to disk and puts it in its place.
   *
   * @throws ModelException if that fails; then everything is as it was
   */
  public void commit() {
    for (Staged file : files) {
      file.force();
    }
    synchronized (this) {
      requireRunning(files.getFirst().target);
      if (staging != null) {
        move(staging, folder);
        return;
      }
      // After the rename of the first nothing can fail, so that it needs no copy: it is the
      // largest.
      files.subList(1, files.size()).forEach(Staged::keepOld);
      List<Staged> replaced = new ArrayList<>();
      try {
        for (Staged file : files.reversed()) {
          move(file.beside, file.target);
          replaced.add(file);
        }
      } catch (ModelException e) {
        replaced.forEach(Staged::putOldBack);
        throw e;
      }
    }
  }

  /** Discards what was not committed. */
  @Override
  public void close() {
    files.forEach(Staged::closeChannel);
    discardAll();
    try {
      Runtime.getRuntime().removeShutdownHook(onStop);
    } catch (IllegalStateException e) {
      // The JVM is stopping: the hook runs, and finds nothing left to delete.
    }
  }

  /** What happens when the JVM is told to stop; waits for a commit that has begun. */
  synchronized void stop() {
    stopped = true;
    discardAll();
  }

  private void requireRunning(Path target) {
    if (stopped) {
      throw new ModelException(
          ErrorCode.NOT_WRITABLE, target, "is not written: the program was told to stop");
    }
  }

  private synchronized void discardAll() {
    files.forEach(Staged::discard);
    if (staging != null) {
      delete(staging);
    }
  }

  /** A file that is written at {@code beside} and becomes {@code target}. */
  private static final class Staged {
    private final Path target;
    private final Path beside;
    private final FileChannel channel;
    private @Nullable Path old;

    Staged(Path target, Path beside, FileChannel channel) {
      this.target = target;
      this.beside = beside;
      this.channel = channel;
    }

    void force() {
      try {
        channel.force(true);
      } catch (IOException e) {
        throw notWritable(target, e);
      }
    }

    void keepOld() {
      if (Files.exists(target)) {
        old = beside(target);
        try {
          Files.copy(target, old, StandardCopyOption.COPY_ATTRIBUTES);
        } catch (IOException e) {
          throw notWritable(target, e);
        }
      }
    }

    void putOldBack() {
      if (old == null) {
        delete(target);
      } else {
        move(old, target);
      }
    }

    void closeChannel() {
      try {
        channel.close();
      } catch (IOException e) {
        // It was forced before it was renamed, or is discarded.
      }
    }

    void discard() {
      delete(beside);
      if (old != null) {
        delete(old);
      }
    }
  }

  /** A name in the same folder, and thereby on the same file system. */
  private static Path beside(Path target) {
    return target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID());
  }

  private static void move(Path from, Path to) {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw notWritable(to, e);
    }
  }

  /** What cannot be deleted stays behind under a hidden name; the outcome is another's. */
  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      // As said above.
    }
  }

  static ModelException notWritable(Path target, IOException e) {
    return new ModelException(ErrorCode.NOT_WRITABLE, target, -1, "cannot be written: " + e, e);
  }
}
