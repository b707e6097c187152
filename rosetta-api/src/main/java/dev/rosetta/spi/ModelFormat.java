package dev.rosetta.spi;

import dev.rosetta.model.ModelSource;
import java.nio.file.Path;

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
}
