package dev.rosetta.spi;

import dev.rosetta.model.ModelConfig;
import dev.rosetta.trace.Trace;
import java.nio.file.Path;

/** A form in which recorded activations come. Implementations are stateless and thread-safe. */
public interface TraceFormat {

  /** Display name: {@code APRT}. */
  String name();

  /**
   * Whether the content is this form's. Decided on content (for a directory, on that of the files
   * in it), never on the file name; must not throw on any content.
   */
  boolean recognizes(FileHead head);

  /**
   * Reads a path for which {@link #recognizes} returned true.
   *
   * @throws dev.rosetta.model.ModelException if it is damaged, or if it does not state the shapes
   *     of its activations and they do not follow from its content alone
   */
  Trace open(Path path);

  /**
   * Reads a path for which {@link #recognizes} returned true, taking what the recording does not
   * state about its shapes from the model that was traced.
   *
   * @throws dev.rosetta.model.ModelException if it is damaged or contradicts {@code config}
   */
  default Trace open(Path path, ModelConfig config) {
    return open(path);
  }
}
