package dev.rosetta.formats.gguf;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.ModelException;
import dev.rosetta.spi.MappedFile;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The metadata of a file; values are decoded on first use and kept. Thread-safe. */
final class GgufMetadata implements Metadata {
  private final MappedFile file;
  private final Dialect dialect;
  private final SequencedMap<String, MetadataEntry> entries;
  private final ConcurrentHashMap<String, Object> decoded = new ConcurrentHashMap<>();

  GgufMetadata(MappedFile file, Dialect dialect, SequencedMap<String, MetadataEntry> entries) {
    this.file = file;
    this.dialect = dialect;
    this.entries = Collections.unmodifiableSequencedMap(entries);
  }

  @Override
  public SequencedSet<String> keys() {
    return entries.sequencedKeySet();
  }

  @Override
  public Optional<Object> value(String key) {
    MetadataEntry entry = entries.get(key);
    return entry == null
        ? Optional.empty()
        : Optional.of(decoded.computeIfAbsent(key, _ -> decode(entry)));
  }

  @Override
  public String typeName(String key) {
    MetadataEntry entry = entries.get(key);
    if (entry == null) {
      throw new IllegalArgumentException("no key '" + key + "'");
    }
    return entry.typeName();
  }

  /** The entry of {@code key}, or null. */
  @Nullable MetadataEntry entry(String key) {
    return entries.get(key);
  }

  /** An integer of any width; empty where the key is absent. */
  OptionalLong integer(String key) {
    MetadataEntry entry = entries.get(key);
    if (entry == null) {
      return OptionalLong.empty();
    }
    if (!entry.type().isInteger()) {
      throw wrongType(entry, "an integer");
    }
    return value(key).orElseThrow() instanceof Long value
        ? OptionalLong.of(value)
        : OptionalLong.of(Long.MAX_VALUE);
  }

  /** A text; null where the key is absent. */
  @Nullable String string(String key) {
    MetadataEntry entry = entries.get(key);
    if (entry == null) {
      return null;
    }
    if (entry.type() != ValueType.STRING) {
      throw wrongType(entry, "a string");
    }
    return (String) value(key).orElseThrow();
  }

  /** A truth value; null where the key is absent. */
  @Nullable Boolean bool(String key) {
    MetadataEntry entry = entries.get(key);
    if (entry == null) {
      return null;
    }
    if (entry.type() != ValueType.BOOL) {
      throw wrongType(entry, "a bool");
    }
    return (Boolean) value(key).orElseThrow();
  }

  /** A list of texts; null where the key is absent. */
  @Nullable EncodedTexts strings(String key) {
    MetadataEntry entry = entries.get(key);
    if (entry == null) {
      return null;
    }
    if (entry.elementType() != ValueType.STRING) {
      throw wrongType(entry, "an array of strings");
    }
    try {
      return new EncodedTexts(
          bytes(entry), dialect.order(), Math.toIntExact(entry.count()), dialect.countBytes());
    } catch (EncodedTexts.Malformed e) {
      throw malformed(entry.start() + e.offset, "string of key '" + key + "' " + e.getMessage());
    }
  }

  /** A list of float32; null where the key is absent. */
  float @Nullable [] floats(String key) {
    MetadataEntry entry = entries.get(key);
    if (entry == null) {
      return null;
    }
    if (entry.elementType() != ValueType.F32) {
      throw wrongType(entry, "an array of f32");
    }
    float[] values = new float[Math.toIntExact(entry.count())];
    raw(entry).asFloatBuffer().get(values);
    return values;
  }

  /** A list of 32-bit integers; null where the key is absent. */
  int @Nullable [] ints(String key) {
    MetadataEntry entry = entries.get(key);
    if (entry == null) {
      return null;
    }
    if (entry.elementType() != ValueType.I32 && entry.elementType() != ValueType.U32) {
      throw wrongType(entry, "an array of i32");
    }
    int[] values = new int[Math.toIntExact(entry.count())];
    raw(entry).asIntBuffer().get(values);
    return values;
  }

