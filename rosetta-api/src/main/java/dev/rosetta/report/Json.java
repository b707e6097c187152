package dev.rosetta.report;

import java.io.StringWriter;
import java.math.BigInteger;
import java.util.Collection;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.SerializableString;
import tools.jackson.core.io.CharacterEscapes;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultPrettyPrinter;

/**
 * JSON documents of printable ASCII: every other character is escaped, so that a document can be
 * shown on a terminal. A number that is not finite becomes {@code null}, and its object says {@code
 * "nonFinite": true}.
 */
final class Json {
  private static final int DELETE = 0x7f;
  private static final JsonFactory FACTORY =
      JsonFactory.builder().highestNonEscapedChar(DELETE).characterEscapes(new DeleteToo()).build();

  private Json() {}

  /** A document that {@code content} writes, with a line end. */
  static String document(Consumer<JsonGenerator> content) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(new Indented(), text)) {
      content.accept(json);
    }
    return text.append('\n').toString();
  }

  static void string(JsonGenerator json, String name, @Nullable String value) {
    if (value == null) {
      json.writeNullProperty(name);
    } else {
      json.writeStringProperty(name, value);
    }
  }

  /** Writes a measured number; returns whether it was finite. */
  static boolean number(JsonGenerator json, String name, double value) {
    if (Double.isFinite(value)) {
      json.writeNumberProperty(name, value);
      return true;
    }
    json.writeNullProperty(name);
    return false;
  }

  /** Writes a number that is NaN where it was not measured; returns false if it is infinite. */
  static boolean measured(JsonGenerator json, String name, double value) {
    return number(json, name, value) || Double.isNaN(value);
  }

  /** Says that a number of the current object is null because it is not finite. */
  static void flag(JsonGenerator json, boolean finite) {
    if (!finite) {
      json.writeBooleanProperty("nonFinite", true);
    }
  }

  static void array(JsonGenerator json, String name, Collection<?> values) {
    json.writeName(name);
    value(json, values);
  }

  static void object(JsonGenerator json, String name, Map<String, ?> values) {
    json.writeName(name);
    value(json, values);
  }

  /** Writes null, a boolean, a number, a collection, a map, or anything else as its string. */
  private static boolean value(JsonGenerator json, @Nullable Object value) {
    switch (value) {
      case null -> json.writeNull();
      case Boolean b -> json.writeBoolean(b);
      case Integer i -> json.writeNumber(i);
      case Long l -> json.writeNumber(l);
      case BigInteger b -> json.writeNumber(b);
      case Number n -> {
        if (!Double.isFinite(n.doubleValue())) {
          json.writeNull();
          return false;
        }
        json.writeNumber(n.doubleValue());
      }
      case Collection<?> values -> {
        boolean finite = true;
        json.writeStartArray();
        for (Object element : values) {
          finite &= value(json, element);
        }
        json.writeEndArray();
        return finite;
      }
      case Map<?, ?> values -> {
        boolean finite = true;
        json.writeStartObject();
        for (Map.Entry<?, ?> entry : values.entrySet()) {
          json.writeName(String.valueOf(entry.getKey()));
          finite &= value(json, entry.getValue());
        }
        flag(json, finite);
        json.writeEndObject();
      }
      default -> json.writeString(value.toString());
    }
    return true;
  }

  /** Two-space indentation, arrays of numbers on one line. */
  private static final class Indented extends ObjectWriteContext.Base {
    @Override
    public PrettyPrinter getPrettyPrinter() {
      return new DefaultPrettyPrinter();
    }

    @Override
    public boolean hasPrettyPrinter() {
      return true;
    }
  }

  /** The escapes that JSON asks for, and DEL. */
  private static final class DeleteToo extends CharacterEscapes {
    private static final long serialVersionUID = 1;

    @Override
    public int[] getEscapeCodesForAscii() {
      int[] codes = CharacterEscapes.standardAsciiEscapesForJSON();
      codes[DELETE] = ESCAPE_STANDARD;
      return codes;
    }

    @Override
    public @Nullable SerializableString getEscapeSequence(int character) {
      return null;
    }
  }
}
