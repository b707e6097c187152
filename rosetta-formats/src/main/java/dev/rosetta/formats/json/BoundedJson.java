package dev.rosetta.formats.json;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/**
 * Parses JSON within limits, without recursion.
 *
 * <p>Objects become {@link LinkedHashMap}, arrays {@link ArrayList}, integers {@link Long} ({@link
 * java.math.BigInteger} beyond its range), other numbers {@link Double}. Refused: what RFC 8259
 * refuses, malformed UTF-8, unpaired surrogates, numbers beyond the range of a double, and
 * documents beyond {@link #MAX_DEPTH}, {@link #MAX_TOKENS}, {@link #MAX_NAME_LENGTH}, {@link
 * #MAX_NUMBER_LENGTH} or {@link #MAX_INTEGER_DIGITS}.
 */
public final class BoundedJson {
  public static final int MAX_DEPTH = 64;

  /**
   * Braces, brackets, names and values together. Bounds the heap by some 60 bytes each; the largest
   * tokenizer files known hold 2.7 million.
   */
  public static final int MAX_TOKENS = 1 << 22;

  /** Characters of an object's key. */
  public static final int MAX_NAME_LENGTH = 1 << 16;

  /** Characters of any number. */
  public static final int MAX_NUMBER_LENGTH = 400;

  /** Digits of an integer: an unsigned 64-bit value has 20. */
  public static final int MAX_INTEGER_DIGITS = 20;

