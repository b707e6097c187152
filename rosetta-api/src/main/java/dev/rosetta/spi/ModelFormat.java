package dev.rosetta.spi;

import dev.rosetta.model.ModelSource;
import java.nio.file.Path;
import java.util.Optional;

/** A file format that models come in. Implementations are stateless and thread-safe. */
public interface ModelFormat {

  /** Display name: {@code GGUF}. */
  String name();

  /**
   * Whether the content is this format's. Decided on content, never on the file name; must not
   * throw on any content.
   */
  boolean recognizes(FileHead head);

  /**
   * Opens a path for which {@link #recognizes} returned true.
   *
   * @throws dev.rosetta.model.ModelException if the directory cannot be read; damage that leaves
   *     the directory readable becomes a {@link dev.rosetta.model.SourceNote} instead
   */
  ModelSource open(Path path);

  /**
   * Opens an adapter, whose tensors change those of a model: its metadata is its own configuration.
   *
   * @return empty if adapters do not come in this format
   * @throws dev.rosetta.model.ModelException if they do, and the path holds none that can be read
   */
  default Optional<ModelSource> openAdapter(Path path) {
    return Optional.empty();
  }
}
