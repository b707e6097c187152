package dev.rosetta.formats.apr;

import static dev.rosetta.formats.apr.V2File.dims;
import static dev.rosetta.formats.apr.V2File.floats;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Header fields and index entries that claim more than there is; every checksum is right. */
final class HeaderFieldsTests {
  @TempDir Path folder;

  private ErrorCode refusal(byte[] file) {
    Path path = V2File.write(folder.resolve("m.apr"), V2File.resealed(file));
    return assertThrows(ModelException.class, () -> new AprFormat().open(path).close()).code();
  }

  /** 64 bytes of header, 64 of metadata, 64 of index, data from 192. */
  private static byte[] file() {
    return new V2File().add("a", 0, dims(3), floats(1, 2, 3)).bytes();
  }

  @ParameterizedTest
  @CsvSource({
    "8, 0x4, MALFORMED",
    "8, 0xffffffff, MALFORMED",
    "20, 0x41, MALFORMED",
    "20, 0x4000001, LIMIT_EXCEEDED",
    "20, 0xffffffff, LIMIT_EXCEEDED",
  })
  void countsAndSizesAreBounded(int at, String value, ErrorCode code) {
    byte[] file = file();
    ByteBuffer.wrap(file)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(at, Integer.parseUnsignedInt(value.substring(2), 16));
    assertEquals(code, refusal(file));
  }

  @ParameterizedTest
  @CsvSource({
    "12, 0, MALFORMED",
    "12, 65, MALFORMED",
    "12, -1, MALFORMED",
    "24, 64, MALFORMED",
    "24, 193, MALFORMED",
    "24, -1, MALFORMED",
    "24, -9223372036854775808, MALFORMED",
    "32, 127, MALFORMED",
    "32, 100000, FILE_TRUNCATED",
    "32, 9223372036854775807, FILE_TRUNCATED",
    "32, -1, FILE_TRUNCATED",
  })
  void offsetsAreOrderedAndInside(int at, long value, ErrorCode code) {
    byte[] file = file();
    ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(at, value);
    assertEquals(code, refusal(file));
  }

  /** The index begins at 128: name length, name, code, rank, dim, offset, size. */
  @ParameterizedTest
  @CsvSource({
    "128, 0, MALFORMED",
    "128, 255, MALFORMED",
    "131, 200, UNSUPPORTED_ELEMENT_TYPE",
    "131, 12, MALFORMED",
    "132, 9, LIMIT_EXCEEDED",
    "132, 8, MALFORMED",
    "140, 128, MALFORMED",
    "156, 1, MALFORMED",
  })
  void entriesFitTheIndexAndTheirType(int at, int value, ErrorCode code) {
    byte[] file = file();
    file[at] = (byte) value;
    assertEquals(code, refusal(file));
  }
}
