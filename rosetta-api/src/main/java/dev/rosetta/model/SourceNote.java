package dev.rosetta.model;

import org.jspecify.annotations.Nullable;

/**
 * Something about a file that its user should know, found while reading its directory.
 *
 * @param severity {@code ERROR} for damage, {@code WARNING} for an oddity, {@code INFO} otherwise
 * @param code stable identifier; for damage, the name of an {@link ErrorCode}
 * @param tensor the tensor concerned as named in the file, or null for the whole file
 * @param message one sentence that names the byte, key or tensor, fit to be printed as it is
 */
public record SourceNote(Severity severity, String code, @Nullable String tensor, String message) {

  public SourceNote {
    message = MessageText.of(message);
  }
}
