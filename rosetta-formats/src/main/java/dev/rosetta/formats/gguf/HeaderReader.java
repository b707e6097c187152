package dev.rosetta.formats.gguf;

import dev.rosetta.formats.gguf.Header.DirectoryEntry;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.spi.MappedFile;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Reads the header of one file: magic, version, counts, metadata, tensor directory.
 *
 * <pre>
 * "GGUF" | version u32 | tensors | keys | key-value pairs | tensor infos | padding | data
 * </pre>
 *
 * Counts and lengths are u32 in version 1 and u64 since. A file in big-endian order shows its
 * version byte-swapped.
 */
final class HeaderReader {
  private final MappedFile file;
  private final Dialect dialect;
  private final Cursor cursor;

  private HeaderReader(MappedFile file, Dialect dialect) {
    this.file = file;
    this.dialect = dialect;
    this.cursor =
        new Cursor(file, 8, Math.min(file.size(), 8L + Limits.HEADER_BYTES), dialect.order());
  }

  /**
   * Reads the header of {@code file}.
   *
   * @throws ModelException if it is no GGUF file of a known version, or its header is damaged
   */
  static Header read(MappedFile file) {
    Cursor start = new Cursor(file, 0, file.size(), ByteOrder.LITTLE_ENDIAN);
    Magic magic = Magic.of(start.bytes(4, "magic"));
    if (magic != Magic.GGUF) {
      throw new ModelException(ErrorCode.UNSUPPORTED_VERSION, file.path(), 0, magic.refusal());
    }
    return new HeaderReader(file, dialect(file, start.u32("version"))).read();
  }

  private static Dialect dialect(MappedFile file, long version) {
    if (version >= 1 && version <= 3) {
      return new Dialect((int) version, ByteOrder.LITTLE_ENDIAN);
    }
    // Big-endian files exist since version 3.
    if (version == Integer.reverseBytes(3)) {
      return new Dialect(3, ByteOrder.BIG_ENDIAN);
    }
    throw new ModelException(
        ErrorCode.UNSUPPORTED_VERSION,
        file.path(),
        4,
        "GGUF version " + version + " is unknown; versions 1, 2 and 3 can be read");
  }

  private Header read() {
    long tensorCount = dialect.count(cursor, "tensor count");
    long keyCount = dialect.count(cursor, "key count");
    int count = dialect.countBytes();
    checkCount(tensorCount, "tensors", 16 + count, Limits.TENSORS);
    checkCount(keyCount, "keys", count + 5, Limits.KEYS);
    SequencedMap<String, MetadataEntry> entries = readEntries(keyCount);
    GgufMetadata metadata = new GgufMetadata(file, dialect, entries);
    long alignment = alignment(metadata);
    List<DirectoryEntry> tensors = readDirectory(tensorCount);
    long end = cursor.position();
    long dataStart = Math.ceilDiv(end, alignment) * alignment;
    return new Header(dialect, metadata, tensors, alignment, dataStart);
  }

  /** A count is hostile until the bytes that it needs at least are known to exist. */
  private void checkCount(long count, String what, int minimumBytes, int limit) {
    if (count < 0 || count > cursor.remaining() / minimumBytes) {
      throw malformed(
          8,
          "the header claims "
              + Long.toUnsignedString(count)
              + " "
              + what
              + ", more than fit the file");
    }
    checkLimit(count, limit, 8, what);
  }

  private SequencedMap<String, MetadataEntry> readEntries(long count) {
    SequencedMap<String, MetadataEntry> entries = new LinkedHashMap<>();
    for (long i = 0; i < count; i++) {
      long at = cursor.position();
      String key = readName("key " + i, Limits.KEY_BYTES);
      MetadataEntry entry = readEntry(key);
      if (entries.putIfAbsent(key, entry) != null) {
        throw malformed(at, "key '" + key + "' appears twice");
      }
    }
    return entries;
  }

  private MetadataEntry readEntry(String key) {
    String what = "value of key '" + key + "'";
    ValueType type = readType(what);
    if (type != ValueType.ARRAY) {
      long start = cursor.position();
      skipValues(type, 1, what, 0);
      return new MetadataEntry(key, type, null, 1, start, cursor.position());
    }
    ValueType elementType = readType("element of key '" + key + "'");
    long count = dialect.count(cursor, what);
    long start = cursor.position();
    skipValues(elementType, count, what, 1);
    checkLimit(cursor.position() - start, Limits.VALUE_BYTES, start, "bytes in the " + what);
    return new MetadataEntry(key, type, elementType, count, start, cursor.position());
  }

