package dev.rosetta.formats.apr;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/** Lays out V2 containers byte by byte, right or wrong, independently of the writer. */
final class V2File {
  String magic = "APR\0";
  int major = 2;
  int minor = 0;
  int flags = 0x0400;
  byte[] metadata = "{\"architecture\":\"llama\"}".getBytes(StandardCharsets.UTF_8);
  int padding = 64;
  boolean headerCrc = true;
  boolean footer = true;
  final List<Tensor> tensors = new ArrayList<>();

  /** An index entry and its blob. */
  record Tensor(byte[] name, int code, long[] dims, byte[] data, long offset, long size) {}

  V2File metadata(String json) {
    metadata = json.getBytes(StandardCharsets.UTF_8);
    return this;
  }

  /** Adds a tensor behind those that are there. */
  V2File add(String name, int code, long[] dims, byte[] data) {
    long offset = 0;
    for (Tensor tensor : tensors) {
      offset += pad(tensor.data().length);
    }
    return add(name.getBytes(StandardCharsets.UTF_8), code, dims, data, offset, data.length);
  }

  V2File add(byte[] name, int code, long[] dims, byte[] data, long offset, long size) {
    tensors.add(new Tensor(name, code, dims, data, offset, size));
    return this;
  }

  byte[] bytes() {
    ByteArrayOutputStream index = new ByteArrayOutputStream();
    ByteArrayOutputStream blobs = new ByteArrayOutputStream();
    for (Tensor tensor : tensors) {
      ByteBuffer entry =
          ByteBuffer.allocate(20 + tensor.name().length + 8 * tensor.dims().length)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putShort((short) tensor.name().length)
              .put(tensor.name())
              .put((byte) tensor.code())
              .put((byte) tensor.dims().length);
      for (long dim : tensor.dims()) {
        entry.putLong(dim);
      }
      entry.putLong(tensor.offset()).putLong(tensor.size());
      index.writeBytes(entry.array());
      blobs.writeBytes(tensor.data());
      blobs.writeBytes(new byte[pad(tensor.data().length) - tensor.data().length]);
    }
    int indexOffset = 64 + pad(metadata.length);
    int dataOffset = indexOffset + pad(index.size());
    ByteBuffer file =
        ByteBuffer.allocate(dataOffset + blobs.size() + (footer ? 4 : 0))
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(magic.getBytes(StandardCharsets.ISO_8859_1))
            .put((byte) major)
            .put((byte) minor)
            .putShort((short) flags)
            .putInt(tensors.size())
            .putLong(64)
            .putInt(metadata.length)
            .putLong(indexOffset)
            .putLong(dataOffset);
    if (headerCrc) {
      file.putInt(40, V2Header.crc(file.array()));
    }
    file.put(64, metadata).put(indexOffset, index.toByteArray());
    file.put(dataOffset, blobs.toByteArray());
    if (footer) {
      file.putInt(dataOffset + blobs.size(), crc(file.array(), dataOffset + blobs.size()));
    }
    return file.array();
  }

  Path write(Path path) {
    return write(path, bytes());
  }

  static Path write(Path path, byte[] bytes) {
    try {
      return Files.write(path, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes header and footer checksums right again after a change. */
  static byte[] resealed(byte[] file) {
    ByteBuffer buffer = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putInt(40, V2Header.crc(file));
    buffer.putInt(file.length - 4, crc(file, file.length - 4));
    return file;
  }

  static byte[] floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  static long[] dims(long... dims) {
    return dims;
  }

  private int pad(int length) {
    return Math.ceilDiv(length, padding) * padding;
  }

  private static int crc(byte[] bytes, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
