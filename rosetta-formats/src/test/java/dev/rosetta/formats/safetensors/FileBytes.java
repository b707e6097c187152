package dev.rosetta.formats.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.rosetta.model.ModelSource;
import dev.rosetta.spi.FileHead;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Files for the tests of this package, written byte by byte. */
final class FileBytes {
  private FileBytes() {}

  /** A file whose stated header length is that of {@code header}. */
  static byte[] of(String header, byte... data) {
    byte[] json = header.getBytes(UTF_8);
    return of(json.length, json, data);
  }

  static byte[] of(long length, byte[] header, byte... data) {
    return ByteBuffer.allocate(8 + header.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .put(header)
        .put(data)
        .array();
  }

  static Path write(Path file, byte[] bytes) {
    try {
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ModelSource open(Path file, byte[] bytes) {
    return new SafeTensorsFormat().open(write(file, bytes));
  }

  static FileHead head(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      return new FileHead(file, true, 0, new byte[0]);
    }
    byte[] bytes = Files.readAllBytes(file);
    return new FileHead(
        file,
        false,
        bytes.length,
        Arrays.copyOf(bytes, Math.min(bytes.length, FileHead.MAX_BYTES)));
  }
}
