package dev.rosetta.formats.apr;

import dev.rosetta.formats.AtomicFile;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ElementType;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes APR V2 files that aprender and realizar both accept: names sorted, everything padded to 64
 * bytes, checksums in header and footer, compact JSON without nulls. Equal input gives equal bytes;
 * tensor data is streamed.
 */
public final class AprWriter {
  private static final int MAX_NAME_BYTES = 256;
  private static final int MAX_RANK = 8;

  private AprWriter() {}

  /** A tensor with its name as bytes and its place in the file. */
  private record Placed(TensorEntry entry, byte[] name, int code, long offset) {}

  /**
   * Creates or replaces a file; it is complete or not there.
   *
   * @param metadata values as {@link dev.rosetta.model.Metadata} has them, in the order to be
   *     written, without null
   * @param tensors in any order; data of an {@link ElementType#APR_Q8} tensor begins with its
   *     float32 scale
   * @throws IllegalArgumentException if a name is empty, longer than 256 bytes or occurs twice, an
   *     element type has no code in this format, a size does not fit its dimensions, or metadata
   *     has two spellings of one field or a value that JSON cannot express
   * @throws dev.rosetta.model.ModelException if the file cannot be written
   */
  public static void write(Path target, Map<String, ?> metadata, List<TensorEntry> tensors) {
    AtomicFile.write(target, content(metadata, tensors));
  }

  /**
   * The content of such a file, produced when it is written.
   *
   * @throws IllegalArgumentException as {@link #write}
   */
  public static AtomicFile.Content content(Map<String, ?> metadata, List<TensorEntry> tensors) {
    byte[] json = json(metadata);
    List<Placed> placed = place(tensors);
    byte[] index = index(placed);
    long indexOffset = V2Data.align(V2Header.BYTES + (long) json.length);
    long dataOffset = V2Data.align(indexOffset + index.length);
    byte[] head = new byte[Math.toIntExact(dataOffset)];
    ByteBuffer header =
        ByteBuffer.wrap(head)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put("APR\0".getBytes(StandardCharsets.ISO_8859_1))
            .put((byte) 2)
            .put((byte) 0)
            .putShort((short) V2Header.ROW_MAJOR)
            .putInt(placed.size())
            .putLong(V2Header.BYTES)
            .putInt(json.length)
            .putLong(indexOffset)
            .putLong(dataOffset);
    header.putInt(V2Header.crc(head));
    System.arraycopy(json, 0, head, V2Header.BYTES, json.length);
    System.arraycopy(index, 0, head, (int) indexOffset, index.length);
    return channel -> writeTo(channel, head, placed);
  }

  private static void writeTo(FileChannel file, byte[] head, List<Placed> tensors)
      throws IOException {
    ChecksummedChannel channel = new ChecksummedChannel(file);
    channel.writeFully(ByteBuffer.wrap(head));
    for (Placed tensor : tensors) {
      long start = channel.written();
      tensor.entry().data().writeTo(channel);
      long size = channel.written() - start;
      if (size != tensor.entry().byteSize()) {
        throw new IOException(
            "tensor "
                + Quoted.quote(tensor.entry().name())
                + " wrote "
                + size
                + " bytes instead of "
                + tensor.entry().byteSize());
      }
      channel.writeFully(ByteBuffer.allocate((int) (V2Data.align(size) - size)));
    }
    ByteBuffer footer =
        ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(channel.crc()).flip();
    channel.writeFully(footer);
  }

  private static List<Placed> place(List<TensorEntry> tensors) {
    List<TensorEntry> sorted = new ArrayList<>(tensors);
    sorted.sort((a, b) -> Arrays.compareUnsigned(nameBytes(a), nameBytes(b)));
    List<Placed> placed = new ArrayList<>();
    long offset = 0;
    String previous = "";
    for (TensorEntry tensor : sorted) {
      byte[] name = nameBytes(tensor);
      if (name.length == 0 || name.length > MAX_NAME_BYTES || tensor.name().equals(previous)) {
        throw new IllegalArgumentException(
            "tensor name "
                + Quoted.quote(tensor.name())
                + (tensor.name().equals(previous) && name.length > 0
                    ? " occurs twice"
                    : " has " + name.length + " bytes; 1 to 256 are allowed"));
      }
      placed.add(new Placed(tensor, name, code(tensor), offset));
      offset = Math.addExact(offset, V2Data.align(tensor.byteSize()));
      previous = tensor.name();
    }
    return placed;
  }

