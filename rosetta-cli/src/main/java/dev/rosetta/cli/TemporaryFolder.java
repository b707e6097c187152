package dev.rosetta.cli;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A private folder of files that is removed when it is closed, and when the process is stopped. */
final class TemporaryFolder implements AutoCloseable {
  private final Path path;
  private final Thread onStop;

  /**
   * @throws ModelException if it cannot be made
   */
  TemporaryFolder() {
    try {
      path = Files.createTempDirectory("rosetta-demo");
    } catch (IOException e) {
      throw new ModelException(
          ErrorCode.NOT_WRITABLE,
          Path.of(System.getProperty("java.io.tmpdir")),
          -1,
          "no folder can be made here: " + e,
          e);
    }
    onStop = new Thread(this::delete, "remove " + path);
    Runtime.getRuntime().addShutdownHook(onStop);
  }

  Path path() {
    return path;
  }

  @Override
  public void close() {
    delete();
    try {
      Runtime.getRuntime().removeShutdownHook(onStop);
    } catch (IllegalStateException e) {
      // The process is being stopped: the hook runs, and finds nothing left.
    }
  }

  private void delete() {
    try (Stream<Path> files = Files.list(path)) {
      for (Path file : List.copyOf(files.toList())) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(path);
    } catch (IOException e) {
      // What cannot be removed stays in the system's temporary folder, which the system empties.
    }
  }
}
