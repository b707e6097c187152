package dev.rosetta.formats.gguf;

import org.jspecify.annotations.Nullable;

/**
 * One key of the metadata. The value stays in the file until it is asked for.
 *
 * @param key the key
 * @param type type of the value
 * @param elementType type of the elements of an array, else null
 * @param count elements of an array, else 1
 * @param start file offset of the value; of the first element for an array
 * @param end file offset after the value
 */
record MetadataEntry(
    String key, ValueType type, @Nullable ValueType elementType, long count, long start, long end) {

  /** The declared type for listings: {@code u32}, {@code string[151936]}. */
  String typeName() {
    return elementType == null ? type.label() : elementType.label() + "[" + count + "]";
  }
}
