package dev.rosetta.formats.gguf;

import java.nio.ByteOrder;

/**
 * What distinguishes the versions of the format.
 *
 * @param version 1, 2 or 3
 * @param order byte order of the header and of the data
 */
record Dialect(int version, ByteOrder order) {

  /** Bytes of a count, a length or a dimension: version 1 had 32-bit ones. */
  int countBytes() {
    return version == 1 ? 4 : 8;
  }

  /** Reads a count; negative where an unsigned 64-bit value exceeds 2^63 - 1. */
  long count(Cursor cursor, String what) {
    return version == 1 ? cursor.u32(what) : cursor.i64(what);
  }

  /** Bytes of the shortest value of a type. */
  int minimumBytes(ValueType type) {
    return switch (type) {
      case STRING -> countBytes();
      case ARRAY -> 4 + countBytes();
      default -> type.bytes();
    };
  }
}