  ModelException wrongType(MetadataEntry entry, String needed) {
    return malformed(
        entry.start(),
        "key '" + entry.key() + "' is " + entry.typeName() + " where " + needed + " is needed");
  }

  ModelException malformed(long offset, String message) {
    return new ModelException(ErrorCode.MALFORMED, file.path(), offset, message);
  }

  private ByteBuffer raw(MetadataEntry entry) {
    return ByteBuffer.wrap(bytes(entry)).order(dialect.order());
  }

  private byte[] bytes(MetadataEntry entry) {
    return file.readBytes(entry.start(), Math.toIntExact(entry.end() - entry.start()));
  }

  private Object decode(MetadataEntry entry) {
    Cursor cursor = new Cursor(file, entry.start(), entry.end(), dialect.order());
    return entry.elementType() == null
        ? scalar(cursor, entry.type(), entry.key())
        : elements(cursor, entry.elementType(), entry.count(), entry.key(), 1);
  }

  private List<Object> elements(Cursor cursor, ValueType type, long count, String key, int depth) {
    // The file may have changed since its extents were checked.
    if (depth > Limits.ARRAY_DEPTH
        || count < 0
        || count > cursor.remaining() / dialect.minimumBytes(type)) {
      throw malformed(
          cursor.position(), "the value of key '" + key + "' changed while the file was in use");
    }
    List<Object> values = new ArrayList<>(Math.toIntExact(count));
    for (long i = 0; i < count; i++) {
      if (type == ValueType.ARRAY) {
        ValueType inner = ValueType.byId(cursor.u32(key));
        if (inner == null) {
          throw malformed(
              cursor.position() - 4, "unknown element type in the value of '" + key + "'");
        }
        values.add(elements(cursor, inner, dialect.count(cursor, key), key, depth + 1));
      } else {
        values.add(scalar(cursor, type, key));
      }
    }
    return Collections.unmodifiableList(values);
  }

  private Object scalar(Cursor cursor, ValueType type, String key) {
    return switch (type) {
      case U8 -> (long) cursor.u8(key);
      case I8 -> (long) (byte) cursor.u8(key);
      case U16 -> (long) cursor.u16(key);
      case I16 -> (long) (short) cursor.u16(key);
      case U32 -> cursor.u32(key);
      case I32 -> (long) (int) cursor.u32(key);
      case I64 -> cursor.i64(key);
      case U64 -> unsigned(cursor.i64(key));
      // The shortest decimal form keeps 1e-6f at 1.0e-6.
      case F32 -> Double.parseDouble(Float.toString(Float.intBitsToFloat((int) cursor.u32(key))));
      case F64 -> Double.longBitsToDouble(cursor.i64(key));
      case BOOL -> bool(cursor, key);
      case STRING -> text(cursor, key);
      case ARRAY -> throw new IllegalArgumentException("an array is no scalar");
    };
  }

  private static Object unsigned(long value) {
    return value >= 0 ? (Object) value : new BigInteger(Long.toUnsignedString(value));
  }

  private Boolean bool(Cursor cursor, String key) {
    int value = cursor.u8(key);
    if (value > 1) {
      throw malformed(
          cursor.position() - 1, "bool of key '" + key + "' is " + value + "; it must be 0 or 1");
    }
    return value == 1;
  }

  private String text(Cursor cursor, String key) {
    long length = dialect.count(cursor, key);
    cursor.need(length, "string of key '" + key + "'");
    long start = cursor.position();
    byte[] bytes = cursor.bytes(Math.toIntExact(length), key);
    String text = utf8(bytes);
    if (text == null) {
      throw malformed(start, "string of key '" + key + "' is not valid UTF-8");
    }
    return text;
  }

  /** The text; null if the bytes are not UTF-8. */
  static @Nullable String utf8(byte[] bytes) {
    if (bytes.length == 0) {
      return "";
    }
    // Replacement is no proof of damage: U+FFFD may be in the text itself.
    String text = new String(bytes, StandardCharsets.UTF_8);
    if (text.indexOf('\ufffd') < 0) {
      return text;
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes))
          .toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }
}
