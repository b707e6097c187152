package dev.rosetta.formats.huggingface;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object with typed access to its keys. An absent key and a null are the same; a value of
 * another type is an error that names the key.
 *
 * @param file the file that holds the object
 * @param where how to reach it from the root, {@code model.}; empty for the root
 */
record JsonObject(Path file, String where, Map<String, @Nullable Object> values) {

  static JsonObject empty(Path file) {
    return new JsonObject(file, "", Map.of());
  }

  @Nullable Object get(String key) {
    return values.get(key);
  }

  Optional<JsonObject> object(String key) {
    return Optional.ofNullable(get(key)).map(value -> object(key, value));
  }

  /** The objects of an array; none where the key is absent. */
  List<JsonObject> objects(String key) {
    List<?> items = array(key).orElse(List.of());
    return IntStream.range(0, items.size())
        .mapToObj(i -> object(key + "[" + i + "]", items.get(i)))
        .toList();
  }

  Optional<List<?>> array(String key) {
    Object value = get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof List<?> list) {
      return Optional.of(list);
    }
    throw unexpected(key, "an array");
  }

  Optional<String> string(String key) {
    Object value = get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof String text) {
      return Optional.of(text);
    }
    throw unexpected(key, "a string");
  }

  boolean bool(String key, boolean absent) {
    Object value = get(key);
    if (value == null) {
      return absent;
    }
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw unexpected(key, "true or false");
  }

  /** A value of {@link #string} {@code type}, or an empty text. */
  String type() {
    return string("type").orElse("");
  }

  ModelException unexpected(String key, String expected) {
    return new ModelException(
        ErrorCode.MALFORMED,
        file,
        "the key \"" + Quoted.escape(where + key) + "\" is not " + expected);
  }

  private JsonObject object(String key, @Nullable Object value) {
    Map<String, @Nullable Object> map = BoundedJson.asObject(value);
    if (map == null) {
      throw unexpected(key, "an object");
    }
    return new JsonObject(file, where + key + ".", map);
  }
}
