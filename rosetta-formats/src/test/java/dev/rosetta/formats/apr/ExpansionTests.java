package dev.rosetta.formats.apr;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.apr.Expansion.Codec;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compressed content that lies about its size, points before its start or expands without end. */
class ExpansionTests {
  @TempDir Path folder;

  private byte[] expand(byte[] payload, Codec codec) {
    Path path = V2File.write(folder.resolve("payload"), payload);
    try (Image image = Image.Mapped.open(path);
        Expansion expansion = Expansion.of(image, 0, 0, codec)) {
      return expansion.readBytes(0, Math.toIntExact(expansion.size()));
    }
  }

  private ErrorCode refusal(byte[] payload, Codec codec) {
    return assertThrows(ModelException.class, () -> expand(payload, codec)).code();
  }

  /** The stated size, then sequences as hexadecimal digits. */
  private static byte[] lz4(long size, String sequences) {
    byte[] block = HexFormat.of().parseHex(sequences);
    return ByteBuffer.allocate(4 + block.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt((int) size)
        .put(block)
        .array();
  }

  @Test
  void matchesMayOverlapWhatTheyWrite() {
    // One literal 'a', a match of 4 + 3 one byte back, then five literals.
    byte[] expected = "aaaaaaaabcdef".getBytes(StandardCharsets.US_ASCII);
    assertArrayEquals(expected, expand(lz4(13, "13610100506263646566"), Codec.LZ4));
  }

  @ParameterizedTest
  @CsvSource({
    "13, 13610000506263646566", // a match 0 bytes back would repeat what was never written
    "13, 13610200506263646566", // 2 bytes back of 1 that was written
    "13, 1361ffff506263646566",
    "13, 13610100506263", // literals that are not there
    "13, f0", // a length without an end
    "13, f0ffffff",
    "13, 1361", // a match without its distance
    "13, 136101",
    "12, 13610100506263646566", // one byte more than stated
    "14, 13610100506263646566", // one byte less
    "0, 13610100506263646566",
  })
  void damagedBlocksAreRefused(long size, String sequences) {
    ErrorCode code = refusal(lz4(size, sequences), Codec.LZ4);
    assertTrue(
        Set.of(ErrorCode.MALFORMED, ErrorCode.FILE_TRUNCATED, ErrorCode.LIMIT_EXCEEDED)
            .contains(code),
        code.name());
  }

  /** Nothing is reserved for a size that the input cannot give. */
  @Test
  void aStatedSizeBeyondWhatTheInputCanGiveIsRefusedFirst() {
    assertEquals(
        ErrorCode.LIMIT_EXCEEDED, refusal(lz4(0xffff_ffffL, "13610100506263646566"), Codec.LZ4));
  }

  /** Frames of one repeated byte: 128 KiB from every 12 bytes, until the limit ends it. */
  @Test
  void framesThatExpandTenThousandTimesEndAtTheLimit() {
    byte[] frame = HexFormat.of().parseHex("28b52ffd005803001061");
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    for (int i = 0; i < 1000; i++) {
      bomb.writeBytes(frame);
    }
    assertEquals(ErrorCode.LIMIT_EXCEEDED, refusal(bomb.toByteArray(), Codec.ZSTD));
  }

  @Test
  void framesOfNothingAreNothing() {
    assertEquals(0, expand(HexFormat.of().parseHex("28b52ffd0058010000"), Codec.ZSTD).length);
  }
}
