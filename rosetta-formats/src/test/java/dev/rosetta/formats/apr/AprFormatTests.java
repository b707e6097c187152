package dev.rosetta.formats.apr;

import static dev.rosetta.formats.apr.V2File.dims;
import static dev.rosetta.formats.apr.V2File.floats;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.ModelFormat;
import dev.rosetta.spi.ModelFormats;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AprFormatTests {
  @TempDir Path dir;

  private static V2File twoTensors() {
    return new V2File()
        .add("a.weight", 0, dims(2, 3), floats(1, 2, 3, 4, 5, 6))
        .add("b.weight", 0, dims(2), floats(7, 8));
  }

  private ModelSource open(byte[] bytes) {
    return new AprFormat().open(V2File.write(dir.resolve("model.apr"), bytes));
  }

  private ModelException refusal(byte[] bytes) {
    return assertThrows(ModelException.class, () -> open(bytes).close());
  }

  private static Set<String> codes(ModelSource source) {
    Set<String> codes = new TreeSet<>();
    for (SourceNote note : source.notes()) {
      codes.add(note.code());
    }
    return codes;
  }

  private static byte[] data(ModelSource source, String name) {
    TensorInfo tensor = tensor(source, name);
    byte[] data = new byte[(int) tensor.byteSize()];
    source.read(tensor, 0, MemorySegment.ofArray(data), data.length);
    return data;
  }

  private static TensorInfo tensor(ModelSource source, String name) {
    return source.tensors().stream().filter(t -> t.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void isFoundAsAService() {
    assertTrue(
        ServiceLoader.load(ModelFormat.class).stream()
            .anyMatch(provider -> provider.type() == AprFormat.class));
  }

  @Test
  void recognizesByContent() {
    AprFormat format = new AprFormat();
    assertTrue(format.recognizes(new FileHead(Path.of("x"), false, 64, twoTensors().bytes())));
    assertFalse(format.recognizes(new FileHead(Path.of("x.apr"), false, 4, new byte[4])));
    assertFalse(format.recognizes(new FileHead(Path.of("x.apr"), false, 2, new byte[] {65, 80})));
    assertFalse(format.recognizes(new FileHead(Path.of("x.apr"), true, 0, new byte[0])));
  }

  /** Where these have a brace, a SafeTensors header begins with one. */
  @Test
  void noOtherFormatClaimsAFileOfTheseFamilies() {
    V2File many = new V2File();
    for (int i = 0; i < 123; i++) {
      many.add("t" + i, 0, dims(1), floats(i));
    }
    String apr1 = "APR1\2\0\0\0{}\0\0\0\0\2\0\0\0[]";
    for (byte[] file : List.of(many.bytes(), apr1.getBytes(StandardCharsets.ISO_8859_1))) {
      Path path = V2File.write(dir.resolve("claimed.apr"), file);
      try (ModelSource source = ModelFormats.load().open(path)) {
        assertEquals("APR", source.format());
      }
    }
    byte[] dump = "APRT\0\0\0\0{\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
    Path path = V2File.write(dir.resolve("dump.bin"), Arrays.copyOf(dump, 12 + 4 * 123));
    assertEquals("APRT", ModelFormats.load().trace(path).orElseThrow().name());
  }

  @Test
  void aCanonicalFileIsReadWithoutNotes() {
    try (ModelSource source = open(twoTensors().bytes())) {
      assertEquals(List.of(), source.notes());
      assertEquals(List.of(2L, 3L), tensor(source, "a.weight").dims());
      assertEquals(ElementType.F32, tensor(source, "a.weight").type());
      assertArrayEquals(floats(1, 2, 3, 4, 5, 6), data(source, "a.weight"));
      assertArrayEquals(floats(7, 8), data(source, "b.weight"));
      assertEquals("llama", source.metadata().value("architecture").orElseThrow());
      assertTrue(source.vocabulary().isEmpty());
    }
  }

  @Test
  void readingStaysInsideTheTensor() {
    try (ModelSource source = open(twoTensors().bytes())) {
      TensorInfo tensor = tensor(source, "b.weight");
      MemorySegment target = MemorySegment.ofArray(new byte[64]);
      source.read(tensor, 8, target, 0);
      assertThrows(IndexOutOfBoundsException.class, () -> source.read(tensor, 0, target, 9));
      assertThrows(IndexOutOfBoundsException.class, () -> source.read(tensor, 5, target, 4));
      assertThrows(IndexOutOfBoundsException.class, () -> source.read(tensor, -1, target, 1));
      assertThrows(
          IndexOutOfBoundsException.class, () -> source.read(tensor, 1, target, Long.MAX_VALUE));
    }
  }

  @Test
  void aChangedByteAnywhereIsNoticed() {
    byte[] good = twoTensors().bytes();
    for (int i = 0; i < good.length; i++) {
      byte[] changed = good.clone();
      changed[i] ^= 0x10;
      boolean noticed;
      try (ModelSource source = open(changed)) {
        noticed = source.notes().stream().anyMatch(note -> note.severity() == Severity.ERROR);
      } catch (ModelException e) {
        noticed = true;
      }
      assertTrue(noticed, "byte " + i);
    }
  }

  @Test
  void aFileCutAnywhereIsRefusedOrNoted() {
    byte[] good = twoTensors().bytes();
    for (int length = 0; length < good.length; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      try (ModelSource source = open(cut)) {
        Set<String> codes = codes(source);
        boolean dataIsThere = length >= good.length - 4 - 56;
        assertEquals(!dataIsThere, codes.contains("FILE_TRUNCATED"), length + ": " + codes);
        assertTrue(
            !dataIsThere
                || codes.contains("FOOTER_MISSING")
                || codes.contains("BYTES_UNREFERENCED")
                || codes.contains("CHECKSUM_MISMATCH"));
        if (!dataIsThere) {
          assertEquals(
              ErrorCode.FILE_TRUNCATED,
              assertThrows(ModelException.class, () -> data(source, "b.weight")).code());
        }
      } catch (ModelException e) {
        assertTrue(
            e.code() == ErrorCode.FILE_TRUNCATED && length < good.length - 132,
            length + ": " + e.getMessage());
      }
    }
  }

  @Test
  void offsetsOutsideTheFileAreNotedAndNotRead() {
    for (long offset : new long[] {1 << 20, Long.MAX_VALUE, -64, Long.MIN_VALUE}) {
      V2File file =
          twoTensors()
              .add("c".getBytes(StandardCharsets.UTF_8), 0, dims(1), new byte[0], offset, 4);
      try (ModelSource source = open(file.bytes())) {
        SourceNote note = source.notes().getFirst();
        assertEquals("TENSOR_OUT_OF_BOUNDS", note.code());
        assertEquals("c", note.tensor());
        assertEquals(
            ErrorCode.TENSOR_OUT_OF_BOUNDS,
            assertThrows(ModelException.class, () -> data(source, "c")).code());
        assertArrayEquals(floats(7, 8), data(source, "b.weight"));
      }
    }
  }

  @Test
  void overlappingTensorsAreNotedAndNotRead() {
    V2File file =
        twoTensors().add("c".getBytes(StandardCharsets.UTF_8), 0, dims(2), new byte[0], 64, 8);
    try (ModelSource source = open(file.bytes())) {
      assertEquals(
          List.of("b.weight", "c"),
          source.notes().stream()
              .filter(note -> note.code().equals("TENSOR_OUT_OF_BOUNDS"))
              .map(SourceNote::tensor)
              .toList());
      assertThrows(ModelException.class, () -> data(source, "c"));
      assertArrayEquals(floats(1, 2, 3, 4, 5, 6), data(source, "a.weight"));
    }
  }

  @Test
  void everyVariantOfProducersIsNamed() {
    V2File realizar = new V2File();
    realizar.padding = 4;
    realizar.footer = false;
    realizar.headerCrc = false;
    realizar.flags = 0;
    realizar.magic = "APR2";
    realizar
        .metadata("{\"n_layer\":1} ")
        .add("b", 0, dims(3), floats(1, 2, 3))
        .add("Z", 0, dims(), floats(9))
        .add("empty", 0, dims(0, 4), new byte[0]);
    try (ModelSource source = open(realizar.bytes())) {
      assertEquals(
          Set.of(
              "MAGIC_APR2",
              "HEADER_UNCHECKED",
              "INDEX_UNSORTED",
              "DATA_UNALIGNED",
              "KEY_ALIAS",
              "FOOTER_MISSING"),
          codes(source));
      assertArrayEquals(floats(9), data(source, "Z"));
      assertEquals(0, data(source, "empty").length);
    }
  }

  @Test
  void flagsThatCannotBeHonouredAreRefused() {
    for (int flag : new int[] {0x0004, 0x0800, 0x0c00}) {
      V2File file = twoTensors();
      file.flags = flag;
      ModelException refusal = refusal(file.bytes());
      assertEquals(ErrorCode.UNSUPPORTED_VERSION, refusal.code());
      assertEquals(6, refusal.offset());
    }
  }

  @Test
  void namesMustBeUniqueTextThatIsNotEmpty() {
    assertEquals(
        ErrorCode.TENSOR_DUPLICATED,
        refusal(twoTensors().add("b.weight", 0, dims(1), floats(1)).bytes()).code());
    assertEquals(
        ErrorCode.MALFORMED, refusal(twoTensors().add("", 0, dims(1), floats(1)).bytes()).code());
    assertEquals(
        ErrorCode.MALFORMED,
        refusal(
                twoTensors()
                    .add(new byte[] {'a', (byte) 0xff}, 0, dims(1), floats(1), 128, 4)
                    .bytes())
            .code());
  }

  @Test
  void dimensionsThatOverflowAreRefused() {
    for (long[] dims :
        new long[][] {
          dims(1L << 62, 4), dims(-1), dims(1L << 62, 4, 0), dims(1, 1, 1, 1, 1, 1, 1, 1, 1)
        }) {
      ModelException refusal = refusal(twoTensors().add("c", 0, dims, floats(1)).bytes());
      assertTrue(
          refusal.code() == ErrorCode.MALFORMED || refusal.code() == ErrorCode.LIMIT_EXCEEDED);
    }
  }

  @Test
  void sizesAndCodesMustAgree() {
    assertEquals(
        ErrorCode.MALFORMED,
        refusal(twoTensors().add("c", 0, dims(3), new byte[11]).bytes()).code());
    assertEquals(
        ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
        refusal(twoTensors().add("c", 130, dims(1), floats(1)).bytes()).code());
    byte[] name = {'c'};
    assertEquals(
        ErrorCode.MALFORMED,
        refusal(twoTensors().add(name, 0, dims(1L << 62), floats(1), 128, -1).bytes()).code());
  }

  @Test
  void theScaleOfAprQ8ComesFromTheFile() {
    byte[] blob = {0, 0, 0, 0x3f, 1, -2, 3};
    try (ModelSource source = open(new V2File().add("q", 129, dims(3), blob).bytes())) {
      TensorInfo tensor = tensor(source, "q");
      assertEquals(ElementType.APR_Q8, tensor.type());
      assertEquals(0.5f, tensor.scale());
      assertEquals(3, tensor.byteSize());
      assertArrayEquals(new byte[] {1, -2, 3}, data(source, "q"));
      assertEquals(List.of(), source.notes());
    }
  }

  @Test
  void sizeTellsPaddedRowsFromFlatBlocks() {
    V2File file =
        new V2File()
            .add("flat", 12, dims(8, 288), new byte[9 * 144])
            .add("padded", 12, dims(8, 288), new byte[16 * 144])
            .add("same", 12, dims(8, 256), new byte[8 * 144])
            .add("vector", 14, dims(300), new byte[2 * 210])
            .add("z.either", 12, dims(2, 255), new byte[2 * 144]);
    try (ModelSource source = open(file.bytes())) {
      assertEquals(BlockLayout.FLAT, tensor(source, "flat").layout());
      assertEquals(BlockLayout.ROW_ALIGNED, tensor(source, "padded").layout());
      assertEquals(BlockLayout.ROW_ALIGNED, tensor(source, "same").layout());
      assertEquals(BlockLayout.FLAT, tensor(source, "vector").layout());
      assertEquals(BlockLayout.ROW_ALIGNED, tensor(source, "z.either").layout());
      assertEquals(Set.of("ROWS_PADDED", "TYPE_AMBIGUOUS"), codes(source));
    }
  }

  @Test
  void twoSpellingsOfOneFieldAreAWarning() {
    V2File file = twoTensors().metadata("{\"num_layers\":null,\"n_layers\":2,\"n_embd\":8}");
    try (ModelSource source = open(file.bytes())) {
      assertEquals(Set.of("KEY_CONFLICT", "KEY_ALIAS"), codes(source));
      assertTrue(source.metadata().value("num_layers").isEmpty());
      assertEquals(2L, source.metadata().value("n_layers").orElseThrow());
    }
  }

  @Test
  void ofADuplicateKeyTheLastCountsAndAWarningSaysSo() {
    V2File file = twoTensors().metadata("{\"hidden_size\":null,\"hidden_size\":8}");
    try (ModelSource source = open(file.bytes())) {
      assertEquals(Set.of("DUPLICATE_KEY"), codes(source));
      assertEquals(8L, source.metadata().value("hidden_size").orElseThrow());
    }
  }

  @Test
  void metadataMustBeAnObject() {
    for (String json : new String[] {"null", "[]", "{", "", "{}x", "[".repeat(100)}) {
      assertTrue(
          Set.of(ErrorCode.MALFORMED, ErrorCode.LIMIT_EXCEEDED)
              .contains(refusal(twoTensors().metadata(json).bytes()).code()),
          json);
    }
  }

  @Test
  void theTokenizerComesFromTheMetadata() {
    V2File file =
        twoTensors()
            .metadata(
                """
                {"tokenizer.vocabulary":["<s>","a","b"],"tokenizer.merges":["a b"],\
                "tokenizer.scores":[0,-1.5,2],"tokenizer.token_type":[3,1,1],\
                "tokenizer.model":"llama","tokenizer.pre_type":"qwen2","tokenizer.bos_token_id":0,\
                "tokenizer.add_bos_token":true,"chat_template":"{{x}}"}\
                """);
    try (ModelSource source = open(file.bytes())) {
      Vocabulary vocabulary = source.vocabulary().orElseThrow();
      assertEquals("llama", vocabulary.model());
      assertEquals("qwen2", vocabulary.preTokenizer());
      assertEquals(List.of("<s>", "a", "b"), vocabulary.tokens());
      assertEquals(List.of("a b"), vocabulary.merges());
      assertArrayEquals(new float[] {0, -1.5f, 2}, vocabulary.scores());
      assertArrayEquals(new int[] {3, 1, 1}, vocabulary.types());
      assertEquals(OptionalInt.of(0), vocabulary.bos());
      assertEquals(OptionalInt.empty(), vocabulary.eos());
      assertEquals(true, vocabulary.addBos());
      assertEquals("{{x}}", vocabulary.chatTemplate());
    }
  }

  @Test
  void aMalformedTokenizerIsAnErrorOnlyWhenItIsUsed() {
    for (String keys :
        new String[] {
          "\"tokenizer.vocabulary\":[1]",
          "\"tokenizer.vocabulary\":\"abc\"",
          "\"tokenizer.vocabulary\":[\"a\"],\"tokenizer.scores\":[1,2]",
          "\"tokenizer.vocabulary\":[\"a\"],\"tokenizer.token_type\":[-1]",
          "\"tokenizer.vocabulary\":[\"a\"],\"tokenizer.merges\":[null]",
          "\"tokenizer.vocabulary\":[\"a\"],\"tokenizer.bos_token_id\":4294967296",
          "\"tokenizer.vocabulary\":[\"a\"],\"tokenizer.eos_token_id\":1",
          "\"tokenizer.vocabulary\":[\"a\"],\"tokenizer.padding_token_id\":-2",
          "\"tokenizer.vocabulary\":[\"a\"],\"tokenizer.add_bos_token\":\"yes\"",
        }) {
      try (ModelSource source = open(twoTensors().metadata("{" + keys + "}").bytes())) {
        assertEquals(
            ErrorCode.MALFORMED,
            assertThrows(ModelException.class, source::vocabulary, keys).code());
      }
    }
  }

  @Test
  void anIdOfNoneIsNoSpecialToken() {
    for (String none : new String[] {"null", "-1", "4294967295"}) {
      String keys = "{\"tokenizer.vocabulary\":[\"a\"],\"tokenizer.bos_token_id\":" + none + "}";
      try (ModelSource source = open(twoTensors().metadata(keys).bytes())) {
        assertTrue(source.vocabulary().orElseThrow().bos().isEmpty(), none);
      }
    }
  }

  @Test
  void longListsAreDecodedWhenAskedForAndListedWithout() {
    String json =
        "{\"tokenizer.vocabulary\" : [\"a\\\"]\", \"\\\\\",\"{\"],"
            + " \"x\":[\"tokenizer.merges\",[1]],\"tokenizer.scores\":[0,"
            + " -1e2],\"tokenizer.token_type\":[ ],\"tokenizer.merges\":null,"
            + "\"y\":{\"tokenizer.merges\":[2]}}";
    try (ModelSource source = open(twoTensors().metadata(json).bytes())) {
      Metadata metadata = source.metadata();
      assertEquals(
          List.of("a\"]", "\\", "{"), metadata.value("tokenizer.vocabulary").orElseThrow());
      assertEquals("string[3]", metadata.typeName("tokenizer.vocabulary"));
      assertEquals(List.of(0L, -100.0), metadata.value("tokenizer.scores").orElseThrow());
      assertEquals(List.of(), metadata.value("tokenizer.token_type").orElseThrow());
      assertEquals("array[0]", metadata.typeName("tokenizer.token_type"));
      assertTrue(metadata.value("tokenizer.merges").isEmpty());
      assertEquals(List.of("tokenizer.merges", List.of(1L)), metadata.value("x").orElseThrow());
      assertEquals(Map.of("tokenizer.merges", List.of(2L)), metadata.value("y").orElseThrow());
    }
  }

  @Test
  void anErrorInsideALongListNamesItsByte() {
    String json = "{\"tokenizer.vocabulary\":[\"a\",b]}";
    try (ModelSource source = open(twoTensors().metadata(json).bytes())) {
      ModelException error = assertThrows(ModelException.class, source::vocabulary);
      assertEquals(ErrorCode.MALFORMED, error.code());
      assertTrue(Math.abs(error.offset() - (64 + json.indexOf('b', 25))) <= 1, "" + error.offset());
    }
  }
}
