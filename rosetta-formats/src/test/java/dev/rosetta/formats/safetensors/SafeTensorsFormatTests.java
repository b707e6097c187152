package dev.rosetta.formats.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.ModelFormat;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SafeTensorsFormatTests {
  private static final String TWO =
      "{\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[4,6]},"
          + "\"a\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[0,4]}}";

  @TempDir Path dir;

  private static byte[] bytes(ModelSource source, TensorInfo tensor) {
    byte[] bytes = new byte[(int) tensor.byteSize()];
    source.read(tensor, 0, MemorySegment.ofArray(bytes), bytes.length);
    return bytes;
  }

  private static List<String> codes(ModelSource source) {
    return source.notes().stream().map(SourceNote::code).toList();
  }

  private static ErrorCode refusal(Path path) {
    return assertThrows(ModelException.class, () -> new SafeTensorsFormat().open(path)).code();
  }

  private Path text(String name, String text) {
    return FileBytes.write(dir.resolve(name), text.getBytes(UTF_8));
  }

  private Path shard(String name, String tensor) {
    return FileBytes.write(
        dir.resolve(name),
        FileBytes.of(
            "{\"" + tensor + "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
            (byte) tensor.charAt(0)));
  }

  @Test
  void theServiceLoaderFindsIt() {
    assertTrue(
        ServiceLoader.load(ModelFormat.class).stream()
            .anyMatch(p -> p.type() == SafeTensorsFormat.class));
  }

  @Test
  void aSingleFileIsReadAsItStates() {
    try (ModelSource source =
        FileBytes.open(dir.resolve("x"), FileBytes.of(TWO, new byte[] {1, 2, 3, 4, 5, 6}))) {
      assertEquals("SafeTensors", source.format());
      assertEquals(DimensionOrder.ROW_MAJOR, source.dimensionOrder());
      assertEquals(MetadataDialect.HUGGING_FACE, source.dialect());
      assertEquals(List.of(dir.resolve("x")), source.files());
      TensorInfo b = source.tensors().get(0);
      TensorInfo a = source.tensors().get(1);
      assertEquals("b", b.name());
      assertEquals(ElementType.U8, b.type());
      assertEquals(List.of(2L), b.dims());
      assertArrayEquals(new byte[] {5, 6}, bytes(source, b));
      assertEquals(ElementType.F16, a.type());
      assertEquals(List.of(1L, 2L), a.dims());
      assertArrayEquals(new byte[] {1, 2, 3, 4}, bytes(source, a));
      assertEquals(List.of("CONFIG_MISSING"), codes(source));
    }
  }

  @Test
  void readingIsConfinedToTheTensor() {
    try (ModelSource source =
        FileBytes.open(dir.resolve("x"), FileBytes.of(TWO, new byte[] {1, 2, 3, 4, 5, 6}))) {
      TensorInfo a = source.tensors().get(1);
      MemorySegment target = MemorySegment.ofArray(new byte[100]);
      for (long[] range : new long[][] {{0, 5}, {4, 1}, {-1, 1}, {0, -1}, {1, Long.MAX_VALUE}}) {
        assertThrows(
            IndexOutOfBoundsException.class, () -> source.read(a, range[0], target, range[1]));
      }
      source.read(a, 3, target, 1);
      assertEquals(4, target.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0));
    }
  }

  @Test
  void dataThatIsNotInTheFileIsNotRead() {
    byte[] cut =
        FileBytes.of(
            "{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", new byte[5]);
    try (ModelSource source = FileBytes.open(dir.resolve("cut.safetensors"), cut)) {
      MemorySegment target = MemorySegment.ofArray(new byte[8]);
      ModelException error =
          assertThrows(
              ModelException.class, () -> source.read(source.tensors().getFirst(), 0, target, 8));
      assertEquals(ErrorCode.FILE_TRUNCATED, error.code());
    }
  }

  @Test
  void contentIsRecognizedWhateverTheName() throws IOException {
    SafeTensorsFormat format = new SafeTensorsFormat();
    Path file = FileBytes.write(dir.resolve("model.gguf"), FileBytes.of("{}"));
    assertTrue(format.recognizes(FileBytes.head(file)));
    Path cut = text("cut", "\7\0\0\0\0\0\0\0{");
    assertTrue(format.recognizes(FileBytes.head(cut)));
    for (String other :
        List.of("GGUF\3\0\0\0{", "APR1\2\0\0\0{}", "", "{", "12345678", "{\"a\":1}")) {
      assertFalse(format.recognizes(FileBytes.head(text("other", other))), other);
    }
  }

  @Test
  void aRecordingIsNoModel() throws IOException {
    SafeTensorsFormat format = new SafeTensorsFormat();
    String entry = ":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[0,0]}";
    String metadata = "{\"__metadata__\":{\"tokens\":\"\\\"}\"},";
    for (String header :
        List.of(
            "{\"tokens\"" + entry + ",\"layers.0.q\"" + entry + "}",
            metadata + "\"logits\"" + entry + "}")) {
      Path path = FileBytes.write(dir.resolve("trace"), FileBytes.of(header));
      assertFalse(format.recognizes(FileBytes.head(path)), header);
    }
    for (String header :
        List.of(
            "{}",
            metadata + "\"lm_head.weight\"" + entry + "}",
            "{\"tokens\"" + entry + ",\"layers.0.q.weight\"" + entry + "}")) {
      Path path = FileBytes.write(dir.resolve("model"), FileBytes.of(header));
      assertTrue(format.recognizes(FileBytes.head(path)), header);
    }
  }

  @Test
  void theConfigBesideAFileIsItsMetadata() {
    text("config.json", "{\"hidden_size\": 64, \"rope_theta\": 1e6, \"x\": null}");
    try (ModelSource source =
        FileBytes.open(
            dir.resolve("model.safetensors"),
            FileBytes.of("{\"__metadata__\":{\"format\":\"pt\"}}"))) {
      assertEquals(Optional.of(64L), source.metadata().value("hidden_size"));
      assertEquals(Optional.of(1e6), source.metadata().value("rope_theta"));
      assertEquals(Optional.empty(), source.metadata().value("x"));
      assertEquals(Optional.of("pt"), source.metadata().value("__metadata__.format"));
      assertEquals(List.of("CONFIG_BESIDE"), codes(source));
    }
  }

  /** What is written about weights belongs to them: one change makes another model. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors.index.json",
        "model-00001-of-00001.safetensors"
      })
  void aChangeOfAnyFileThatWasReadIsNoticed(String changed) throws IOException {
    shard("model-00001-of-00001.safetensors", "a");
    text(
        "model.safetensors.index.json",
        "{\"weight_map\":{\"a\":\"model-00001-of-00001.safetensors\"}}");
    text("config.json", "{}");
    text("tokenizer.json", "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}");
    text("tokenizer_config.json", "{}");
    try (ModelSource source = new SafeTensorsFormat().open(dir)) {
      assertTrue(source.vocabulary().isPresent());
      source.requireUnchanged();
      Files.setLastModifiedTime(dir.resolve(changed), FileTime.fromMillis(1_000_000_000_000L));
      ModelException error = assertThrows(ModelException.class, source::requireUnchanged);
      assertEquals(ErrorCode.FILE_CHANGED, error.code());
      assertEquals(dir.resolve(changed), error.path());
    }
  }

  @Test
  void aConfigThatIsNoObjectIsRefused() {
    shard("model.safetensors", "a");
    text("config.json", "[1]");
    assertEquals(ErrorCode.MALFORMED, refusal(dir));
    text("config.json", "{\"a\":1");
    assertEquals(ErrorCode.MALFORMED, refusal(dir));
  }

  @Test
  void aDirectoryIsItsModel() throws IOException {
    SafeTensorsFormat format = new SafeTensorsFormat();
    assertFalse(format.recognizes(FileBytes.head(dir)));
    text("config.json", "{}");
    assertTrue(format.recognizes(FileBytes.head(dir)));
    assertEquals(ErrorCode.NOT_FOUND, refusal(dir));
    shard("adapter.safetensors", "x");
    try (ModelSource source = format.open(dir)) {
      assertEquals("x", source.tensors().getFirst().name());
    }
    shard("other.safetensors", "y");
    assertEquals(ErrorCode.UNKNOWN_FORMAT, refusal(dir));
    shard("model.safetensors", "z");
    try (ModelSource source = format.open(dir)) {
      assertEquals("z", source.tensors().getFirst().name());
      assertEquals(dir, source.path());
    }
  }

  @Test
  void shardsAreFoundFromTheIndexFromAnyShardAndFromTheDirectory() throws IOException {
    SafeTensorsFormat format = new SafeTensorsFormat();
    shard("model-00001-of-00002.safetensors", "a");
    shard("model-00002-of-00002.safetensors", "b");
    Path index =
        text(
            "model.safetensors.index.json",
            "{\"metadata\":{\"total_size\":2},\"weight_map\":{\"b\":"
                + "\"model-00002-of-00002.safetensors\",\"a\":\"model-00001-of-00002.safetensors\"}}");
    assertTrue(format.recognizes(FileBytes.head(index)));
    for (Path start :
        List.of(
            index,
            dir,
            dir.resolve("model-00001-of-00002.safetensors"),
            dir.resolve("model-00002-of-00002.safetensors"))) {
      try (ModelSource source = format.open(start)) {
        assertEquals(start, source.path());
        assertEquals(2, source.files().size());
        assertEquals(List.of("a", "b"), source.tensors().stream().map(TensorInfo::name).toList());
        assertArrayEquals(new byte[] {'b'}, bytes(source, source.tensors().get(1)));
        assertEquals(List.of("CONFIG_MISSING"), codes(source));
      }
    }
    Files.delete(index);
    try (ModelSource source = format.open(dir)) {
      assertEquals(List.of("INDEX_MISSING", "CONFIG_MISSING"), codes(source));
      assertEquals(2, source.tensors().size());
    }
    Files.delete(dir.resolve("model-00001-of-00002.safetensors"));
    assertEquals(ErrorCode.NOT_FOUND, refusal(dir.resolve("model-00002-of-00002.safetensors")));
    assertEquals(ErrorCode.MALFORMED, refusal(shard("m-00000-of-00000.safetensors", "q")));
  }

  @Test
  void anIndexThatContradictsItsShardsIsNoted() {
    shard("s", "a");
    shard("t", "b");
    Path index = text("i.json", "{\"weight_map\":{\"a\":\"t\",\"b\":\"t\",\"c\":\"s\"}}");
    try (ModelSource source = new SafeTensorsFormat().open(index)) {
      assertEquals(List.of("INDEX_MISMATCH", "TENSOR_MISSING", "CONFIG_MISSING"), codes(source));
      assertEquals("a", source.notes().get(0).tensor());
      assertEquals(Severity.WARNING, source.notes().get(0).severity());
      assertEquals("c", source.notes().get(1).tensor());
      assertEquals(Severity.ERROR, source.notes().get(1).severity());
    }
  }

  @Test
  void aTensorInTwoShardsIsRefused() {
    shard("s", "a");
    shard("t", "a");
    assertEquals(
        ErrorCode.TENSOR_DUPLICATED,
        refusal(text("i.json", "{\"weight_map\":{\"c\":\"t\",\"b\":\"s\"}}")));
  }

  @Test
  void anIndexCannotLeadOutOfItsDirectory() throws IOException {
    shard("s", "a");
    Path inner = Files.createDirectory(dir.resolve("inner"));
    for (String name :
        List.of(
            "../s",
            "..",
            ".",
            "",
            "/etc/passwd",
            "inner/../../s",
            "..\\\\s",
            "C:s",
            "a\\u0000b",
            "https://host/s",
            dir.resolve("s").toString())) {
      Path index = inner.resolve("i.json");
      FileBytes.write(index, ("{\"weight_map\":{\"a\":\"" + name + "\"}}").getBytes(UTF_8));
      assertEquals(ErrorCode.MALFORMED, refusal(index), name);
    }
    Files.createSymbolicLink(inner.resolve("link"), dir.resolve("s"));
    Path index = inner.resolve("i.json");
    FileBytes.write(index, "{\"weight_map\":{\"a\":\"link\"}}".getBytes(UTF_8));
    assertEquals(ErrorCode.UNREADABLE, refusal(index));
    FileBytes.write(index, "{\"weight_map\":{\"a\":\"absent\"}}".getBytes(UTF_8));
    assertEquals(ErrorCode.NOT_FOUND, refusal(index));
    Files.createDirectory(inner.resolve("folder"));
    FileBytes.write(index, "{\"weight_map\":{\"a\":\"folder\"}}".getBytes(UTF_8));
    assertEquals(ErrorCode.NOT_A_FILE, refusal(index));
    for (String bad :
        List.of("{}", "{\"weight_map\":[]}", "{\"weight_map\":{}}", "{\"weight_map\":{\"a\":1}}")) {
      FileBytes.write(index, bad.getBytes(UTF_8));
      assertEquals(ErrorCode.MALFORMED, refusal(index), bad);
    }
  }

  @Test
  void theLinksOfTheHubCacheAreFollowed() throws IOException {
    Path blobs = Files.createDirectories(dir.resolve("models--o--n/blobs"));
    Path snapshot = Files.createDirectories(dir.resolve("models--o--n/snapshots/0123"));
    FileBytes.write(blobs.resolve("w"), FileBytes.of("{}"));
    FileBytes.write(blobs.resolve("c"), "{\"model_type\":\"llama\"}".getBytes(UTF_8));
    Files.createSymbolicLink(snapshot.resolve("model.safetensors"), Path.of("../../blobs/w"));
    Files.createSymbolicLink(snapshot.resolve("config.json"), Path.of("../../blobs/c"));
    try (ModelSource source = new SafeTensorsFormat().open(snapshot)) {
      assertEquals(Optional.of("llama"), source.metadata().value("model_type"));
    }
    Files.delete(blobs.resolve("c"));
    FileBytes.write(dir.resolve("c"), "{}".getBytes(UTF_8));
    Files.createSymbolicLink(blobs.resolve("c"), dir.resolve("c"));
    assertEquals(ErrorCode.UNREADABLE, refusal(snapshot));
  }

  @Test
  void secondaryFilesMustBeRegular() throws IOException {
    shard("model.safetensors", "a");
    Files.createDirectory(dir.resolve("config.json"));
    assertEquals(ErrorCode.NOT_A_FILE, refusal(dir));
    Files.delete(dir.resolve("config.json"));
    Files.createSymbolicLink(dir.resolve("config.json"), dir.resolve("nowhere"));
    assertEquals(ErrorCode.UNREADABLE, refusal(dir));
  }

  @Test
  void recognizingNeverThrows() {
    SafeTensorsFormat format = new SafeTensorsFormat();
    byte[] header = FileBytes.of(TWO, new byte[6]);
    for (int i = 0; i < header.length; i++) {
      for (int value : new int[] {0, '"', '\\', '{', '}', 0xff}) {
        byte[] damaged = header.clone();
        damaged[i] = (byte) value;
        format.recognizes(
            new FileHead(dir, false, i, java.util.Arrays.copyOf(damaged, (i * 7) % header.length)));
      }
    }
    assertFalse(format.recognizes(new FileHead(dir.resolve("absent"), true, 0, new byte[0])));
  }
}
