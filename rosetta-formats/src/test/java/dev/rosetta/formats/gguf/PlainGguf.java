package dev.rosetta.formats.gguf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A second reader of little-endian GGUF, without checks, to hold the real one against. Arrays are
 * lists, integers are longs, float32 stays Float.
 */
final class PlainGguf {
  record Tensor(String name, List<Long> dims, int type, long offset) {}

  final int version;
  final Map<String, Object> metadata = new LinkedHashMap<>();
  final List<Tensor> tensors = new ArrayList<>();
  private final ByteBuffer bytes;

  PlainGguf(Path file) throws IOException {
    bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    bytes.getInt();
    version = bytes.getInt();
    long tensorCount = count();
    long keyCount = count();
    for (int i = 0; i < keyCount; i++) {
      String key = string();
      metadata.put(key, value(bytes.getInt()));
    }
    for (int i = 0; i < tensorCount; i++) {
      String name = string();
      List<Long> dims = new ArrayList<>();
      for (int n = bytes.getInt(); n > 0; n--) {
        dims.add(count());
      }
      tensors.add(new Tensor(name, dims, bytes.getInt(), bytes.getLong()));
    }
  }

  /** Position after the tensor directory. */
  int headerEnd() {
    return bytes.position();
  }

  private long count() {
    return version == 1 ? bytes.getInt() & 0xffffffffL : bytes.getLong();
  }

  private String string() {
    byte[] text = new byte[(int) count()];
    bytes.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }

  private Object value(int type) {
    return switch (type) {
      case 0 -> (long) (bytes.get() & 0xff);
      case 1 -> (long) bytes.get();
      case 2 -> (long) (bytes.getShort() & 0xffff);
      case 3 -> (long) bytes.getShort();
      case 4 -> bytes.getInt() & 0xffffffffL;
      case 5 -> (long) bytes.getInt();
      case 6 -> bytes.getFloat();
      case 7 -> bytes.get() != 0;
      case 8 -> string();
      case 9 -> {
        int element = bytes.getInt();
        long count = count();
        List<Object> list = new ArrayList<>();
        for (long i = 0; i < count; i++) {
          list.add(value(element));
        }
        yield list;
      }
      case 10, 11 -> bytes.getLong();
      case 12 -> bytes.getDouble();
      default -> throw new AssertionError(type);
    };
  }
}
