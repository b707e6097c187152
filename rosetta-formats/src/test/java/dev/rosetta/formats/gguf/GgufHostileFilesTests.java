package dev.rosetta.formats.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.TensorEntry;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.ModelFormats;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufHostileFilesTests {
  private static final GgufFormat FORMAT = new GgufFormat();

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, 1L << 62, 1L << 58, 4})
  void countsBeyondTheFileAreRefused(long count) throws IOException {
    refused(ErrorCode.MALFORMED, "tensors", RawGguf.v3(count, 0).u64(0));
    refused(ErrorCode.MALFORMED, "keys", RawGguf.v3(0, count).u64(0));
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 32, 100})
  void lengthsBeyondTheFileAreRefused(long length) throws IOException {
    refused(ErrorCode.FILE_TRUNCATED, "key 0", RawGguf.v3(0, 1).u64(length).u64(0).u64(0));
    refused(ErrorCode.FILE_TRUNCATED, "'k'", RawGguf.v3(0, 1).key("k", 8).u64(length).u64(0));
    refused(
        ErrorCode.FILE_TRUNCATED, "tensor 0", RawGguf.v3(1, 0).u64(length).u64(0).u64(0).u64(0));
    for (int element = 0; element <= 12; element++) {
      refused(
          ErrorCode.FILE_TRUNCATED,
          "'k'",
          RawGguf.v3(0, 1).key("k", 9).u32(element).u64(length).u64(0).u64(0));
    }
  }

  @Test
  void unknownValueTypesAreRefused() throws IOException {
    for (long type : new long[] {13, 255, 0xffff_ffffL}) {
      refused(ErrorCode.MALFORMED, "type " + type, RawGguf.v3(0, 1).string("k").u32(type).u64(0));
      refused(
          ErrorCode.MALFORMED,
          "type " + type,
          RawGguf.v3(0, 1).key("k", 9).u32(type).u64(0).u64(0));
    }
  }

  @Test
  void arraysNestToADepthOfFour() throws IOException {
    try (ModelSource source = FORMAT.open(nested(4).write(folder, "nested4.gguf"))) {
      assertEquals(
          List.of(List.of(List.of(List.of(7L)))), source.metadata().value("k").orElseThrow());
    }
    refused(ErrorCode.LIMIT_EXCEEDED, "nests", nested(5));
    refused(ErrorCode.LIMIT_EXCEEDED, "nests", nested(3000));
  }

  private static RawGguf nested(int depth) {
    RawGguf file = RawGguf.v3(0, 1).key("k", 9);
    for (int i = 1; i < depth; i++) {
      file.u32(9).u64(1);
    }
    return file.u32(0).u64(1).u8(7);
  }

  @Test
  void namesAndKeysHaveALimit() throws IOException {
    refused(ErrorCode.LIMIT_EXCEEDED, "key 0", RawGguf.v3(0, 1).key("k".repeat(65_536), 0).u8(1));
    refused(
        ErrorCode.LIMIT_EXCEEDED, "tensor 0", RawGguf.v3(1, 0).tensor("t".repeat(1025), 0, 0, 1));
  }

  @Test
  void namesThatAreNotUtf8AreRefused() throws IOException {
    byte[] lone = {(byte) 0xff};
    refused(ErrorCode.MALFORMED, "UTF-8", RawGguf.v3(0, 1).u64(1).bytes(lone).u32(0).u8(1));
    refused(
        ErrorCode.MALFORMED,
        "UTF-8",
        RawGguf.v3(1, 0).u64(1).bytes(lone).u32(1).u64(1).u32(0).u64(0).u64(0));
    Path file = RawGguf.v3(0, 1).key("k", 8).u64(1).bytes(lone).write(folder, "value.gguf");
    try (ModelSource source = FORMAT.open(file)) {
      ModelException error = assertThrows(ModelException.class, () -> source.metadata().value("k"));
      assertEquals(ErrorCode.MALFORMED, error.code());
    }
  }

  @Test
  void moreThanFourDimensionsAreRefused() throws IOException {
    refused(ErrorCode.MALFORMED, "5 dim", RawGguf.v3(1, 0).tensor("t", 0, 0, 1, 1, 1, 1, 1));
    refused(ErrorCode.MALFORMED, "dimensions", RawGguf.v3(1, 0).string("t").u32(-1).u64(1).u64(1));
  }

  @Test
  void productsThatOverflowAreRefused() throws IOException {
    refused(
        ErrorCode.TENSOR_OUT_OF_BOUNDS,
        "'t'",
        RawGguf.v3(1, 0).tensor("t", 0, 0, 1L << 32, 1L << 32));
    refused(ErrorCode.TENSOR_OUT_OF_BOUNDS, "'t'", RawGguf.v3(1, 0).tensor("t", 0, 0, 1L << 61, 2));
    refused(ErrorCode.MALFORMED, "dimension", RawGguf.v3(1, 0).tensor("t", 0, 0, -1, 1));
    // The product wraps to 4 elements.
    refused(
        ErrorCode.TENSOR_OUT_OF_BOUNDS,
        "'t'",
        RawGguf.v3(1, 0).tensor("t", 0, 0, (1L << 62) + 1, 4).pad(32).bytes(new byte[32]));
    // The size fits, start plus size does not.
    refused(
        ErrorCode.TENSOR_OUT_OF_BOUNDS,
        "'t'",
        RawGguf.v3(1, 0).tensor("t", 24, Long.MAX_VALUE - 95, 4096).pad(32));
  }

  @Test
  void aZeroDimensionIsAnEmptyTensor() throws IOException {
    Path file = RawGguf.v3(1, 0).tensor("t", 12, 0, 256, 0, 3).pad(32).write(folder, "zero.gguf");
    try (ModelSource source = FORMAT.open(file)) {
      assertEquals(0, source.tensors().getFirst().byteSize());
      assertTrue(source.notes().isEmpty());
    }
  }

  /** The low byte of these counts is the brace that a SafeTensors header begins with. */
  @ParameterizedTest
  @ValueSource(ints = {123, 379})
  void aCountThatLooksLikeAnotherFormatIsNone(int tensors) throws IOException {
    RawGguf raw = RawGguf.v3(tensors, 0);
    for (int i = 0; i < tensors; i++) {
      raw.tensor("t" + i, 0, 32L * i, 8);
    }
    Path file = raw.pad(32).bytes(new byte[32 * tensors]).write(folder, "count.gguf");
    try (ModelSource source = ModelFormats.load().open(file)) {
      assertEquals("GGUF", source.format());
      assertEquals(tensors, source.tensors().size());
    }
  }

  @Test
  void anEmptyTensorMayLieBehindTheEndOfAFileThatLacksItsPadding() throws IOException {
    Path file = RawGguf.v3(1, 0).tensor("t", 0, 0, 0).write(folder, "unpadded.gguf");
    try (ModelSource source = FORMAT.open(file)) {
      assertTrue(source.tensors().getFirst().offset() > Files.size(file));
      source.read(source.tensors().getFirst(), 0, MemorySegment.ofArray(new byte[0]), 0);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 3, 24, 1L << 21, 1L << 31, 0xffff_ffffL})
  void alignmentIsAPowerOfTwo(long alignment) throws IOException {
    refused(
        ErrorCode.MALFORMED,
        "general.alignment",
        RawGguf.v3(0, 1).key("general.alignment", 4).u32(alignment));
  }

  @Test
  void alignmentIsUnsigned32Bit() throws IOException {
    refused(ErrorCode.MALFORMED, "i32", RawGguf.v3(0, 1).key("general.alignment", 5).u32(32));
  }

  @Test
  void offsetsAreMultiplesOfTheAlignment() throws IOException {
    refused(
        ErrorCode.MALFORMED,
        "alignment",
        RawGguf.v3(1, 0).tensor("t", 0, 16, 1).pad(32).bytes(new byte[64]));
  }

  @Test
  void offsetsThatWrapAreRefused() throws IOException {
    refused(
        ErrorCode.TENSOR_OUT_OF_BOUNDS,
        "'t'",
        RawGguf.v3(1, 0).tensor("t", 0, -32, 1).pad(32).bytes(new byte[64]));
  }

  @Test
  void dataBeyondTheFileIsANoteOnItsTensor() throws IOException {
    Path file =
        RawGguf.v3(3, 0)
            .tensor("whole", 0, 0, 8)
            .tensor("cut", 0, 32, 8)
            .tensor("away", 0, 1 << 20, 8)
            .pad(32)
            .bytes(new byte[63])
            .write(folder, "cut.gguf");
    try (ModelSource source = FORMAT.open(file)) {
      assertEquals(3, source.tensors().size());
      assertEquals(
          List.of("cut FILE_TRUNCATED", "away TENSOR_OUT_OF_BOUNDS"),
          source.notes().stream()
              .filter(note -> note.tensor() != null)
              .map(note -> note.tensor() + " " + note.code())
              .toList());
      MemorySegment target = MemorySegment.ofArray(new byte[32]);
      source.read(source.tensors().get(0), 0, target, 32);
      List<ErrorCode> codes = List.of(ErrorCode.FILE_TRUNCATED, ErrorCode.TENSOR_OUT_OF_BOUNDS);
      for (int i = 0; i < 2; i++) {
        TensorInfo tensor = source.tensors().get(i + 1);
        ModelException error =
            assertThrows(ModelException.class, () -> source.read(tensor, 0, target, 1));
        assertEquals(codes.get(i), error.code());
      }
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> source.read(source.tensors().get(0), 1, target, 32));
    }
  }

  @Test
  void aSparseFileOfAHundredGigabytesOpensByItsDirectoryAlone() throws IOException {
    long elements = 25L << 30;
    Path file = RawGguf.v3(1, 0).tensor("t", 0, 0, elements).pad(32).write(folder, "sparse.gguf");
    long size = Files.size(file) + 4 * elements;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {64}), size - 1);
    }
    try (ModelSource source = FORMAT.open(file)) {
      assertTrue(source.notes().isEmpty());
      byte[] last = new byte[4];
      source.read(source.tensors().getFirst(), 4 * elements - 4, MemorySegment.ofArray(last), 4);
      assertEquals(64, last[3]);
    }
  }

  @Test
  void tensorsThatShareBytesAreRefused() throws IOException {
    refused(
        ErrorCode.TENSOR_OUT_OF_BOUNDS,
        "'b'",
        RawGguf.v3(2, 0).tensor("a", 0, 0, 9).tensor("b", 0, 32, 1).pad(32).bytes(new byte[64]));
    refused(
        ErrorCode.TENSOR_OUT_OF_BOUNDS,
        "share",
        RawGguf.v3(2, 0).tensor("a", 0, 0, 1).tensor("b", 0, 0, 1).pad(32).bytes(new byte[64]));
  }

  @Test
  void holesOrderAndTailAreNotes() throws IOException {
    Path file =
        RawGguf.v3(2, 0)
            .tensor("a", 0, 64, 8)
            .tensor("b", 0, 0, 8)
            .pad(32)
            .bytes(new byte[200])
            .write(folder, "holes.gguf");
    try (ModelSource source = FORMAT.open(file)) {
      assertEquals(
          List.of("DATA_NOT_CONTIGUOUS", "TRAILING_BYTES"),
          source.notes().stream().map(SourceNote::code).toList());
    }
  }

  @Test
  void duplicatesAreRefused() throws IOException {
    refused(ErrorCode.MALFORMED, "'k'", RawGguf.v3(0, 2).key("k", 0).u8(1).key("k", 0).u8(1));
    refused(
        ErrorCode.TENSOR_DUPLICATED,
        "'a'",
        RawGguf.v3(2, 0).tensor("a", 0, 0, 1).tensor("a", 0, 32, 1).pad(32).bytes(new byte[64]));
  }

  @Test
  void unknownAndRemovedElementTypesAreRefused() throws IOException {
    for (long type : new long[] {4, 5, 31, 32, 33, 36, 37, 38, 43, 255, -1, Integer.MIN_VALUE}) {
      refused(
          ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
          "id ",
          RawGguf.v3(1, 0).tensor("t", (int) type, 0, 256).pad(32).bytes(new byte[1024]));
    }
  }

  @Test
  void rowsAreWholeBlocks() throws IOException {
    refused(
        ErrorCode.MALFORMED,
        "multiple",
        RawGguf.v3(1, 0).tensor("t", 12, 0, 128, 2).pad(32).bytes(new byte[144]));
  }

  @Test
  void otherVersionsAreRefused() throws IOException {
    for (int version : new int[] {0, 4, 0x0100_0000, 0x0200_0000, 0x0400_0000, -1}) {
      refused(
          ErrorCode.UNSUPPORTED_VERSION,
          "version",
          new RawGguf(version, java.nio.ByteOrder.LITTLE_ENDIAN, 0, 0));
    }
  }

  @Test
  void aBoolIsZeroOrOne() throws IOException {
    Path file = RawGguf.v3(0, 1).key("k", 7).u8(2).write(folder, "bool.gguf");
    try (ModelSource source = FORMAT.open(file)) {
      ModelException error = assertThrows(ModelException.class, () -> source.metadata().value("k"));
      assertTrue(error.getMessage().contains("'k'"), error.getMessage());
    }
  }

  @Test
  void aTokenizerOfTheWrongTypesOrLengthsIsRefusedWhenUsed() throws IOException {
    String tokens = "tokenizer.ggml.tokens";
    vocabularyRefused(tokens, RawGguf.v3(0, 1).key(tokens, 4).u32(1));
    vocabularyRefused(tokens, RawGguf.v3(0, 1).key(tokens, 9).u32(4).u64(1).u32(1));
    vocabularyRefused(
        "tokenizer.ggml.scores", twoTokens(1).key("tokenizer.ggml.scores", 9).u32(6).u64(1).u32(0));
    vocabularyRefused(
        "tokenizer.ggml.token_type",
        twoTokens(1).key("tokenizer.ggml.token_type", 9).u32(5).u64(3).u32(1).u32(1).u32(1));
    vocabularyRefused(
        "tokenizer.ggml.bos_token_id", twoTokens(1).key("tokenizer.ggml.bos_token_id", 4).u32(2));
    vocabularyRefused(
        "tokenizer.ggml.bos_token_id",
        twoTokens(1).key("tokenizer.ggml.bos_token_id", 11).u64(1L << 40));
    for (String merge : new String[] {"", "ab", "a ", " b"}) {
      vocabularyRefused(
          "tokenizer.ggml.merges",
          twoTokens(1).key("tokenizer.ggml.merges", 9).u32(8).u64(1).string(merge));
    }
    Path none =
        twoTokens(1).key("tokenizer.ggml.bos_token_id", 4).u32(-1).write(folder, "none.gguf");
    try (ModelSource source = FORMAT.open(none)) {
      assertTrue(source.vocabulary().orElseThrow().bos().isEmpty());
    }
  }

  private static RawGguf twoTokens(int furtherKeys) {
    return RawGguf.v3(0, 1 + furtherKeys)
        .key("tokenizer.ggml.tokens", 9)
        .u32(8)
        .u64(2)
        .string("a")
        .string("b");
  }

  private void vocabularyRefused(String named, RawGguf raw) throws IOException {
    try (ModelSource source = FORMAT.open(raw.write(folder, "vocabulary.gguf"))) {
      ModelException error = assertThrows(ModelException.class, source::vocabulary);
      assertEquals(ErrorCode.MALFORMED, error.code());
      assertTrue(error.getMessage().contains(named), error.getMessage());
    }
  }

  @Test
  void aFileCutAnywhereInItsHeaderIsRefused() throws IOException {
    byte[] whole = Files.readAllBytes(small());
    long dataStart;
    try (ModelSource source = FORMAT.open(folder.resolve("small.gguf"))) {
      dataStart = source.tensors().getFirst().offset();
      assertTrue(source.notes().isEmpty());
    }
    int headerEnd = new PlainGguf(folder.resolve("small.gguf")).headerEnd();
    for (int length = 0; length < whole.length; length++) {
      Path file = Files.write(folder.resolve("cut.gguf"), Arrays.copyOf(whole, length));
      if (length < headerEnd) {
        assertThrows(ModelException.class, () -> FORMAT.open(file).close(), "cut at " + length);
      } else {
        try (ModelSource source = FORMAT.open(file)) {
          assertEquals(
              length < dataStart + 8L * 4 + 34,
              source.notes().stream().anyMatch(note -> note.code().equals("FILE_TRUNCATED")),
              "cut at " + length);
        }
      }
    }
  }

  @Test
  void changedBytesEndInAModelOrAModelException() throws IOException {
    byte[] whole = Files.readAllBytes(small());
    long seed = 42;
    Random random = new Random(seed);
    int opened = 0;
    for (int round = 0; round < 2000; round++) {
      byte[] changed = whole.clone();
      for (int i = random.nextInt(3); i >= 0; i--) {
        changed[random.nextInt(changed.length)] = (byte) random.nextInt();
      }
      Path file = Files.write(folder.resolve("changed.gguf"), changed);
      FORMAT.recognizes(new FileHead(file, false, changed.length, changed));
      try (ModelSource source = FORMAT.open(file)) {
        opened++;
        for (String key : source.metadata().keys()) {
          source.metadata().value(key);
        }
        source.vocabulary();
      } catch (ModelException expected) {
        assertTrue(expected.getMessage() != null, "seed " + seed);
      }
    }
    assertTrue(opened > 100 && opened < 2000, opened + " opened");
  }

  @Test
  void directoriesAreRefusedAndOtherContentIsNotRecognised() {
    ModelException error = assertThrows(ModelException.class, () -> FORMAT.open(folder));
    assertEquals(ErrorCode.NOT_A_FILE, error.code());
    assertTrue(!FORMAT.recognizes(new FileHead(folder, true, 0, new byte[0])));
    assertTrue(!FORMAT.recognizes(new FileHead(folder, false, 3, new byte[] {'G', 'G', 'U'})));
    assertTrue(FORMAT.recognizes(new FileHead(folder, false, 4, new byte[] {'G', 'G', 'U', 'F'})));
    assertTrue(FORMAT.recognizes(new FileHead(folder, false, 4, new byte[] {'F', 'U', 'G', 'G'})));
  }

  /** A file with every type of value, a tokenizer and two tensors. */
  private Path small() {
    SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
    metadata.put("general.architecture", GgufValue.string("llama"));
    metadata.put("a.u8", new GgufValue(ValueType.U8, null, 255L));
    metadata.put("a.f32", GgufValue.f32(1e-6f));
    metadata.put("a.bool", GgufValue.bool(true));
    metadata.put("a.f64", new GgufValue(ValueType.F64, null, 0.1));
    metadata.put("tokenizer.ggml.tokens", GgufValue.array(ValueType.STRING, List.of("a", "b")));
    metadata.put("tokenizer.ggml.scores", GgufValue.array(ValueType.F32, List.of(0.0, -1.0)));
    metadata.put("tokenizer.ggml.token_type", GgufValue.array(ValueType.I32, List.of(1L, 3L)));
    metadata.put("tokenizer.ggml.merges", GgufValue.array(ValueType.STRING, List.of("a b")));
    metadata.put("tokenizer.ggml.bos_token_id", GgufValue.u32(1));
    Path file = folder.resolve("small.gguf");
    GgufWriter.write(
        file,
        metadata,
        List.of(
            TensorEntry.of("x.weight", ElementType.F32, List.of(2L, 4L), new byte[32]),
            TensorEntry.of("y.weight", ElementType.Q8_0, List.of(1L, 32L), new byte[34])));
    return file;
  }

  private void refused(ErrorCode code, String named, RawGguf raw) throws IOException {
    Path file = raw.write(folder, "refused.gguf");
    ModelException error = assertThrows(ModelException.class, () -> FORMAT.open(file).close());
    assertEquals(code, error.code(), error.getMessage());
    assertTrue(error.getMessage().contains(named), error.getMessage());
    assertEquals(file, error.path());
  }
}
