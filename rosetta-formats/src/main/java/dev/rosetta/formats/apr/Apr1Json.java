package dev.rosetta.formats.apr;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.json.JsonMetadata;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * aprender's first tensor file: {@code APR1}, {@code u32} length and JSON metadata, {@code u32}
 * tensor count, {@code u32} length and JSON index, F32 data relative to the end of the index,
 * CRC32.
 */
final class Apr1Json {
  private final Image image;
  private final Path path;
  private final List<SourceNote> notes;

  private Apr1Json(Image image, List<SourceNote> notes) {
    this.image = image;
    this.path = image.path();
    this.notes = notes;
  }

  /**
   * Reads the directory.
   *
   * @param notes what is known about the file already
   */
  static AprSource open(Image image, List<SourceNote> notes) {
    return new Apr1Json(image, new ArrayList<>(notes)).open();
  }

  private AprSource open() {
    notes.add(AprNote.LEGACY_CONTAINER.file("an APR1 file with a JSON index, older than APR V2"));
    Cursor cursor = new Cursor(image, 4, image.size());
    LinkedHashMap<String, @Nullable Object> metadata =
        BoundedJson.parseObjectLastKeyWins(
            json(cursor, "the metadata"), path, cursor.position(), notes);
    MetadataSpellings.note(metadata, notes);
    long count = cursor.u32("the tensor count");
    Object index = BoundedJson.parse(json(cursor, "the tensor index"), path, cursor.position());
    if (!(index instanceof List<?> entries) || entries.size() != count) {
      throw malformed("the tensor index is no JSON array of " + count + " entries");
    }
    List<TensorInfo> tensors = tensors(entries, cursor.position());
    V2Data.checkRanges(image, cursor.position(), tensors, notes);
    return new AprSource(path, List.of(image), new JsonMetadata(metadata), tensors, notes);
  }

  private byte[] json(Cursor cursor, String what) {
    long length = cursor.u32("the length of " + what);
    if (length > V2Header.MAX_METADATA_BYTES) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          path,
          cursor.position() - 4,
          what + " of " + length + " bytes; the limit is " + V2Header.MAX_METADATA_BYTES);
    }
    cursor.need(length, what);
    byte[] json = image.readBytes(cursor.position(), (int) length);
    cursor.advance(length);
    return json;
  }

  private List<TensorInfo> tensors(List<?> entries, long dataOffset) {
    List<TensorInfo> tensors = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (int i = 0; i < entries.size(); i++) {
      Map<String, @Nullable Object> entry = BoundedJson.asObject(entries.get(i));
      if (entry == null || !(entry.get("name") instanceof String name)) {
        throw malformed("tensor " + i + " has no name");
      }
      if (!names.add(name)) {
        throw new ModelException(
            ErrorCode.TENSOR_DUPLICATED, path, "two tensors are named " + Quoted.quote(name));
      }
      if (!"F32".equals(entry.get("dtype"))) {
        throw new ModelException(
            ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
            path,
            "tensor " + Quoted.quote(name) + " is not F32, the only type of this layout");
      }
      List<Long> dims = dims(name, entry.get("shape"));
      long size = number(name, entry, "size");
      long expected = 4;
      try {
        for (long dim : dims) {
          expected = Math.multiplyExact(expected, dim);
        }
      } catch (ArithmeticException e) {
        throw malformed("tensor " + Quoted.quote(name) + " has more than 2^63 bytes");
      }
      if (size != expected) {
        throw malformed(
            "tensor " + Quoted.quote(name) + " has " + size + " bytes for dimensions " + dims);
      }
      tensors.add(
          new TensorInfo(
              name,
              ElementType.F32,
              dims,
              BlockLayout.ROW_ALIGNED,
              1,
              0,
              V2Data.absolute(dataOffset, number(name, entry, "offset")),
              size));
    }
    return tensors;
  }

  private List<Long> dims(String name, @Nullable Object shape) {
    if (!(shape instanceof List<?> list) || list.size() > 8) {
      throw malformed("tensor " + Quoted.quote(name) + " has no shape of at most 8 dimensions");
    }
    List<Long> dims = new ArrayList<>();
    for (Object dim : list) {
      if (!(dim instanceof Long value) || value < 0) {
        throw malformed("tensor " + Quoted.quote(name) + " has a shape that is not of integers");
      }
      dims.add(value);
    }
    return dims;
  }

  private long number(String name, Map<String, @Nullable Object> entry, String key) {
    if (entry.get(key) instanceof Long value && value >= 0) {
      return value;
    }
    throw malformed("tensor " + Quoted.quote(name) + " has no valid \"" + key + "\"");
  }

  private ModelException malformed(String message) {
    return new ModelException(ErrorCode.MALFORMED, path, message);
  }
}
