package dev.rosetta.formats.safetensors;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.MappedFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HeaderTests {
  @TempDir Path dir;

  private Header read(byte[] bytes) {
    Path file = FileBytes.write(dir.resolve("f"), bytes);
    try (MappedFile mapped = MappedFile.open(file)) {
      return Header.read(mapped, 0);
    }
  }

  private ModelException refusal(byte[] bytes) {
    return assertThrows(ModelException.class, () -> read(bytes));
  }

  private ErrorCode refusal(String header, int dataBytes) {
    return refusal(FileBytes.of(header, new byte[dataBytes])).code();
  }

  private static String entry(String name, String dtype, String shape, String offsets) {
    return "\""
        + name
        + "\":{\"dtype\":\""
        + dtype
        + "\",\"shape\":["
        + shape
        + "],\"data_offsets\":["
        + offsets
        + "]}";
  }

  @Test
  void packedFloatsAreListedInWholeBytes() {
    String json =
        "{"
            + entry("a", "F4", "3,2", "0,3")
            + ","
            + entry("b", "F6_E2M3", "2,4", "3,9")
            + ","
            + entry("c", "F6_E3M2", "0", "9,9")
            + "}";
    Header header = read(FileBytes.of(json, new byte[9]));
    assertEquals(
        List.of(ElementType.F4, ElementType.F6_E2M3, ElementType.F6_E3M2),
        header.tensors().stream().map(TensorInfo::type).toList());
    assertEquals(List.of(6L, 8L, 0L), header.tensors().stream().map(TensorInfo::elements).toList());
    assertEquals(ErrorCode.MALFORMED, refusal("{" + entry("a", "F4", "3", "0,2") + "}", 2));
    assertEquals(ErrorCode.MALFORMED, refusal("{" + entry("a", "F6_E2M3", "2", "0,2") + "}", 2));
    assertEquals(ErrorCode.MALFORMED, refusal("{" + entry("a", "F4", "2", "0,2") + "}", 2));
  }

  @Test
  void theHeaderLengthIsCheckedBeforeAnythingIsRead() throws IOException {
    byte[] empty = "{}".getBytes(UTF_8);
    for (int size = 0; size < 8; size++) {
      assertEquals(ErrorCode.FILE_TRUNCATED, refusal(new byte[size]).code());
    }
    assertEquals(ErrorCode.MALFORMED, refusal(FileBytes.of(0, empty)).code());
    assertEquals(ErrorCode.MALFORMED, refusal(FileBytes.of(1, empty)).code());
    assertEquals(ErrorCode.FILE_TRUNCATED, refusal(FileBytes.of(3, empty)).code());
    assertEquals(ErrorCode.FILE_TRUNCATED, refusal(FileBytes.of(100_000_000, empty)).code());
    for (long length : new long[] {100_000_001, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE, -1, -8}) {
      assertEquals(ErrorCode.LIMIT_EXCEEDED, refusal(FileBytes.of(length, empty)).code());
    }
    Path sparse = FileBytes.write(dir.resolve("sparse"), FileBytes.of(99_999_999, new byte[0]));
    try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
      file.setLength(1L << 40);
    }
    try (MappedFile mapped = MappedFile.open(sparse)) {
      assertEquals(
          ErrorCode.MALFORMED,
          assertThrows(ModelException.class, () -> Header.read(mapped, 0)).code());
    }
  }

  @Test
  void theHeaderIsOneObject() {
    for (String header :
        List.of("[]", " {}", "\"x\"", "{}\0", "{} {}", "{", "{\"a\":NaN}", "nul")) {
      assertEquals(ErrorCode.MALFORMED, refusal(header, 0), header);
    }
    assertEquals(
        ErrorCode.MALFORMED,
        refusal(FileBytes.of(5, "{\"\u00ff\":1}".getBytes(ISO_8859_1))).code());
    assertEquals(List.of(), read(FileBytes.of("{}      ")).tensors());
  }

  @Test
  void metadataIsStringsOrNull() {
    assertEquals(
        Map.of("format", "pt", "x", ""),
        read(FileBytes.of("{\"__metadata__\":{\"format\":\"pt\",\"x\":\"\"}}")).metadata());
    assertEquals(Map.of(), read(FileBytes.of("{\"__metadata__\":null}")).metadata());
    for (String metadata : List.of("1", "[]", "\"x\"", "{\"a\":1}", "{\"a\":null}", "{\"a\":{}}")) {
      assertEquals(ErrorCode.MALFORMED, refusal("{\"__metadata__\":" + metadata + "}", 0));
    }
  }

  @Test
  void everyDtypeIsNamedAndSized() {
    Map<String, ElementType> named =
        Map.ofEntries(
            Map.entry("BOOL", ElementType.BOOL),
            Map.entry("U8", ElementType.U8),
            Map.entry("I8", ElementType.I8),
            Map.entry("U16", ElementType.U16),
            Map.entry("I16", ElementType.I16),
            Map.entry("F16", ElementType.F16),
            Map.entry("BF16", ElementType.BF16),
            Map.entry("U32", ElementType.U32),
            Map.entry("I32", ElementType.I32),
            Map.entry("F32", ElementType.F32),
            Map.entry("U64", ElementType.U64),
            Map.entry("I64", ElementType.I64),
            Map.entry("F64", ElementType.F64),
            Map.entry("C64", ElementType.C64),
            Map.entry("F8_E4M3", ElementType.F8_E4M3),
            Map.entry("F8_E5M2", ElementType.F8_E5M2),
            Map.entry("F8_E8M0", ElementType.F8_E8M0),
            Map.entry("F8_E4M3FNUZ", ElementType.F8_E4M3FNUZ),
            Map.entry("F8_E5M2FNUZ", ElementType.F8_E5M2FNUZ));
    named.forEach(
        (dtype, type) -> {
          int size = 3 * type.blockBytes();
          TensorInfo tensor =
              read(FileBytes.of("{" + entry("t", dtype, "3", "0," + size) + "}", new byte[size]))
                  .tensors()
                  .getFirst();
          assertEquals(type, tensor.type());
          assertEquals(size, tensor.byteSize());
        });
    for (String dtype : List.of("f32", "", "Q4_0", "APR_Q8", "FLOAT", "\\u001b[2J")) {
      ModelException e =
          refusal(FileBytes.of("{" + entry("t", dtype, "4", "0,16") + "}", new byte[16]));
      assertEquals(ErrorCode.UNSUPPORTED_ELEMENT_TYPE, e.code());
      assertTrue(e.getMessage().contains("\"t\""), e.getMessage());
      assertTrue(e.getMessage().chars().noneMatch(Character::isISOControl), e.getMessage());
    }
  }

  @Test
  void rangesAreCheckedWhateverTheDtype() {
    assertEquals(ErrorCode.MALFORMED, refusal("{" + entry("t", "NEW", "4", "16,0") + "}", 16));
  }

  @Test
  void everyFieldOfAnEntryIsRequiredAndTyped() {
    String good = entry("t", "F32", "1", "0,4");
    assertEquals(1, read(FileBytes.of("{" + good + "}", new byte[4])).tensors().size());
    for (String bad :
        List.of(
            "\"t\":\"x\"",
            "\"t\":null",
            "\"t\":[]",
            "\"t\":{}",
            good.replace("\"F32\"", "1"),
            good.replace("\"F32\"", "null"),
            good.replace("[1]", "1"),
            good.replace("[1]", "[\"1\"]"),
            good.replace("[1]", "[1.0]"),
            good.replace("[1]", "[-1]"),
            good.replace("[1]", "[null]"),
            good.replace("[1]", "[[1]]"),
            good.replace("[1]", "[18446744073709551615]"),
            good.replace("[0,4]", "[4]"),
            good.replace("[0,4]", "[0,4,4]"),
            good.replace("[0,4]", "[4,0]"),
            good.replace("[0,4]", "[-4,0]"),
            good.replace("[0,4]", "[0,5]"),
            good.replace("[0,4]", "[0,18446744073709551620]"),
            good.replace("[0,4]", "[9223372036854775803,9223372036854775807]"),
            good.replace("dtype", "type"),
            good.replace("shape", "dims"),
            good.replace("data_offsets", "offsets"),
            good.replace("\"shape\"", "\"dtype\":\"F32\",\"shape\""),
            good + "," + good,
            good + ",\"\\u0074\":{}")) {
      assertEquals(ErrorCode.MALFORMED, refusal("{" + bad + "}", 4), bad);
    }
    assertEquals(
        ErrorCode.MALFORMED, refusal("{" + good.replace("[1]", "[1e1000000000]") + "}", 4));
    assertEquals(
        "UNKNOWN_FIELD",
        read(FileBytes.of("{" + good.replace("}", ",\"x\":1}") + "}", new byte[4]))
            .notes()
            .getFirst()
            .code());
  }

  @Test
  void productsOfDimensionsDoNotWrap() {
    for (String shape :
        List.of(
            "4294967296,4294967297,4", // wraps to 17179869184
            "9223372036854775807,2,2",
            "4611686018427387904,4,1",
            "2305843009213693953,8", // wraps to 8
            "4611686018427387904,4,0")) {
      assertEquals(
          ErrorCode.MALFORMED, refusal("{" + entry("t", "F32", shape, "0,16") + "}", 16), shape);
      assertEquals(
          ErrorCode.MALFORMED, refusal("{" + entry("t", "F32", shape, "0,0") + "}", 0), shape);
    }
    assertEquals(
        ErrorCode.LIMIT_EXCEEDED,
        refusal("{" + entry("t", "U8", "1" + ",1".repeat(64), "0,1") + "}", 1));
  }

  @Test
  void scalarsAndEmptyTensorsAreLegal() {
    Header header =
        read(
            FileBytes.of(
                "{"
                    + entry("s", "F32", "", "0,4")
                    + ","
                    + entry("e", "F32", "0,5", "4,4")
                    + ","
                    + entry("e2", "F32", "5,0", "4,4")
                    + ","
                    + entry("t", "U8", "1", "4,5")
                    + "}",
                new byte[5]));
    assertEquals(List.of(), header.tensors().getFirst().dims());
    assertEquals(4, header.tensors().size());
    assertEquals(List.of(), header.notes());
  }

  @Test
  void theDataIsCoveredExactly() {
    String a = entry("a", "U8", "2", "0,2");
    for (String layout :
        List.of(
            "{" + a + "," + entry("b", "U8", "2", "3,5") + "}", // hole
            "{" + a + "," + entry("b", "U8", "4", "1,5") + "}", // overlap
            "{" + a + "," + entry("b", "U8", "2", "0,2") + "," + entry("c", "U8", "3", "2,5") + "}",
            "{" + entry("b", "U8", "3", "2,5") + "}", // hole in front
            "{" + a + "," + entry("b", "U8", "2", "2,4") + "}", // rest
            "{" + a + "," + entry("e", "U8", "0", "1,1") + "," + entry("b", "U8", "3", "2,5") + "}",
            "{}")) {
      assertEquals(ErrorCode.MALFORMED, refusal(layout, 5), layout);
    }
    assertEquals(
        2,
        read(FileBytes.of("{" + entry("b", "U8", "3", "2,5") + "," + a + "}", new byte[5]))
            .tensors()
            .size());
  }

  @Test
  void tensorsBeyondTheEndAreListedWithAnError() {
    String header =
        "{"
            + entry("a", "U8", "2", "0,2")
            + ","
            + entry("b", "U8", "4", "2,6")
            + ","
            + entry("c", "U8", "2", "6,8")
            + "}";
    byte[] whole = FileBytes.of(header, new byte[8]);
    for (int kept = 0; kept < 8; kept++) {
      Header read = read(Arrays.copyOf(whole, whole.length - 8 + kept));
      assertEquals(3, read.tensors().size());
      List<String> damaged = read.notes().stream().map(SourceNote::tensor).toList();
      assertEquals(
          kept < 2 ? List.of("a", "b", "c") : kept < 6 ? List.of("b", "c") : List.of("c"), damaged);
      assertTrue(
          read.notes().stream()
              .allMatch(
                  note ->
                      note.severity() == Severity.ERROR && note.code().equals("FILE_TRUNCATED")));
    }
    SourceNote far =
        read(FileBytes.of("{" + entry("t", "U8", "4", "4096,4100") + "}", new byte[4]))
            .notes()
            .getFirst();
    assertEquals("TENSOR_OUT_OF_BOUNDS", far.code());
    assertEquals("t", far.tensor());
  }

  @Test
  void everyTruncationOfTheHeaderIsRefused() {
    byte[] whole = FileBytes.of("{" + entry("t", "F32", "1", "0,4") + "}", new byte[4]);
    for (int size = 0; size < whole.length - 4; size++) {
      assertEquals(ErrorCode.FILE_TRUNCATED, refusal(Arrays.copyOf(whole, size)).code());
    }
  }

  @Test
  void anyDamagedByteIsReadOrRefused() {
    byte[] whole =
        FileBytes.of(
            "{\"__metadata__\":{\"a\":\"b\"}," + entry("t", "F32", "1", "0,4") + "}", new byte[4]);
    for (int i = 0; i < whole.length; i++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] damaged = whole.clone();
        damaged[i] ^= (byte) (1 << bit);
        try {
          read(damaged);
        } catch (ModelException e) {
          assertTrue(e.offset() >= 0, e.getMessage());
        }
      }
    }
  }
}
