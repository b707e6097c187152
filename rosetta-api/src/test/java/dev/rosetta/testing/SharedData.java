package dev.rosetta.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/**
 * Locates the models, goldens and vocabularies that lie beside the repository, not in it.
 *
 * <p>The folder is named by the environment variable {@code ROSETTA_SHARED}; without it, it is the
 * {@code shared} folder beside the working directory or beside one of its parents.
 */
public final class SharedData {

  private static final String VARIABLE = "ROSETTA_SHARED";

  private SharedData() {}

  /**
   * The {@code data} folder; empty if there is none.
   *
   * @throws IllegalStateException if {@code ROSETTA_SHARED} is set and names a folder without one
   */
  public static Optional<Path> locate() {
    return locate(System.getenv().getOrDefault(VARIABLE, ""), Path.of(""));
  }

  /**
   * The {@code data} folder; the calling test is skipped if there is none.
   *
   * @throws IllegalStateException if {@code ROSETTA_SHARED} is set and names a folder without one
   */
  public static Path require() {
    Optional<Path> data = locate();
    Assumptions.assumeTrue(data.isPresent(), "no shared data: set " + VARIABLE + " to its folder");
    return data.orElseThrow();
  }

  /**
   * A file or folder below {@code data}, for example {@code path("golden/llama-f32")}; the calling
   * test is skipped if there is no shared data at all.
   *
   * @throws IllegalStateException if there is shared data, but not this part of it
   */
  public static Path path(String relative) {
    Path path = require().resolve(relative);
    if (!Files.exists(path)) {
      throw new IllegalStateException("the shared data has no " + path);
    }
    return path;
  }

  /** {@code variable} may be relative to {@code directory} or to one of its parents. */
  static Optional<Path> locate(String variable, Path directory) {
    String folder = variable.isEmpty() ? "../shared" : variable;
    for (Path at = directory.toAbsolutePath(); at != null; at = at.getParent()) {
      Path data = at.resolve(folder).resolve("data").normalize();
      if (Files.isDirectory(data)) {
        return Optional.of(data);
      }
    }
    if (!variable.isEmpty()) {
      throw new IllegalStateException(VARIABLE + "=" + variable + " has no folder named data");
    }
    return Optional.empty();
  }
}
