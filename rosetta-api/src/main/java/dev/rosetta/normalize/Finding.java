package dev.rosetta.normalize;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.Severity;
import org.jspecify.annotations.Nullable;

/**
 * Something that normalising a model brought to light.
 *
 * @param code the fault class it belongs to
 * @param severity whether it is a fault by itself
 * @param subject canonical tensor role, config field label, or a tensor's name where it has no role
 * @param layer 0-based layer, or null
 * @param message one sentence
 * @param fix what to do about it, or null where the code says enough
 */
public record Finding(
    DiagnosisCode code,
    Severity severity,
    String subject,
    @Nullable Integer layer,
    String message,
    @Nullable String fix) {

  /** A finding whose code says what to do. */
  public Finding(
      DiagnosisCode code,
      Severity severity,
      String subject,
      @Nullable Integer layer,
      String message) {
    this(code, severity, subject, layer, message, null);
  }
}
