package dev.rosetta.formats.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharsetEncoder;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** The first bytes of a new SafeTensors file: length and JSON header, padded to 8 bytes. */
final class HeaderText {
  private static final JsonFactory FACTORY = new JsonFactory();

  private HeaderText() {}

  /** A tensor whose data follow those of the one before it. */
  record Entry(String name, ElementType type, List<Long> dims) {

    /**
     * @throws ArithmeticException if it does not fit a {@code long}
     */
    long byteSize() {
      long elements = 1;
      for (long dim : dims) {
        elements = Math.multiplyExact(elements, dim);
      }
      return type.byteSize(elements);
    }
  }

  /**
   * Encodes a header.
   *
   * @param target the file it is for, for errors
   * @param metadata strings of {@code __metadata__}, which is left out where there are none
   * @param entries tensors in the order of their data
   * @throws ModelException if a type has no SafeTensors name, or the header is above the limit
   * @throws IllegalArgumentException if a name occurs twice or cannot be encoded
   */
  static byte[] encode(Path target, Map<String, String> metadata, List<Entry> entries) {
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    CharsetEncoder utf8 = UTF_8.newEncoder();
    try (JsonGenerator header = FACTORY.createGenerator(ObjectWriteContext.empty(), json)) {
      header.writeStartObject();
      Set<String> names = new HashSet<>();
      if (!metadata.isEmpty()) {
        header.writeName("__metadata__").writeStartObject();
        metadata.forEach(
            (key, value) ->
                header.writeName(encodable(utf8, key)).writeString(encodable(utf8, value)));
        header.writeEndObject();
      }
      names.add("__metadata__");
      long begin = 0;
      for (Entry entry : entries) {
        if (!names.add(entry.name())) {
          throw new IllegalArgumentException("the name " + entry.name() + " is used twice");
        }
        if (!Dtypes.canStore(entry.type())) {
          throw new ModelException(
              ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
              target,
              "tensor "
                  + Quoted.quote(entry.name())
                  + ": SafeTensors has no type "
                  + entry.type()
                  + "; convert it to F32, F16 or BF16");
        }
        long end = Math.addExact(begin, entry.byteSize());
        header.writeName(encodable(utf8, entry.name())).writeStartObject();
        header.writeName("dtype").writeString(entry.type().name());
        header.writeName("shape").writeStartArray();
        entry.dims().forEach(header::writeNumber);
        header.writeEndArray();
        header.writeName("data_offsets").writeStartArray();
        header.writeNumber(begin).writeNumber(end).writeEndArray();
        header.writeEndObject();
        begin = end;
      }
      header.writeEndObject();
    }
    return framed(target, json.toByteArray());
  }

  private static byte[] framed(Path target, byte[] json) {
    int length = Math.ceilDiv(json.length, 8) * 8;
    if (length > Header.MAX_BYTES) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          target,
          "its header would have " + length + " bytes; readers take " + Header.MAX_BYTES);
    }
    ByteBuffer file =
        ByteBuffer.allocate(Header.LENGTH_BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(length).put(json);
    while (file.hasRemaining()) {
      file.put((byte) ' ');
    }
    return file.array();
  }

  private static String encodable(CharsetEncoder utf8, String text) {
    if (!utf8.canEncode(text)) {
      throw new IllegalArgumentException(
          "an unpaired surrogate in " + Quoted.quote(text) + " cannot be encoded");
    }
    return text;
  }
}