  private static final int MAX_DUPLICATE_NOTES = 16;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(TokenStreamFactory.Feature.INTERN_PROPERTY_NAMES)
          // A vocabulary is an object with 150,000 distinct names, not an attack on the symbol
          // table.
          .disable(TokenStreamFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxTokenCount(MAX_TOKENS)
                  .maxNameLength(MAX_NAME_LENGTH)
                  .maxNumberLength(MAX_NUMBER_LENGTH)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private final JsonParser parser;
  private final Path path;
  private final long baseOffset;
  private final @Nullable List<SourceNote> duplicateNotes;
  private int duplicates;

  private BoundedJson(
      JsonParser parser, Path path, long baseOffset, @Nullable List<SourceNote> duplicateNotes) {
    this.parser = parser;
    this.path = path;
    this.baseOffset = baseOffset;
    this.duplicateNotes = duplicateNotes;
  }

  /**
   * Parses one document; a key that occurs twice in an object is refused.
   *
   * @param utf8 the whole document
   * @param path the file it is from, for errors
   * @param baseOffset position of {@code utf8[0]} in that file
   * @throws ModelException {@code MALFORMED} or {@code LIMIT_EXCEEDED}, with the byte offset
   */
  public static @Nullable Object parse(byte[] utf8, Path path, long baseOffset) {
    return parse(utf8, path, baseOffset, null);
  }

  /** As {@link #parse}, for a document that must be an object. */
  public static LinkedHashMap<String, @Nullable Object> parseObject(
      byte[] utf8, Path path, long baseOffset) {
    return object(parse(utf8, path, baseOffset, null), path, baseOffset);
  }

  /**
   * As {@link #parseObject}, but of a key that occurs twice the last value is taken and a {@code
   * DUPLICATE_KEY} warning is added to {@code notes}.
   */
  public static LinkedHashMap<String, @Nullable Object> parseObjectLastKeyWins(
      byte[] utf8, Path path, long baseOffset, List<SourceNote> notes) {
    return object(parse(utf8, path, baseOffset, notes), path, baseOffset);
  }

  /** An object of {@link #parse} as the map that it is, or null if {@code value} is no object. */
  @SuppressWarnings("unchecked") // every map that parse returns has string keys
  public static @Nullable Map<String, @Nullable Object> asObject(@Nullable Object value) {
    return value instanceof Map<?, ?> map ? (Map<String, @Nullable Object>) map : null;
  }

  @SuppressWarnings("unchecked") // every map that parse returns is of this type
  private static LinkedHashMap<String, @Nullable Object> object(
      @Nullable Object root, Path path, long baseOffset) {
    if (root instanceof LinkedHashMap<?, ?> map) {
      return (LinkedHashMap<String, @Nullable Object>) map;
    }
    throw new ModelException(
        ErrorCode.MALFORMED, path, baseOffset, "the JSON document is not an object {…}");
  }

  private static @Nullable Object parse(
      byte[] utf8, Path path, long baseOffset, @Nullable List<SourceNote> duplicateNotes) {
    requireUtf8(utf8, path, baseOffset);
    try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), utf8)) {
      BoundedJson json = new BoundedJson(parser, path, baseOffset, duplicateNotes);
      Object root = json.document();
      json.noteFurtherDuplicates();
      return root;
    } catch (StreamConstraintsException e) {
      throw failure(ErrorCode.LIMIT_EXCEEDED, e, path, baseOffset);
    } catch (JacksonException e) {
      throw failure(ErrorCode.MALFORMED, e, path, baseOffset);
    }
  }

  private @Nullable Object document() {
    Deque<Object> open = new ArrayDeque<>();
    JsonToken token = parser.nextToken();
    if (token == null) {
      throw error(ErrorCode.MALFORMED, "the JSON document is empty");
    }
    Object root = null;
    do {
      switch (token) {
        case END_OBJECT, END_ARRAY -> open.pop();
        case PROPERTY_NAME -> requirePairedSurrogates(parser.currentName());
        default -> {
          Object value = value(token);
          if (open.isEmpty()) {
            root = value;
          } else {
            attach(open.peek(), value);
          }
          if (token.isStructStart()) {
            open.push(Objects.requireNonNull(value));
          }
        }
      }
      token = parser.nextToken();
    } while (token != null && !open.isEmpty());
    if (token != null) {
      throw error(ErrorCode.MALFORMED, "text follows the end of the JSON document");
    }
    return root;
  }

  private @Nullable Object value(JsonToken token) {
    return switch (token) {
      case START_OBJECT -> new LinkedHashMap<String, @Nullable Object>(4);
      // Nearly all arrays are pairs: shapes, data offsets, merges.
      case START_ARRAY -> new ArrayList<@Nullable Object>(2);
      case VALUE_STRING -> requirePairedSurrogates(parser.getString());
      case VALUE_NUMBER_INT -> integer();
      case VALUE_NUMBER_FLOAT -> finite();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> throw error(ErrorCode.MALFORMED, "unexpected " + token + " in JSON");
    };
  }

  private Object integer() {
    if (parser.getStringLength() > MAX_INTEGER_DIGITS + 1) {
      throw error(
          ErrorCode.LIMIT_EXCEEDED,
          "an integer of " + parser.getStringLength() + " digits; 64 bits are the limit");
    }
    return parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
        ? parser.getBigIntegerValue()
        : (Object) parser.getLongValue();
  }

  private Double finite() {
    double value = parser.getDoubleValue();
    if (!Double.isFinite(value)) {
      throw error(
          ErrorCode.MALFORMED,
          "the number " + Quoted.escape(parser.getString()) + " is beyond the range of a double");
    }
    return value;
  }

  @SuppressWarnings("unchecked") // the containers are those that value() made
  private void attach(Object container, @Nullable Object value) {
    if (container instanceof List<?> list) {
      ((List<@Nullable Object>) list).add(value);
      return;
    }
    Map<String, @Nullable Object> object = (Map<String, @Nullable Object>) container;
    String name = parser.currentName();
    int before = object.size();
    object.put(name, value);
    if (object.size() == before) {
      duplicate(name);
    }
  }

  private void duplicate(String name) {
    String message = "the key " + Quoted.quote(name) + " occurs twice in one JSON object";
    if (duplicateNotes == null) {
      throw error(ErrorCode.MALFORMED, message);
    }
    if (duplicates++ < MAX_DUPLICATE_NOTES) {
      duplicateNotes.add(
          new SourceNote(
              Severity.WARNING,
              "DUPLICATE_KEY",
              null,
              message + " (byte " + offset() + "); the last value is taken"));
    }
  }

  private void noteFurtherDuplicates() {
    if (duplicateNotes != null && duplicates > MAX_DUPLICATE_NOTES) {
      duplicateNotes.add(
          new SourceNote(
              Severity.WARNING,
              "DUPLICATE_KEY",
              null,
              (duplicates - MAX_DUPLICATE_NOTES) + " more keys occur twice"));
    }
  }

  private String requirePairedSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) {
        continue;
      }
      boolean paired =
          Character.isHighSurrogate(c)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (!paired) {
        throw error(
            ErrorCode.MALFORMED, "an unpaired surrogate in the JSON text " + Quoted.quote(text));
      }
      i++;
    }
    return text;
  }

  /** Jackson accepts UTF-16 and UTF-32 and lets some malformed sequences pass. */
  private static void requireUtf8(byte[] utf8, Path path, long baseOffset) {
    for (int i = 0; i < Math.min(4, utf8.length); i++) {
      if (utf8[i] == 0) {
        throw new ModelException(
            ErrorCode.MALFORMED, path, baseOffset + i, "a zero byte where JSON text should start");
      }
    }
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer bytes = ByteBuffer.wrap(utf8);
    CharBuffer discarded = CharBuffer.allocate(Math.min(8192, utf8.length + 1));
    CoderResult result;
    do {
      discarded.clear();
      result = decoder.decode(bytes, discarded, true);
    } while (result.isOverflow());
    if (result.isError()) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          path,
          baseOffset + bytes.position(),
          "bytes that are not UTF-8 in JSON text");
    }
  }

  private long offset() {
    return baseOffset + Math.max(0, parser.currentTokenLocation().getByteOffset());
  }

  private ModelException error(ErrorCode code, String message) {
    return new ModelException(code, path, offset(), message);
  }

  private static ModelException failure(
      ErrorCode code, JacksonException e, Path path, long baseOffset) {
    long inDocument = e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getByteOffset());
    return new ModelException(
        code,
        path,
        baseOffset + inDocument,
        "JSON text is "
            + (code == ErrorCode.MALFORMED ? "malformed" : "beyond a limit")
            + ": "
            + Quoted.escape(String.valueOf(e.getOriginalMessage())),
        e);
  }
}
