package dev.rosetta.formats.safetensors;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.MappedFile;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The directory of one SafeTensors file: {@code u64} header length, JSON header, data.
 *
 * <p>The data must be covered by the tensors without holes, overlap or rest. A file that is shorter
 * than its header says is read as far as it goes: the tensors beyond its end get an {@code ERROR}
 * note.
 *
 * @param tensors in the order of the header
 * @param metadata the strings of {@code __metadata__}
 * @param notes damage and oddities
 */
record Header(List<TensorInfo> tensors, Map<String, String> metadata, List<SourceNote> notes) {

  /** The limit of the reference implementation. */
  static final int MAX_BYTES = 100_000_000;

  static final int LENGTH_BYTES = 8;

  private static final String METADATA = "__metadata__";
  private static final int MAX_DIMS = 64;

  /**
   * Reads and checks the directory of {@code file}.
   *
   * @param index the file's position among its shards, for {@link TensorInfo#file()}
   * @throws ModelException if the header is damaged
   */
  static Header read(MappedFile file, int index) {
    return new Parser(file, index).parse();
  }

  private static final class Parser {
    private final MappedFile file;
    private final Path path;
    private final int index;
    private final List<SourceNote> notes = new ArrayList<>();
    private long dataStart;

    Parser(MappedFile file, int index) {
      this.file = file;
      this.path = file.path();
      this.index = index;
    }

    Header parse() {
      byte[] json = header();
      Map<String, @Nullable Object> root = BoundedJson.parseObject(json, path, LENGTH_BYTES);
      Map<String, String> metadata = new LinkedHashMap<>();
      List<TensorInfo> tensors = new ArrayList<>();
      root.forEach(
          (name, entry) -> {
            if (name.equals(METADATA)) {
              metadata.putAll(metadata(entry));
            } else {
              tensors.add(tensor(name, entry));
            }
          });
      requireCover(tensors);
      return new Header(tensors, metadata, notes);
    }

    private byte[] header() {
      if (file.size() < LENGTH_BYTES) {
        throw new ModelException(
            ErrorCode.FILE_TRUNCATED,
            path,
            0,
            "has " + file.size() + " bytes; a SafeTensors file starts with a length of 8 bytes");
      }
      long length = file.i64(0, ByteOrder.LITTLE_ENDIAN);
      if (length < 0 || length > MAX_BYTES) {
        throw new ModelException(
            ErrorCode.LIMIT_EXCEEDED,
            path,
            0,
            "the header length "
                + Long.toUnsignedString(length)
                + " is above the limit of "
                + MAX_BYTES);
      }
      if (length > file.size() - LENGTH_BYTES) {
        throw new ModelException(
            ErrorCode.FILE_TRUNCATED,
            path,
            0,
            "the header should have "
                + length
                + " bytes, the file ends after "
                + (file.size() - LENGTH_BYTES)
                + " of them");
      }
      if (length < 2 || file.u8(LENGTH_BYTES) != '{') {
        throw new ModelException(
            ErrorCode.MALFORMED, path, LENGTH_BYTES, "the header does not start with '{'");
      }
      dataStart = LENGTH_BYTES + length;
      return file.readBytes(LENGTH_BYTES, (int) length);
    }

    private Map<String, String> metadata(@Nullable Object entry) {
      Map<String, String> strings = new LinkedHashMap<>();
      if (entry == null) {
        return strings;
      }
      Map<String, @Nullable Object> values = BoundedJson.asObject(entry);
      if (values == null) {
        throw malformed("__metadata__ is not an object of strings");
      }
      values.forEach(
          (key, value) -> {
            if (!(value instanceof String text)) {
              throw malformed("__metadata__ of " + Quoted.quote(key) + " is not a string");
            }
            strings.put(key, text);
          });
      return strings;
    }

