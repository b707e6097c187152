package dev.rosetta.formats.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders as people have them: what is opened, what is told of the rest, and what is refused. */
final class ModelFolderTests {
  private static final String INDEX = "model.safetensors.index.json";
  private static final String FIRST = "model-00001-of-00002.safetensors";
  private static final String SECOND = "model-00002-of-00002.safetensors";

  @TempDir Path dir;

  private void text(String name, String text) {
    FileBytes.write(dir.resolve(name), text.getBytes(UTF_8));
  }

  /** A file with one tensor of one byte, {@code value}. */
  private void weights(String name, String tensor, int value) {
    FileBytes.write(
        dir.resolve(name),
        FileBytes.of(
            "{\"" + tensor + "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
            (byte) value));
  }

  private void index(String... tensorsAndFiles) {
    StringBuilder json = new StringBuilder("{\"weight_map\":{");
    for (int i = 0; i < tensorsAndFiles.length; i += 2) {
      json.append(i == 0 ? "" : ",");
      json.append('"').append(tensorsAndFiles[i]).append("\":\"");
      json.append(tensorsAndFiles[i + 1]).append('"');
    }
    text(INDEX, json + "}}");
  }

  private ModelException refusal(Path path) {
    return assertThrows(ModelException.class, () -> new SafeTensorsFormat().open(path));
  }

  private void assertRefused(ErrorCode code, String... parts) {
    ModelException error = refusal(dir);
    assertEquals(code, error.code());
    for (String part : parts) {
      assertTrue(error.getMessage().contains(part), error.getMessage());
    }
  }

  private static int value(ModelSource source, String name) {
    TensorInfo tensor =
        source.tensors().stream().filter(t -> t.name().equals(name)).findFirst().orElseThrow();
    byte[] bytes = new byte[1];
    source.read(tensor, 0, MemorySegment.ofArray(bytes), 1);
    return bytes[0];
  }

  private static SourceNote note(ModelSource source, String code) {
    return source.notes().stream().filter(n -> n.code().equals(code)).findFirst().orElseThrow();
  }

  private static boolean hasNote(ModelSource source, String code) {
    return source.notes().stream().anyMatch(n -> n.code().equals(code));
  }

  @Test
  void everythingThatPeopleTakeForAModelIsRecognized() throws IOException {
    SafeTensorsFormat format = new SafeTensorsFormat();
    text("README.md", "");
    text("optimizer.pt", "");
    text("training_args.bin", "");
    assertFalse(format.recognizes(FileBytes.head(dir)));
    for (String name :
        List.of("pytorch_model.bin", "x.pth", "x.gguf", "x.apr", "adapter_config.json")) {
      text(name, "{}");
      assertTrue(format.recognizes(FileBytes.head(dir)), name);
      Files.delete(dir.resolve(name));
    }
  }

  @Test
  void aPickleIsRefusedWithTheLineThatConvertsItAndAMissingConfigComesFirst() {
    text("pytorch_model.bin", "PK");
    assertRefused(
        ErrorCode.UNKNOWN_FORMAT,
        "has no config.json, and holds pytorch_model.bin only",
        "python -c \"from transformers import",
        "save_pretrained('safetensors')\"");
    text("config.json", "{}");
    assertFalse(refusal(dir).getMessage().contains("config.json"));
  }

  @Test
  void aCheckpointOfMetaItselfIsConvertedUnderItsOwnName() {
    text("consolidated.00.pth", "PK");
    text("params.json", "{}");
    assertRefused(
        ErrorCode.UNKNOWN_FORMAT,
        "torch.load('consolidated.00.pth'",
        "'consolidated.00.safetensors')\"");
  }

  @Test
  void anAdapterNamesItsBase() {
    weights("adapter_model.safetensors", "x.lora_A.weight", 1);
    assertRefused(ErrorCode.ADAPTER_NOT_MODEL, "a base that it does not name");
    text(
        "adapter_config.json", "{\"base_model_name_or_path\":\"org/base\",\"peft_type\":\"LORA\"}");
    assertRefused(
        ErrorCode.ADAPTER_NOT_MODEL, "an adapter (LORA) of 'org/base'", "--lora-a", "--lora-b");
    assertEquals(
        ErrorCode.ADAPTER_NOT_MODEL, refusal(dir.resolve("adapter_model.safetensors")).code());
    try (ModelSource adapter = new SafeTensorsFormat().openAdapter(dir).orElseThrow()) {
      assertEquals(Optional.of("org/base"), adapter.metadata().value("base_model_name_or_path"));
      assertEquals("x.lora_A.weight", adapter.tensors().getFirst().name());
    }
    weights("model.safetensors", "a", 1);
    try (ModelSource source = new SafeTensorsFormat().open(dir)) {
      assertEquals("a", source.tensors().getFirst().name());
      assertTrue(hasNote(source, "ADAPTER_BESIDE"));
    }
  }

