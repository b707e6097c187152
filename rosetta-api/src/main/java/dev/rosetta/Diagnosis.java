package dev.rosetta;

import dev.rosetta.model.Severity;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A named cause.
 *
 * @param code the fault class
 * @param severity {@code ERROR} makes the verdict {@link Verdict#DIVERGED}
 * @param subject canonical tensor role, config field or capture point; null for a whole file
 * @param layer 0-based layer, or null
 * @param side the side at fault, or null where the files alone cannot tell
 * @param message what is wrong, one sentence
 * @param fix what to do, one line
 * @param proof how far it has been tested
 * @param evidence numbers and lists behind it, by name: {@link Number}, {@link String}, {@link
 *     Boolean} or lists of them
 */
public record Diagnosis(
    DiagnosisCode code,
    Severity severity,
    @Nullable String subject,
    @Nullable Integer layer,
    @Nullable Side side,
    String message,
    String fix,
    Proof proof,
    Map<String, Object> evidence) {

  public Diagnosis {
    evidence = Collections.unmodifiableMap(new LinkedHashMap<>(evidence));
  }
}
