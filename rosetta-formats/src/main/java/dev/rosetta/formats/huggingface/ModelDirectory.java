package dev.rosetta.formats.huggingface;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.spi.MappedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A directory whose files are found by name and never lead out of it.
 *
 * <p>A symbolic link may point only to another file of the directory, or, in the layout of the
 * Hugging Face cache, from {@code snapshots/REVISION} to a file in {@code blobs}.
 *
 * @param path the directory
 */
public record ModelDirectory(Path path) {

  /** The directory that holds {@code file}. */
  public static ModelDirectory of(Path file) {
    Path parent = file.getParent();
    return new ModelDirectory(parent == null ? Path.of("") : parent);
  }

  /** Whether there is a file of this name, readable or not. */
  public boolean has(String name) {
    return Files.exists(path.resolve(name), LinkOption.NOFOLLOW_LINKS);
  }

  /** Whether a name can only be that of a file in this directory. */
  static boolean isPlain(String name) {
    return !name.isEmpty()
        && !name.equals(".")
        && !name.equals("..")
        && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
  }

  /**
   * The path of the file that {@code name}, text from another file, stands for.
   *
   * @param namedBy the file that states the name, for errors
   * @throws ModelException if it is not the plain name of an existing file of this directory
   */
  public Path named(String name, Path namedBy) {
    if (!isPlain(name)) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          namedBy,
          "refers to the file "
              + Quoted.quote(name)
              + "; only plain names of files in the same directory are followed");
    }
    if (!has(name)) {
      throw new ModelException(
          ErrorCode.NOT_FOUND,
          namedBy,
          "refers to the file " + Quoted.quote(name) + ", which is not in its directory");
    }
    return inside(name);
  }

  /**
   * A JSON object in the file {@code name}; empty if there is no such file.
   *
   * @param maxBytes larger files are refused
   * @throws ModelException if it cannot be read, is too large, or is malformed
   */
  public Optional<LinkedHashMap<String, @Nullable Object>> object(String name, int maxBytes) {
    if (!has(name)) {
      return Optional.empty();
    }
    Path file = inside(name);
    return Optional.of(BoundedJson.parseObject(readAll(file, maxBytes), file, 0));
  }

  /**
   * The content of {@code file}.
   *
   * @throws ModelException if it cannot be read or has more than {@code maxBytes} bytes
   */
  public static byte[] readAll(Path file, int maxBytes) {
    try (MappedFile mapped = MappedFile.open(file)) {
      if (mapped.size() > maxBytes) {
        throw new ModelException(
            ErrorCode.LIMIT_EXCEEDED,
            file,
            "has " + mapped.size() + " bytes; at most " + maxBytes + " are read");
      }
      return mapped.readBytes(0, (int) mapped.size());
    }
  }

  private Path inside(String name) {
    Path file = path.resolve(name);
    if (!Files.isSymbolicLink(file)) {
      return file;
    }
    try {
      Path directory = path.toRealPath();
      Path target = file.toRealPath().getParent();
      if (target != null && (target.equals(directory) || isBlobsOf(directory, target))) {
        return file;
      }
    } catch (IOException e) {
      throw new ModelException(
          ErrorCode.UNREADABLE, file, -1, "is a symbolic link that leads nowhere: " + e, e);
    }
    throw new ModelException(
        ErrorCode.UNREADABLE,
        file,
        "is a symbolic link that leads out of the model's directory; put the file itself there");
  }

  /**
   * Whether {@code target} is {@code models--owner--name/blobs} and {@code directory} one of {@code
   * models--owner--name/snapshots}; both are real paths.
   */
  private static boolean isBlobsOf(Path directory, Path target) {
    Path snapshots = directory.getParent();
    return snapshots != null
        && snapshots.endsWith("snapshots")
        && target.equals(snapshots.resolveSibling("blobs"));
  }
}