    private TensorInfo tensor(String name, @Nullable Object value) {
      Map<String, @Nullable Object> entry = BoundedJson.asObject(value);
      if (entry == null) {
        throw malformed(of(name) + "its entry is not an object");
      }
      List<Long> dims = integers(name, "shape", entry.get("shape"));
      if (dims.size() > MAX_DIMS) {
        throw new ModelException(
            ErrorCode.LIMIT_EXCEEDED,
            path,
            LENGTH_BYTES,
            of(name) + dims.size() + " dimensions; at most " + MAX_DIMS + " are read");
      }
      List<Long> offsets = integers(name, "data_offsets", entry.get("data_offsets"));
      if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
        throw malformed(of(name) + "data_offsets " + offsets + " are not [begin, end]");
      }
      if (!(entry.get("dtype") instanceof String dtype)) {
        throw malformed(of(name) + "dtype is absent or not a string");
      }
      if (entry.size() > 3) {
        notes.add(
            new SourceNote(
                Severity.WARNING,
                "UNKNOWN_FIELD",
                name,
                "the entry of "
                    + Quoted.quote(name)
                    + " has fields that SafeTensors does not know"));
      }
      ElementType type =
          Dtypes.parse(dtype)
              .orElseThrow(
                  () ->
                      new ModelException(
                          ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
                          path,
                          LENGTH_BYTES,
                          of(name) + "unknown dtype " + Quoted.quote(dtype)));
      long byteSize = offsets.get(1) - offsets.get(0);
      try {
        long elements = elements(dims);
        if (elements % type.blockElements() != 0) {
          throw malformed(of(name) + elements + " elements of " + type + " end inside a byte");
        }
        long expected = type.byteSize(elements);
        if (byteSize != expected) {
          throw malformed(
              of(name)
                  + type
                  + dims
                  + " takes "
                  + expected
                  + " bytes, data_offsets "
                  + offsets
                  + " hold "
                  + byteSize);
        }
        return new TensorInfo(
            name,
            type,
            dims,
            BlockLayout.ROW_ALIGNED,
            1f,
            index,
            Math.addExact(dataStart, offsets.get(0)),
            byteSize);
      } catch (ArithmeticException e) {
        throw malformed(of(name) + "the size of " + dims + " at " + offsets + " overflows 64 bits");
      }
    }

    /** The product of the dimensions; that of the others must fit even where one is 0. */
    private static long elements(List<Long> dims) {
      long product = 1;
      boolean empty = false;
      for (long dim : dims) {
        empty |= dim == 0;
        product = Math.multiplyExact(product, Math.max(1, dim));
      }
      return empty ? 0 : product;
    }

    private List<Long> integers(String name, String field, @Nullable Object value) {
      if (!(value instanceof List<?> list)) {
        throw malformed(of(name) + field + " is absent or not an array");
      }
      List<Long> integers = new ArrayList<>(list.size());
      for (Object item : list) {
        if (!(item instanceof Long number) || number < 0) {
          throw malformed(of(name) + field + " holds what is no count of 63 bits");
        }
        integers.add(number);
      }
      return integers;
    }

    private void requireCover(List<TensorInfo> tensors) {
      List<TensorInfo> sorted = new ArrayList<>(tensors);
      sorted.sort(
          Comparator.comparingLong(TensorInfo::offset).thenComparingLong(TensorInfo::byteSize));
      long next = dataStart;
      boolean allInside = true;
      for (TensorInfo tensor : sorted) {
        boolean adjoins = tensor.offset() == next;
        if (tensor.offset() < next) {
          throw malformed(of(tensor.name()) + "its data overlaps that of another tensor");
        }
        if (tensor.byteSize() > file.size() - Math.min(file.size(), tensor.offset())) {
          allInside = false;
          notes.add(outside(tensor, adjoins));
        } else if (!adjoins) {
          throw new ModelException(
              ErrorCode.MALFORMED,
              path,
              next,
              of(tensor.name())
                  + (tensor.offset() - next)
                  + " bytes before its data belong to none");
        }
        next = saturatedAdd(tensor.offset(), tensor.byteSize());
      }
      if (allInside && next != file.size()) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            path,
            next,
            (file.size() - next) + " bytes after the last tensor belong to none");
      }
    }

    private SourceNote outside(TensorInfo tensor, boolean adjoins) {
      ErrorCode code = adjoins ? ErrorCode.FILE_TRUNCATED : ErrorCode.TENSOR_OUT_OF_BOUNDS;
      return new SourceNote(
          Severity.ERROR,
          code.name(),
          tensor.name(),
          of(tensor.name())
              + tensor.byteSize()
              + " bytes at byte "
              + tensor.offset()
              + ", but "
              + path.getFileName()
              + " has "
              + file.size()
              + "; copy or download it again");
    }

    private static long saturatedAdd(long a, long b) {
      return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }

    private static String of(String name) {
      return "tensor " + Quoted.quote(name) + ": ";
    }

    private ModelException malformed(String message) {
      return new ModelException(ErrorCode.MALFORMED, path, LENGTH_BYTES, message);
    }
  }
}
