package dev.rosetta;

/**
 * Told how a comparison goes. Called from the thread that compares; a listener that takes long
 * delays the comparison. Every method does nothing unless overridden.
 */
public interface ProgressListener {

  /** Hears nothing. */
  ProgressListener SILENT = new ProgressListener() {};

  /**
   * A side's directory was read and understood, before any of its data is used. Not called for a
   * recorded trace.
   */
  default void opened(Side side, ModelInspection inspection) {}

  /**
   * Work advanced.
   *
   * @param phase what is being done: {@code weights}, {@code layers}, …
   * @param done steps done
   * @param total steps in this phase
   */
  default void advanced(String phase, int done, int total) {}
}