  private void skipValues(ValueType type, long count, String what, int depth) {
    if (count < 0 || count > cursor.remaining() / dialect.minimumBytes(type)) {
      throw new ModelException(
          ErrorCode.FILE_TRUNCATED,
          file.path(),
          cursor.position(),
          what + " claims " + Long.toUnsignedString(count) + " elements, more than fit the file");
    }
    switch (type) {
      case STRING -> {
        for (long i = 0; i < count; i++) {
          long length = dialect.count(cursor, what);
          cursor.need(length, what);
          if (length > Limits.VALUE_BYTES) {
            throw beyondLimit(
                length, Limits.VALUE_BYTES, cursor.position(), "bytes in a string of the " + what);
          }
          cursor.skip(length, what);
        }
      }
      case ARRAY -> {
        if (depth >= Limits.ARRAY_DEPTH) {
          throw new ModelException(
              ErrorCode.LIMIT_EXCEEDED,
              file.path(),
              cursor.position(),
              what + " nests arrays deeper than " + Limits.ARRAY_DEPTH);
        }
        for (long i = 0; i < count; i++) {
          ValueType inner = readType(what);
          skipValues(inner, dialect.count(cursor, what), what, depth + 1);
        }
      }
      default -> cursor.skip(count * type.bytes(), what);
    }
  }

  private ValueType readType(String what) {
    long at = cursor.position();
    long id = cursor.u32(what);
    ValueType type = ValueType.byId(id);
    if (type == null) {
      throw malformed(at, what + " has the unknown value type " + id + "; it cannot be skipped");
    }
    return type;
  }

  private String readName(String what, int limit) {
    long length = dialect.count(cursor, what);
    cursor.need(length, what);
    long at = cursor.position();
    checkLimit(length, limit, at, "bytes in the name of " + what);
    String name = GgufMetadata.utf8(cursor.bytes((int) length, what));
    if (name == null) {
      throw malformed(at, "the name of " + what + " is not valid UTF-8");
    }
    return name;
  }

  private long alignment(GgufMetadata metadata) {
    String key = "general.alignment";
    MetadataEntry entry = metadata.entry(key);
    if (entry == null) {
      return Limits.DEFAULT_ALIGNMENT;
    }
    if (entry.type() != ValueType.U32) {
      throw metadata.wrongType(entry, "u32");
    }
    OptionalLong alignment = metadata.integer(key);
    long value = alignment.orElseThrow();
    if (!Limits.isAlignment(value)) {
      throw malformed(
          entry.start(),
          "key '" + key + "' is " + value + "; it must be a power of two from 8 to 2^20");
    }
    return value;
  }

  private List<DirectoryEntry> readDirectory(long count) {
    List<DirectoryEntry> tensors = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (long i = 0; i < count; i++) {
      long at = cursor.position();
      DirectoryEntry entry = readTensor("tensor " + i);
      if (!names.add(entry.name())) {
        throw new ModelException(
            ErrorCode.TENSOR_DUPLICATED,
            file.path(),
            at,
            "tensor '" + entry.name() + "' appears twice in the directory");
      }
      tensors.add(entry);
    }
    return tensors;
  }

  private DirectoryEntry readTensor(String what) {
    long at = cursor.position();
    String name = readName(what, Limits.TENSOR_NAME_BYTES);
    String tensor = "tensor '" + name + "'";
    long dimCount = cursor.u32(tensor);
    if (dimCount > Limits.DIMS) {
      throw malformed(at, tensor + " claims " + dimCount + " dimensions; GGUF has at most 4");
    }
    List<Long> dims = new ArrayList<>();
    for (int i = 0; i < dimCount; i++) {
      long dim = dialect.count(cursor, tensor);
      if (dim < 0) {
        throw malformed(
            cursor.position() - 8,
            tensor + " has the dimension " + Long.toUnsignedString(dim) + ", beyond 2^63 - 1");
      }
      dims.add(dim);
    }
    long typeId = cursor.u32(tensor);
    ElementType type = GgmlTypes.byId(typeId);
    if (type == null) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
          file.path(),
          cursor.position() - 4,
          tensor + " is of " + GgmlTypes.refusal(typeId));
    }
    long offset = cursor.i64(tensor);
    return new DirectoryEntry(name, type, dims, offset, byteSize(tensor, type, dims, at), at);
  }

  private long byteSize(String tensor, ElementType type, List<Long> dims, long at) {
    long row = dims.isEmpty() ? 1 : dims.getFirst();
    if (row % type.blockElements() != 0) {
      throw malformed(
          at,
          tensor
              + " has rows of "
              + row
              + " elements, no multiple of the "
              + type.blockElements()
              + " in a block of "
              + type);
    }
    try {
      long elements = 1;
      for (long dim : dims) {
        elements = Math.multiplyExact(elements, dim);
      }
      return type.byteSize(elements);
    } catch (ArithmeticException e) {
      throw new ModelException(
          ErrorCode.TENSOR_OUT_OF_BOUNDS,
          file.path(),
          at,
          tensor + " of dims " + dims + " has more than 2^63 - 1 bytes",
          e);
    }
  }

  private void checkLimit(long value, long limit, long at, String what) {
    if (value > limit) {
      throw beyondLimit(value, limit, at, what);
    }
  }

  private ModelException beyondLimit(long value, long limit, long at, String what) {
    return new ModelException(
        ErrorCode.LIMIT_EXCEEDED,
        file.path(),
        at,
        value + " " + what + ", more than the " + limit + " that are read");
  }

  private ModelException malformed(long offset, String message) {
    return new ModelException(ErrorCode.MALFORMED, file.path(), offset, message);
  }
}
