package dev.rosetta.cli;

import dev.rosetta.formats.convert.FileFormat;
import dev.rosetta.formats.convert.ModelFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a model is written, and whether it may replace one. */
final class OutputModel {
  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description =
          "gguf, apr or safetensors. Default: what the output is called; a name without extension"
              + " becomes a Hugging Face directory.")
  @Nullable FileFormat format;

  @Option(names = "--force", description = "Replace files that exist.")
  boolean force;

  /** The format to write, or a usage error where none follows. */
  FileFormat format(Usage usage, Path output) {
    FileFormat chosen = format;
    if (chosen != null) {
      return chosen;
    }
    return FileFormat.of(output)
        .orElseThrow(
            () ->
                usage.error(
                    "output "
                        + output
                        + " ends in none of .gguf, .apr and .safetensors; give --format"));
  }

  /** Refuses outputs that exist or lie in no directory. */
  void check(Usage usage, Path output, FileFormat target) {
    boolean directory = Files.isDirectory(output);
    if (directory
        && (target != FileFormat.SAFETENSORS || output.toString().endsWith(".safetensors"))) {
      throw usage.error("output " + output + " is a directory; give a file");
    }
    Path parent = output.toAbsolutePath().getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw usage.error("output " + output + ": there is no directory " + parent);
    }
    for (Path file : ModelFiles.files(output, target)) {
      if (!force && Files.exists(file)) {
        throw usage.error(file + " exists; choose another name, or replace it with --force");
      }
    }
  }
}