  private static int code(TensorEntry tensor) {
    String name = "tensor " + Quoted.quote(tensor.name());
    int code =
        TypeCodes.code(tensor.type())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        name + " is " + tensor.type() + ", for which APR has no code"));
    if (tensor.dims().size() > MAX_RANK) {
      throw new IllegalArgumentException(name + " has more than 8 dimensions");
    }
    long elements = 1;
    for (long dim : tensor.dims()) {
      elements = Math.multiplyExact(elements, dim);
    }
    boolean fits =
        TypeCodes.resolve(code, false, tensor.dims(), elements, tensor.byteSize())
            .filter(encoding -> encoding.type() == tensor.type())
            .isPresent();
    if (!fits) {
      throw new IllegalArgumentException(
          name
              + " has "
              + tensor.byteSize()
              + " bytes, which do not fit "
              + tensor.type()
              + " "
              + tensor.dims());
    }
    return code;
  }

  private static byte[] index(List<Placed> tensors) {
    int length = 0;
    for (Placed tensor : tensors) {
      length += 20 + tensor.name().length + 8 * tensor.entry().dims().size();
    }
    ByteBuffer index = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    for (Placed tensor : tensors) {
      index
          .putShort((short) tensor.name().length)
          .put(tensor.name())
          .put((byte) tensor.code())
          .put((byte) tensor.entry().dims().size());
      tensor.entry().dims().forEach(index::putLong);
      index.putLong(tensor.offset()).putLong(tensor.entry().byteSize());
    }
    return index.array();
  }

  private static byte[] nameBytes(TensorEntry tensor) {
    return tensor.name().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] json(Map<String, ?> metadata) {
    for (List<String> group : MetadataSpellings.GROUPS) {
      List<String> present = group.stream().filter(metadata::containsKey).toList();
      if (present.size() > 1) {
        throw new IllegalArgumentException(
            "metadata has " + String.join(" and ", present) + ", spellings of one field");
      }
    }
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
      write(json, metadata);
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length > V2Header.MAX_METADATA_BYTES) {
      throw new IllegalArgumentException(
          "metadata of " + bytes.length + " bytes; readers stop at " + V2Header.MAX_METADATA_BYTES);
    }
    return bytes;
  }

  private static void write(JsonGenerator json, @Nullable Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        json.writeStartObject();
        map.forEach(
            (key, member) -> {
              json.writeName(String.valueOf(key));
              write(json, member);
            });
        json.writeEndObject();
      }
      case List<?> list -> {
        json.writeStartArray();
        list.forEach(element -> write(json, element));
        json.writeEndArray();
      }
      case String text -> json.writeString(text);
      case Boolean flag -> json.writeBoolean(flag);
      case Integer number -> json.writeNumber(number.intValue());
      case Long number -> json.writeNumber(number.longValue());
      case java.math.BigInteger number -> json.writeNumber(number);
      case Float number when Float.isFinite(number) -> json.writeNumber(number.floatValue());
      case Double number when Double.isFinite(number) -> json.writeNumber(number.doubleValue());
      case null, default ->
          throw new IllegalArgumentException("metadata value " + value + " has no JSON form");
    }
  }

  /** Counts and sums what passes through to a file. */
  private static final class ChecksummedChannel implements WritableByteChannel {
    private final FileChannel file;
    private final CRC32 crc = new CRC32();
    private long written;

    ChecksummedChannel(FileChannel file) {
      this.file = file;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
      ByteBuffer sent = source.duplicate();
      int count = file.write(source);
      sent.limit(sent.position() + count);
      crc.update(sent);
      written += count;
      return count;
    }

    void writeFully(ByteBuffer source) throws IOException {
      while (source.hasRemaining()) {
        write(source);
      }
    }

    long written() {
      return written;
    }

    int crc() {
      return (int) crc.getValue();
    }

    @Override
    public boolean isOpen() {
      return file.isOpen();
    }

    /** The file is closed by its owner. */
    @Override
    public void close() {}
  }
}
