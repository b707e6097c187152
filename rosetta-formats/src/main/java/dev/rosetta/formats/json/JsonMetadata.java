package dev.rosetta.formats.json;

import dev.rosetta.model.Metadata;
import java.math.BigInteger;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/** The top-level keys of a JSON object as metadata. Immutable and thread-safe. */
public final class JsonMetadata implements Metadata {
  private final LinkedHashMap<String, @Nullable Object> values;

  /** Metadata over a copy of {@code values}, as {@link BoundedJson} returns them. */
  public JsonMetadata(Map<String, ? extends @Nullable Object> values) {
    this.values = new LinkedHashMap<>(values);
  }

  @Override
  public SequencedSet<String> keys() {
    return Collections.unmodifiableSequencedSet(values.sequencedKeySet());
  }

  @Override
  public Optional<Object> value(String key) {
    Object value = values.get(key);
    return Optional.ofNullable(
        switch (value) {
          case List<?> list -> Collections.unmodifiableList(list);
          case Map<?, ?> map -> Collections.unmodifiableMap(map);
          case null, default -> value;
        });
  }

  /**
   * A JSON type: {@code string}, {@code number}, {@code integer[2]}, {@code object}, {@code null}.
   */
  @Override
  public String typeName(String key) {
    if (!values.containsKey(key)) {
      throw new IllegalArgumentException("no key " + key);
    }
    return typeName(values.get(key));
  }

  private static String typeName(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case String _ -> "string";
      case Long _, BigInteger _ -> "integer";
      case Double _ -> "number";
      case Boolean _ -> "boolean";
      case List<?> list ->
          (list.isEmpty() ? "array" : typeName(list.getFirst())) + "[" + list.size() + "]";
      default -> "object";
    };
  }
}
