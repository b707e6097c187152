package dev.rosetta.formats.apr;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.json.JsonMetadata;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.SourceNote;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The metadata of a V2 container. Vocabulary, merges and the like, most of its bytes, stay in the
 * file and are decoded each time they are asked for.
 */
final class AprMetadata implements Metadata {
  private static final Set<String> LEFT_IN_FILE =
      Set.of(
          "tokenizer.vocabulary", "tokenizer.merges", "tokenizer.scores", "tokenizer.token_type");

  private final Image image;
  private final LinkedHashMap<String, @Nullable Object> values;
  private final JsonMetadata decoded;
  private final Map<String, Range> left;

  /** Where an array lies in the image, brackets included, and how many elements it has. */
  private record Range(long start, int length, int elements, String elementType) {}

  private AprMetadata(
      Image image, LinkedHashMap<String, @Nullable Object> values, Map<String, Range> left) {
    this.image = image;
    this.values = values;
    this.decoded = new JsonMetadata(values);
    this.left = left;
  }

  /**
   * Reads all but the long arrays.
   *
   * @throws dev.rosetta.model.ModelException if the metadata is no JSON object or beyond a limit
   */
  static AprMetadata read(Image image, long start, int length, List<SourceNote> notes) {
    byte[] json = image.readBytes(start, length);
    Map<String, Range> left = new HashMap<>();
    new ArrayScanner(json, start, left).blank();
    return new AprMetadata(
        image, BoundedJson.parseObjectLastKeyWins(json, image.path(), start, notes), left);
  }

  /** The decoded values; arrays that stay in the file are empty here. */
  Map<String, @Nullable Object> values() {
    return Collections.unmodifiableMap(values);
  }

  @Override
  public SequencedSet<String> keys() {
    return decoded.keys();
  }

  @Override
  public Optional<Object> value(String key) {
    Range range = rangeOf(key);
    if (range == null) {
      return decoded.value(key);
    }
    byte[] json = image.readBytes(range.start(), range.length());
    return Optional.ofNullable(BoundedJson.parse(json, image.path(), range.start()));
  }

  @Override
  public String typeName(String key) {
    Range range = rangeOf(key);
    return range == null
        ? decoded.typeName(key)
        : range.elementType() + "[" + range.elements() + "]";
  }

  /** Null also where a later value of the same key is no array. */
  private @Nullable Range rangeOf(String key) {
    return values.get(key) instanceof List<?> ? left.get(key) : null;
  }

  /**
   * Finds the arrays that stay in the file and blanks their content, so that what remains parses as
   * the same document at the same offsets. Malformed text is left for the parser to find.
   */
  private static final class ArrayScanner {
    private final byte[] json;
    private final long origin;
    private final Map<String, Range> found;

    ArrayScanner(byte[] json, long origin, Map<String, Range> found) {
      this.json = json;
      this.origin = origin;
      this.found = found;
    }

    void blank() {
      int depth = 0;
      String text = "";
      for (int i = 0; i < json.length; i++) {
        switch (json[i]) {
          case '"' -> {
            int end = stringEnd(i);
            if (depth == 1) {
              text = new String(json, i + 1, Math.max(0, end - i - 1), StandardCharsets.UTF_8);
            }
            i = end;
          }
          case '[' -> {
            if (depth == 1 && LEFT_IN_FILE.contains(text)) {
              i = blankArray(text, i);
            } else {
              depth++;
            }
          }
          case '{' -> depth++;
          case '}', ']' -> depth--;
          default -> {}
        }
      }
    }

    /** Returns the position of the closing bracket. */
    private int blankArray(String key, int open) {
      int depth = 0;
      int elements = 0;
      String type = "array";
      for (int i = open; i < json.length; i++) {
        switch (json[i]) {
          case '"' -> {
            type = elements == 0 ? "string" : type;
            elements = Math.max(elements, 1);
            i = stringEnd(i);
          }
          case '[', '{' -> depth++;
          case ',' -> elements += depth == 1 ? 1 : 0;
          case ']', '}' -> {
            if (--depth == 0) {
              found.put(key, new Range(origin + open, i + 1 - open, elements, type));
              java.util.Arrays.fill(json, open + 1, i, (byte) ' ');
              return i;
            }
          }
          case ' ', '\t', '\n', '\r' -> {}
          default -> {
            if (elements == 0) {
              type = "integer";
              elements = 1;
            }
            if (json[i] == '.' || json[i] == 'e' || json[i] == 'E') {
              type = type.equals("integer") ? "number" : type;
            }
          }
        }
      }
      return json.length;
    }

    private int stringEnd(int open) {
      int i = open + 1;
      while (i < json.length && json[i] != '"') {
        i += json[i] == '\\' ? 2 : 1;
      }
      return Math.min(i, json.length);
    }
  }
}
