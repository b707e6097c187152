package dev.rosetta.formats.gguf;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The types of metadata values. */
public enum ValueType {
  U8(0, 1),
  I8(1, 1),
  U16(2, 2),
  I16(3, 2),
  U32(4, 4),
  I32(5, 4),
  F32(6, 4),
  BOOL(7, 1),
  STRING(8, 0),
  ARRAY(9, 0),
  U64(10, 8),
  I64(11, 8),
  F64(12, 8);

  private final int id;
  private final int bytes;

  ValueType(int id, int bytes) {
    this.id = id;
    this.bytes = bytes;
  }

  /** Bytes of one value; 0 where they vary. */
  int bytes() {
    return bytes;
  }

  int id() {
    return id;
  }

  boolean isInteger() {
    return switch (this) {
      case U8, I8, U16, I16, U32, I32, U64, I64 -> true;
      case F32, F64, BOOL, STRING, ARRAY -> false;
    };
  }

  /** Name in listings: {@code u32}. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The type with this id; null if there is none. */
  static @Nullable ValueType byId(long id) {
    for (ValueType type : values()) {
      if (type.id == id) {
        return type;
      }
    }
    return null;
  }

  /**
   * The type with this {@link #label()}.
   *
   * @throws IllegalArgumentException if there is none
   */
  static ValueType byLabel(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }
}
