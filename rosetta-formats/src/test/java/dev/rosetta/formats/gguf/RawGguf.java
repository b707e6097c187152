package dev.rosetta.formats.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Puts a file together field by field, valid or not, in any version and byte order. */
final class RawGguf {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final int version;
  private final ByteOrder order;

  RawGguf(int version, ByteOrder order, long tensors, long keys) {
    this.version = version;
    this.order = order;
    bytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    u32(version);
    count(tensors);
    count(keys);
  }

  /** Version 3, little-endian. */
  static RawGguf v3(long tensors, long keys) {
    return new RawGguf(3, ByteOrder.LITTLE_ENDIAN, tensors, keys);
  }

  RawGguf bytes(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  RawGguf u8(int value) {
    out.write(value);
    return this;
  }

  RawGguf u16(int value) {
    return bytes(ByteBuffer.allocate(2).order(order).putShort((short) value).array());
  }

  RawGguf u32(long value) {
    return bytes(ByteBuffer.allocate(4).order(order).putInt((int) value).array());
  }

  RawGguf u64(long value) {
    return bytes(ByteBuffer.allocate(8).order(order).putLong(value).array());
  }

  RawGguf count(long value) {
    return version == 1 ? u32(value) : u64(value);
  }

  RawGguf string(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return count(bytes.length).bytes(bytes);
  }

  /** Key and value type; the value follows. */
  RawGguf key(String name, int type) {
    return string(name).u32(type);
  }

  RawGguf tensor(String name, int type, long offset, long... dims) {
    string(name).u32(dims.length);
    for (long dim : dims) {
      count(dim);
    }
    return u32(type).u64(offset);
  }

  RawGguf pad(int alignment) {
    while (out.size() % alignment != 0) {
      out.write(0);
    }
    return this;
  }

  int size() {
    return out.size();
  }

  byte[] toByteArray() {
    return out.toByteArray();
  }

  Path write(Path folder, String name) throws IOException {
    return Files.write(folder.resolve(name), toByteArray());
  }
}