  @Test
  void whatIsNoAdapterIsRefusedAsOne() {
    for (String missing : List.of("adapter_config.json", "adapter_model.safetensors")) {
      ModelException error =
          assertThrows(ModelException.class, () -> new SafeTensorsFormat().openAdapter(dir));
      assertEquals(ErrorCode.NOT_FOUND, error.code());
      assertTrue(error.getMessage().contains("there is no " + missing), error.getMessage());
      text("adapter_config.json", "{}");
    }
  }

  @Test
  void ofTwoFormatsInOneFolderOneIsReadAndTheOtherNamed() {
    text("q4.gguf", "GGUF");
    assertRefused(ErrorCode.UNKNOWN_FORMAT, "is a folder with q4.gguf; give the path of the file");
    weights("model.safetensors", "a", 1);
    try (ModelSource source = new SafeTensorsFormat().open(dir)) {
      assertTrue(note(source, "OTHER_FORMAT_BESIDE").message().contains("q4.gguf"));
    }
  }

  @Test
  void everyMissingShardIsNamed() {
    index("a", FIRST, "b", SECOND, "c", "model-3.safetensors");
    weights(FIRST, "a", 1);
    assertRefused(
        ErrorCode.NOT_FOUND,
        "names 3 files, 2 of which are not in its directory: \"" + SECOND + "\"",
        "\"model-3.safetensors\"; download them");
    assertEquals(dir.resolve(INDEX), refusal(dir).path());
  }

  @Test
  void theIndexSaysWhichOfTwoCopiesCounts() {
    FileBytes.write(
        dir.resolve(FIRST),
        FileBytes.of(
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                + "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
            (byte) 1,
            (byte) 2));
    weights(SECOND, "b", 3);
    index("a", FIRST, "b", SECOND);
    try (ModelSource source = new SafeTensorsFormat().open(dir)) {
      assertEquals(List.of("a", "b"), source.tensors().stream().map(TensorInfo::name).toList());
      assertEquals(3, value(source, "b"));
      assertEquals(
          FIRST
              + " holds a copy of \"b\"; the index places it in another shard, which is the one"
              + " that is read",
          note(source, "STALE_COPY").message());
    }
    index("a", FIRST, "c", SECOND);
    assertRefused(ErrorCode.TENSOR_DUPLICATED, "and no index says which of them counts");
  }

  @Test
  void aSingleFileBesideAnIndexWithOtherShardsIsLeftOver() throws IOException {
    weights("model.safetensors", "a", 9);
    weights(FIRST, "a", 1);
    index("a", FIRST);
    try (ModelSource source = new SafeTensorsFormat().open(dir)) {
      assertEquals(1, value(source, "a"));
      assertTrue(note(source, "LEFT_OVER").message().contains("model.safetensors lies beside"));
    }
    Files.delete(dir.resolve(FIRST));
    try (ModelSource source = new SafeTensorsFormat().open(dir)) {
      assertEquals(9, value(source, "a"));
      assertTrue(note(source, "INDEX_STALE").message().contains(FIRST + ", none of which"));
    }
    index("a", "model.safetensors");
    try (ModelSource source = new SafeTensorsFormat().open(dir)) {
      assertFalse(hasNote(source, "LEFT_OVER") || hasNote(source, "INDEX_STALE"));
    }
  }

  @Test
  void theOriginalReleaseIsReadWhereItIsAloneAndByItsOwnConfig() {
    weights("consolidated.safetensors", "norm.weight", 1);
    text("params.json", "{\"dim\":32,\"vocab_size\":-1}");
    try (ModelSource source = new SafeTensorsFormat().open(dir)) {
      assertEquals(Optional.of(32L), source.metadata().value("dim"));
      assertEquals(Optional.empty(), source.metadata().value("vocab_size"));
      assertFalse(hasNote(source, "CONFIG_MISSING"));
    }
    weights(FIRST, "a", 2);
    weights(SECOND, "b", 2);
    for (int round = 0; round < 2; round++) { // without an index, and with one
      try (ModelSource source = new SafeTensorsFormat().open(dir)) {
        assertEquals(List.of("a", "b"), source.tensors().stream().map(TensorInfo::name).toList());
        assertTrue(note(source, "ORIGINAL_BESIDE").message().contains("consolidated.safetensors"));
      }
      index("a", FIRST, "b", SECOND);
    }
    text("config.json", "{\"hidden_size\":64}");
    try (ModelSource source =
        new SafeTensorsFormat().open(dir.resolve("consolidated.safetensors"))) {
      assertEquals(Optional.of(32L), source.metadata().value("dim"));
      assertArrayEquals(new byte[] {1}, new byte[] {(byte) value(source, "norm.weight")});
    }
  }
}
