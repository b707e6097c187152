package dev.rosetta.formats.apr;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.SourceNote;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The tensor index of a V2 container: packed entries of {@code u16} name length, name, {@code u8}
 * type code, {@code u8} rank, {@code u64} dimensions, {@code u64} offset from the start of the
 * data, {@code u64} size.
 */
final class V2Index {
  private static final int MAX_RANK = 8;

  /**
   * One entry as stored.
   *
   * @param position byte of the file at which the entry begins
   * @param elements product of {@code dims}
   */
  record Entry(
      String name,
      int code,
      List<Long> dims,
      long elements,
      long offset,
      long byteSize,
      long position) {}

  private final ByteBuffer bytes;
  private final long base;
  private final Path path;

  private V2Index(byte[] bytes, long base, Path path) {
    this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    this.base = base;
    this.path = path;
  }

  /**
   * Reads {@code header.tensorCount()} entries.
   *
   * @throws ModelException if an entry does not fit, has no name, a name that is not UTF-8 or that
   *     occurs twice, or dimensions whose product overflows
   */
  static List<Entry> read(Image image, V2Header header, List<SourceNote> notes) {
    int length = (int) (header.dataOffset() - header.indexOffset());
    byte[] bytes = image.readBytes(header.indexOffset(), length);
    if (length > 1 && bytes[0] == '[' && bytes[1] == '{') {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_VERSION,
          image.path(),
          header.indexOffset(),
          "the tensor index is JSON and the weights are one JSON text, as realizar's float"
              + " converter wrote them; convert the original model again");
    }
    V2Index index = new V2Index(bytes, header.indexOffset(), image.path());
    List<Entry> entries = new ArrayList<>();
    Set<String> names = new HashSet<>();
    byte[] previous = new byte[0];
    boolean sorted = true;
    for (long i = 0; i < header.tensorCount(); i++) {
      byte[] name = index.nameBytes(i, header.tensorCount());
      Entry entry = index.entry(name);
      if (!names.add(entry.name())) {
        throw new ModelException(
            ErrorCode.TENSOR_DUPLICATED,
            image.path(),
            entry.position(),
            "two tensors are named " + Quoted.quote(entry.name()));
      }
      sorted &= Arrays.compareUnsigned(previous, name) <= 0;
      previous = name;
      entries.add(entry);
    }
    if (!sorted) {
      notes.add(
          AprNote.INDEX_UNSORTED.file(
              "index entries are not sorted by name; aprender refuses such files, realizar does"
                  + " not"));
    }
    index.noteTrailingBytes(notes);
    return entries;
  }

  private byte[] nameBytes(long i, long count) {
    int position = bytes.position();
    need(2, "the name length of tensor " + i + " of " + count);
    int length = bytes.getShort() & 0xffff;
    if (length == 0) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          path,
          base + position,
          "tensor " + i + " of " + count + " has an empty name; the tensor count may be wrong");
    }
    need(length, "the name of tensor " + i);
    byte[] name = new byte[length];
    bytes.get(name);
    return name;
  }

  private Entry entry(byte[] nameBytes) {
    long position = base + bytes.position() - nameBytes.length - 2;
    String name = decode(nameBytes, position + 2);
    need(2, "type and rank of tensor " + Quoted.quote(name));
    int code = bytes.get() & 0xff;
    int rank = bytes.get() & 0xff;
    if (rank > MAX_RANK) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          path,
          base + bytes.position() - 1,
          "tensor " + Quoted.quote(name) + " has " + rank + " dimensions; 8 is the format's limit");
    }
    need(8 * rank + 16, "dimensions, offset and size of tensor " + Quoted.quote(name));
    List<Long> dims = new ArrayList<>(rank);
    long elements = 1;
    for (int d = 0; d < rank; d++) {
      long dim = bytes.getLong();
      if (dim < 0 || Math.multiplyHigh(elements, dim) != 0 || elements * dim < 0) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            path,
            base + bytes.position() - 8,
            "tensor "
                + Quoted.quote(name)
                + " has more than 2^63 elements: dimension "
                + Long.toUnsignedString(dim));
      }
      elements *= dim;
      dims.add(dim);
    }
    return new Entry(
        name, code, List.copyOf(dims), elements, bytes.getLong(), bytes.getLong(), position);
  }

  private String decode(byte[] name, long position) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(name)).toString();
    } catch (CharacterCodingException e) {
      throw new ModelException(
          ErrorCode.MALFORMED, path, position, "a tensor name is not UTF-8", e);
    }
  }

  private void need(int length, String what) {
    if (bytes.remaining() < length) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          path,
          base + bytes.position(),
          "the tensor index ends inside " + what + "; the tensor count may be wrong");
    }
  }

  private void noteTrailingBytes(List<SourceNote> notes) {
    int end = bytes.position();
    for (int i = end; i < bytes.capacity(); i++) {
      if (bytes.get(i) != 0) {
        notes.add(
            AprNote.INDEX_TRAILING_BYTES.file(
                "the index goes on after its last entry at byte "
                    + (base + end)
                    + "; the tensor count at byte 8 may be too small"));
        return;
      }
    }
  }
}
