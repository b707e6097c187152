package dev.rosetta.report;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.SafeText;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/**
 * Why there is no report: one object for the line on standard error, the JSON error object and the
 * exit code.
 *
 * @param exitCode exit code of the CLI
 * @param code stable identifier: the name of an {@link ErrorCode}, {@code USAGE} or {@code
 *     INTERNAL}
 * @param message one sentence
 * @param path the file at fault, or null
 * @param offset byte offset in {@code path}, or -1
 */
public record ErrorReport(
    int exitCode, String code, String message, @Nullable Path path, long offset) {

  /** Version of the JSON form. */
  public static final String SCHEMA = "rosetta-error/1";

  /** Exit code of a usage error. */
  public static final int USAGE = 2;

  /** Exit code of an input that cannot be read. */
  public static final int INPUT = 3;

  /** Exit code of an internal error, and of a report that could not be written. */
  public static final int INTERNAL = 5;

  private static final int LONGEST_MESSAGE = 1000;

  /** An input that cannot be read, or an output that cannot be written. */
  public static ErrorReport of(ModelException e) {
    int exitCode = e.code() == ErrorCode.NOT_WRITABLE ? INTERNAL : INPUT;
    return new ErrorReport(exitCode, e.code().name(), text(e), e.path(), e.offset());
  }

  /** A command line that cannot be understood. */
  public static ErrorReport usage(String message) {
    return new ErrorReport(USAGE, "USAGE", message, null, -1);
  }

  /** A defect of Rosetta itself. */
  public static ErrorReport internal(Throwable e) {
    return new ErrorReport(
        INTERNAL,
        "INTERNAL",
        "internal error: "
            + e.getClass().getSimpleName()
            + ": "
            + text(e)
            + "; please report it with the output of -v",
        null,
        -1);
  }

  private static String text(Throwable e) {
    String message = e.getMessage();
    return message == null ? "no message" : message;
  }

  /** {@code rosetta: error: model.gguf: message (MALFORMED, byte 24)}, without a line end. */
  public String line() {
    StringBuilder line = new StringBuilder("rosetta: error: ");
    if (path != null) {
      line.append(SafeText.escape(path.toString())).append(": ");
    }
    line.append(SafeText.escape(message, LONGEST_MESSAGE)).append(" (").append(code);
    if (offset >= 0) {
      line.append(", byte ").append(offset);
    }
    return line.append(')').toString();
  }

  /** The JSON error object, with a line end. */
  public String json() {
    return Json.document(
        json -> {
          json.writeStartObject();
          json.writeStringProperty("schema", SCHEMA);
          json.writeNumberProperty("exitCode", exitCode);
          json.writeStringProperty("code", code);
          json.writeStringProperty("message", message);
          writePath(json);
          if (offset >= 0) {
            json.writeNumberProperty("offset", offset);
          } else {
            json.writeNullProperty("offset");
          }
          json.writeEndObject();
        });
  }

  private void writePath(JsonGenerator json) {
    if (path != null) {
      json.writeStringProperty("path", path.toString());
    } else {
      json.writeNullProperty("path");
    }
  }
}
