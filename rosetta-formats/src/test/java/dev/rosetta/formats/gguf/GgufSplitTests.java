package dev.rosetta.formats.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.TensorEntry;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufSplitTests {
  private static final GgufFormat FORMAT = new GgufFormat();

  @TempDir Path folder;

  @Test
  void aSplitModelListsTheTensorsOfAllItsFiles() {
    Path first = shard(0, 2, 2, "a");
    shard(1, 2, 2, "b");
    try (ModelSource source = FORMAT.open(first)) {
      assertEquals(List.of("a", "b"), source.tensors().stream().map(TensorInfo::name).toList());
      assertEquals(2, source.files().size());
      byte[] value = new byte[4];
      source.read(source.tensors().get(1), 0, MemorySegment.ofArray(value), 4);
      assertEquals('b', value[0]);
    }
  }

  @Test
  void theFirstFileIsTheOneToOpen() {
    shard(0, 2, 2, "a");
    Path second = shard(1, 2, 2, "b");
    refused(ErrorCode.MALFORMED, "m-00001-of-00002.gguf", second);
  }

  @Test
  void aMissingFileIsNamed() {
    Path first = shard(0, 3, 2, "a");
    shard(2, 3, 2, "b");
    ModelException error = refused(ErrorCode.NOT_FOUND, "2 of 3", first);
    assertEquals(folder.resolve("m-00002-of-00003.gguf"), error.path());
  }

  @Test
  void filesOfAnotherModelAreRefused() throws IOException {
    Path first = shard(0, 2, 2, "a");
    Files.copy(shard(1, 3, 2, "b"), folder.resolve("m-00002-of-00002.gguf"));
    refused(ErrorCode.MALFORMED, "split.count is 3", first);
  }

  @Test
  void tensorsAreCountedAndUnique() {
    Path first = shard(0, 2, 3, "a");
    shard(1, 2, 3, "b");
    refused(ErrorCode.MALFORMED, "split.tensors.count", first);
    Path twice = shard(0, 2, 2, "b");
    refused(ErrorCode.TENSOR_DUPLICATED, "'b'", twice);
  }

  @Test
  void aRenamedFirstFileIsRefusedWithTheNameItShouldHave() throws IOException {
    Path renamed = Files.move(shard(0, 2, 2, "a"), folder.resolve("model.gguf"));
    refused(ErrorCode.MALFORMED, "-00001-of-00002.gguf", renamed);
  }

  @Test
  void splitNumbersAreChecked() {
    for (long[] numbers : new long[][] {{5, 2}, {0, 70_000}, {-1, 2}, {1, 0}}) {
      SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
      metadata.put("split.no", new GgufValue(ValueType.I64, null, numbers[0]));
      metadata.put("split.count", new GgufValue(ValueType.I64, null, numbers[1]));
      Path file = folder.resolve("m-00001-of-00002.gguf");
      GgufWriter.write(file, metadata, List.of());
      refused(ErrorCode.MALFORMED, "split.no", file);
    }
  }

  private Path shard(int number, int count, int tensors, String name) {
    SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
    metadata.put("split.no", new GgufValue(ValueType.U16, null, (long) number));
    metadata.put("split.count", new GgufValue(ValueType.U16, null, (long) count));
    metadata.put("split.tensors.count", new GgufValue(ValueType.I32, null, (long) tensors));
    Path file = folder.resolve(String.format("m-%05d-of-%05d.gguf", number + 1, count));
    byte[] value = {(byte) name.charAt(0), 0, 0, 0};
    GgufWriter.write(
        file, metadata, List.of(TensorEntry.of(name, ElementType.F32, List.of(1L), value)));
    return file;
  }

  private static ModelException refused(ErrorCode code, String named, Path file) {
    ModelException error = assertThrows(ModelException.class, () -> FORMAT.open(file).close());
    assertEquals(code, error.code(), error.getMessage());
    assertTrue(error.getMessage().contains(named), error.getMessage());
    return error;
  }
}
