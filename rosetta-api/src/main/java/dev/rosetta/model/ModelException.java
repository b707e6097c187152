package dev.rosetta.model;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * An input cannot be read or used. The message names the byte, key or tensor at fault and, where
 * there is a remedy, says it; {@link #path()} names the file. What the file says is escaped in the
 * message and cut: it can be printed as it is.
 */
public final class ModelException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ErrorCode code;
  private final transient @Nullable Path path;
  private final long offset;

  /** An error with no position in the file. */
  public ModelException(ErrorCode code, @Nullable Path path, String message) {
    this(code, path, -1, message, null);
  }

  /** An error at byte {@code offset} of {@code path}. */
  public ModelException(ErrorCode code, @Nullable Path path, long offset, String message) {
    this(code, path, offset, message, null);
  }

  public ModelException(
      ErrorCode code, @Nullable Path path, long offset, String message, @Nullable Throwable cause) {
    super(MessageText.of(message), cause);
    this.code = code;
    this.path = path;
    this.offset = offset;
  }

  public ErrorCode code() {
    return code;
  }

  /** The file at fault, or null where none is known. */
  public @Nullable Path path() {
    return path;
  }

  /** Byte offset in {@link #path()}, or -1. */
  public long offset() {
    return offset;
  }
}
