package dev.rosetta.formats.gguf;

import dev.rosetta.model.ElementType;
import java.util.List;

/**
 * What stands in front of the data of one file.
 *
 * @param dialect version and byte order
 * @param metadata the key-value pairs
 * @param tensors the tensor directory in file order
 * @param alignment multiple at which the data and every tensor in it begin
 * @param dataStart file offset of the data; beyond the file's end where that is cut off
 */
record Header(
    Dialect dialect,
    GgufMetadata metadata,
    List<DirectoryEntry> tensors,
    long alignment,
    long dataStart) {

  /**
   * One entry of the tensor directory.
   *
   * @param dims fastest-varying first
   * @param offset from the start of the data; negative where the unsigned value exceeds 2^63 - 1
   * @param byteSize bytes of the data
   * @param at file offset of the entry
   */
  record DirectoryEntry(
      String name, ElementType type, List<Long> dims, long offset, long byteSize, long at) {}
}
