package dev.rosetta.cli;

import dev.rosetta.formats.AtomicFile;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;

/** Writes output files whole or not at all, and never over an input. */
final class ReportFiles {
  private ReportFiles() {}

  /** Refuses an output that is an input, lies where nothing can be written, or is given twice. */
  static void check(Usage usage, Collection<Path> outputs, List<Path> inputs) {
    for (Path output : outputs) {
      if (Files.isDirectory(output)) {
        throw usage.error("output " + output + " is a directory; give a file");
      }
      Path parent = output.toAbsolutePath().getParent();
      if (parent == null || !Files.isDirectory(parent)) {
        throw usage.error("output " + output + ": there is no directory " + parent);
      }
      for (Path input : inputs) {
        if (isSame(output, input)) {
          throw usage.error("output " + output + " is an input; choose another file");
        }
      }
    }
    long distinct =
        outputs.stream().map(path -> path.toAbsolutePath().normalize()).distinct().count();
    if (distinct < outputs.size()) {
      throw usage.error("two reports would be written to one file");
    }
  }

  /** Whether the output is the input or a file of an input directory. */
  private static boolean isSame(Path output, Path input) {
    try {
      if (!Files.exists(output) || !Files.exists(input)) {
        return false;
      }
      return Files.isSameFile(output, input)
          || Files.isDirectory(input) && output.toRealPath().startsWith(input.toRealPath());
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Creates or replaces {@code target}; a device or pipe is written to as it is.
   *
   * @throws ModelException if it cannot be written
   */
  static void write(Path target, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      try {
        Files.write(target, bytes);
      } catch (IOException e) {
        throw new ModelException(ErrorCode.NOT_WRITABLE, target, -1, "cannot be written: " + e, e);
      }
      return;
    }
    AtomicFile.write(
        target,
        channel -> {
          ByteBuffer buffer = ByteBuffer.wrap(bytes);
          while (buffer.hasRemaining()) {
            channel.write(buffer);
          }
        });
  }
}
