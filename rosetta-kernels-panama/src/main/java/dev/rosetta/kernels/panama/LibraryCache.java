package dev.rosetta.kernels.panama;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;

/**
 * The folder that libraries are extracted to: the user's own, closed to everybody else.
 *
 * <p>What is loaded from it runs with the user's rights, so a folder or file that somebody else
 * could have written is refused.
 */
record LibraryCache(Path folder) {

  /** System property that names another folder. */
  static final String FOLDER_PROPERTY = "rosetta.native.cache";

  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  /** The cache of this user. */
  static LibraryCache open() throws IOException {
    String given = System.getProperty(FOLDER_PROPERTY, "");
    Path folder = given.isEmpty() ? userCache().resolve("rosetta") : Path.of(given);
    return open(folder.toAbsolutePath());
  }

  /**
   * A cache in {@code folder}, created if absent.
   *
   * @throws IOException if others may write to it
   */
  static LibraryCache open(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      Path parent = folder.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      if (isPosix(folder)) {
        Files.createDirectories(folder, PRIVATE);
      } else {
        Files.createDirectories(folder);
      }
    }
    if (isPosix(folder) && !Files.getPosixFilePermissions(folder).equals(PRIVATE.value())) {
      throw new IOException(folder + " is open to other users; run chmod 700 on it");
    }
    return new LibraryCache(folder);
  }

  /**
   * The file with these bytes, written if it is not there yet.
   *
   * @param sha256 digest of {@code bytes} in hexadecimal; part of the file's name, so that versions
   *     lie side by side
   * @throws IOException if the file or the folder belongs to another user, or cannot be written
   */
  Path extract(String fileName, String sha256, byte[] bytes) throws IOException {
    int dot = fileName.lastIndexOf('.');
    Path file = folder.resolve(fileName.substring(0, dot) + "-" + sha256 + fileName.substring(dot));
    requireOwn(folder);
    if (!holds(file, bytes)) {
      Path part = folder.resolve(file.getFileName() + "." + ProcessHandle.current().pid());
      try {
        Files.write(part, bytes);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    }
    requireOwn(file);
    return file;
  }

  private static boolean holds(Path file, byte[] bytes) throws IOException {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && Files.size(file) == bytes.length
        && Arrays.equals(Files.readAllBytes(file), bytes);
  }

  /** On POSIX systems only: elsewhere the user's cache folder is closed to others already. */
  private static void requireOwn(Path path) throws IOException {
    if (isPosix(path)) {
      String user = ProcessHandle.current().info().user().orElse("");
      String owner = Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).getName();
      if (!owner.equals(user)) {
        throw new IOException(path + " belongs to " + owner + ", not to " + user);
      }
    }
  }

  private static boolean isPosix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private static Path userCache() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    Path home = Path.of(System.getProperty("user.home"));
    if (os.startsWith("mac")) {
      return home.resolve("Library").resolve("Caches");
    }
    String given =
        System.getenv()
            .getOrDefault(os.startsWith("windows") ? "LOCALAPPDATA" : "XDG_CACHE_HOME", "");
    return given.isEmpty() ? home.resolve(".cache") : Path.of(given);
  }
}
