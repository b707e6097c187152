package dev.rosetta.cli;

import java.io.IOException;
import java.util.Locale;

/** Standard output cannot be written to. */
final class OutputFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean closedPipe;

  OutputFailure(IOException cause) {
    super("cannot write to standard output: " + cause.getMessage(), cause);
    String reason = cause.getMessage();
    closedPipe = reason != null && reason.toLowerCase(Locale.ROOT).contains("pipe");
  }

  /** Whether the reader went away, as {@code head} does; nobody needs to be told. */
  boolean isClosedPipe() {
    return closedPipe;
  }
}
