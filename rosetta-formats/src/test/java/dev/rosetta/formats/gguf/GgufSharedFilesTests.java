package dev.rosetta.formats.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("shared")
class GgufSharedFilesTests {
  private static final GgufFormat FORMAT = new GgufFormat();

  @Test
  void everyRealFileListsWhatAPlainReaderSees() throws IOException {
    List<Path> files = new ArrayList<>();
    files.addAll(ggufFiles(SharedData.path("real/vocab")));
    files.addAll(ggufFiles(SharedData.path("real/formats/gguf-v1-v2")));
    files.addAll(ggufFiles(SharedData.path("golden")));
    int single = 0;
    for (Path file : files) {
      String name = file.getFileName().toString();
      if (name.startsWith("pre-release") || name.matches(".*-of-\\d+\\.gguf")) {
        continue;
      }
      PlainGguf plain = new PlainGguf(file);
      try (ModelSource source = FORMAT.open(file)) {
        assertSame(plain, source);
      }
      single++;
    }
    assertTrue(single >= 45, single + " files");
  }

  private static void assertSame(PlainGguf plain, ModelSource source) {
    String file = source.path().toString();
    assertTrue(source.notes().isEmpty(), () -> file + " " + source.notes());
    assertEquals(List.copyOf(plain.metadata.keySet()), List.copyOf(source.metadata().keys()), file);
    for (Map.Entry<String, Object> entry : plain.metadata.entrySet()) {
      assertEquals(
          widened(entry.getValue()),
          source.metadata().value(entry.getKey()).orElseThrow(),
          file + " " + entry.getKey());
    }
    long alignment = (Long) plain.metadata.getOrDefault("general.alignment", 32L);
    long dataStart = (plain.headerEnd() + alignment - 1) / alignment * alignment;
    assertEquals(plain.tensors.size(), source.tensors().size(), file);
    for (int i = 0; i < plain.tensors.size(); i++) {
      PlainGguf.Tensor expected = plain.tensors.get(i);
      TensorInfo actual = source.tensors().get(i);
      assertEquals(expected.name(), actual.name(), file);
      assertEquals(expected.dims(), actual.dims(), file);
      assertEquals(expected.type(), GgmlTypes.id(actual.type()).orElseThrow(), file);
      assertEquals(dataStart + expected.offset(), actual.offset(), file + " " + actual.name());
    }
    Vocabulary vocabulary = source.vocabulary().orElseThrow();
    assertEquals(plain.metadata.get("tokenizer.ggml.tokens"), vocabulary.tokens(), file);
    assertEquals(
        plain.metadata.getOrDefault("tokenizer.ggml.merges", List.of()), vocabulary.merges(), file);
  }

  private static Object widened(Object value) {
    if (value instanceof Float f) {
      return Double.parseDouble(f.toString());
    }
    return value instanceof List<?> list
        ? list.stream().map(GgufSharedFilesTests::widened).toList()
        : value;
  }

  @Test
  void splitModelsAreReadFromTheirFirstFileOnly() throws IOException {
    List<Path> shards =
        ggufFiles(SharedData.path("golden")).stream()
            .filter(file -> file.getFileName().toString().matches(".*-of-\\d+\\.gguf"))
            .toList();
    assertTrue(shards.size() >= 2, shards.toString());
    for (Path shard : shards) {
      String name = shard.getFileName().toString();
      if (!name.contains("-00001-of-")) {
        ModelException error = assertThrows(ModelException.class, () -> FORMAT.open(shard));
        assertEquals(ErrorCode.MALFORMED, error.code());
        assertTrue(error.getMessage().contains("open "), error.getMessage());
        assertTrue(error.getMessage().contains("-00001-of-"), error.getMessage());
        continue;
      }
      List<PlainGguf.Tensor> expected = new ArrayList<>();
      int count = Integer.parseInt(name.substring(name.length() - 10, name.length() - 5));
      for (int i = 1; i <= count; i++) {
        String other = name.replace("-00001-of-", String.format("-%05d-of-", i));
        expected.addAll(new PlainGguf(shard.resolveSibling(other)).tensors);
      }
      try (ModelSource source = FORMAT.open(shard)) {
        assertEquals(count, source.files().size());
        assertEquals(
            expected.stream().map(PlainGguf.Tensor::name).toList(),
            source.tensors().stream().map(TensorInfo::name).toList());
        assertEquals(count - 1, source.tensors().getLast().file());
        assertTrue(source.notes().isEmpty(), source.notes().toString());
      }
    }
  }

  @Test
  void filesFromBeforeGgufAreRefusedByVersion() throws IOException {
    List<Path> files =
        ggufFiles(SharedData.path("real/formats/gguf-v1-v2")).stream()
            .filter(file -> file.getFileName().toString().startsWith("pre-release"))
            .toList();
    assertEquals(2, files.size());
    for (Path file : files) {
      ModelException error = assertThrows(ModelException.class, () -> FORMAT.open(file));
      assertEquals(ErrorCode.UNSUPPORTED_VERSION, error.code());
    }
  }

  @Test
  void aFileOfSixBytesIsTruncated() {
    Path file = SharedData.path("real/formats/truncated-6byte.gguf");
    ModelException error = assertThrows(ModelException.class, () -> FORMAT.open(file));
    assertEquals(ErrorCode.FILE_TRUNCATED, error.code());
  }

  @Test
  void theMissingShardIsNamed() {
    Path first = SharedData.path("hostile/gguf/splits/missing2/m-00001-of-00002.gguf");
    ModelException error = assertThrows(ModelException.class, () -> FORMAT.open(first));
    assertEquals(ErrorCode.NOT_FOUND, error.code());
    assertEquals(first.resolveSibling("m-00002-of-00002.gguf"), error.path());
  }

  static List<Path> ggufFiles(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(file -> file.toString().endsWith(".gguf")).sorted().toList();
    }
  }
}
