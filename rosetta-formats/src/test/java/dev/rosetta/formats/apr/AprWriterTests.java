package dev.rosetta.formats.apr;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rosetta.formats.TensorEntry;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class AprWriterTests {
  @TempDir Path dir;

  private Path write(Map<String, ?> metadata, TensorEntry... tensors) {
    Path path = dir.resolve("written.apr");
    AprWriter.write(path, metadata, List.of(tensors));
    return path;
  }

  private static TensorEntry floats(String name, long[] dims, float... values) {
    return TensorEntry.of(
        name,
        ElementType.F32,
        java.util.Arrays.stream(dims).boxed().toList(),
        V2File.floats(values));
  }

  @Test
  void whatIsWrittenIsCanonicalAndReadBack() {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("architecture", "llama");
    metadata.put("rope_theta", 1e6f);
    metadata.put("rms_norm_eps", 1e-5);
    metadata.put("hidden_size", 2L);
    metadata.put("tokenizer.vocabulary", List.of("<s>", "é\u2581\n"));
    metadata.put("special_tokens", Map.of("bos_token", "<s>"));
    metadata.put("tied_embeddings", false);
    Path path =
        write(
            metadata,
            floats("z", new long[] {2, 2}, 1, 2, 3, 4),
            floats("a", new long[] {}, 5),
            floats("empty", new long[] {0, 3}));
    try (ModelSource source = new AprFormat().open(path)) {
      assertEquals(List.of(), source.notes());
      assertEquals(
          List.of("a", "empty", "z"), source.tensors().stream().map(TensorInfo::name).toList());
      assertEquals(List.copyOf(metadata.keySet()), List.copyOf(source.metadata().keys()));
      assertEquals(1e6, source.metadata().value("rope_theta").orElseThrow());
      assertEquals(1e-5, source.metadata().value("rms_norm_eps").orElseThrow());
      assertEquals(List.of("<s>", "é\u2581\n"), source.vocabulary().orElseThrow().tokens());
      assertArrayEquals(V2File.floats(1, 2, 3, 4), data(source, source.tensors().get(2)));
    }
  }

  @Test
  void equalsTheBytesOfAnIndependentLayout() throws IOException {
    byte[] expected =
        new V2File()
            .metadata("{\"architecture\":\"llama\"}")
            .add("a", 0, V2File.dims(3), V2File.floats(1, 2, 3))
            .add("b", 129, V2File.dims(2), new byte[] {0, 0, 0, 0x3f, 1, -1})
            .bytes();
    Path path =
        write(
            Map.of("architecture", "llama"),
            TensorEntry.of("b", ElementType.APR_Q8, List.of(2L), new byte[] {0, 0, 0, 0x3f, 1, -1}),
            floats("a", new long[] {3}, 1, 2, 3));
    assertArrayEquals(expected, Files.readAllBytes(path));
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "F32", "F16", "BF16", "F64", "I8", "U8", "I32", "I64", "Q4_K", "Q6_K", "APR_Q4", "APR_Q8"
      })
  void everyTypeWithACodeIsReadBack(ElementType type) {
    byte[] bytes = new byte[(int) type.byteSize(512) + (type == ElementType.APR_Q8 ? 4 : 0)];
    new Random(7).nextBytes(bytes);
    Path path = write(Map.of(), TensorEntry.of("t", type, List.of(2L, 256L), bytes));
    try (ModelSource source = new AprFormat().open(path)) {
      TensorInfo tensor = source.tensors().getFirst();
      assertEquals(type, tensor.type());
      byte[] stored = data(source, tensor);
      assertArrayEquals(
          java.util.Arrays.copyOfRange(bytes, bytes.length - stored.length, bytes.length), stored);
    }
  }

  @Test
  void whatReadersWouldRefuseIsNotWritten() {
    TensorEntry good = floats("a", new long[] {1}, 1);
    assertThrows(IllegalArgumentException.class, () -> write(Map.of(), good, good));
    assertThrows(
        IllegalArgumentException.class, () -> write(Map.of(), floats("", new long[] {1}, 1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> write(Map.of(), floats("x".repeat(257), new long[] {1}, 1)));
    assertThrows(
        IllegalArgumentException.class, () -> write(Map.of(), floats("a", new long[] {2}, 1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> write(Map.of(), TensorEntry.of("a", ElementType.Q4_0, List.of(32L), new byte[18])));
    assertThrows(
        IllegalArgumentException.class, () -> write(Map.of("num_layers", 1L, "n_layers", 1L)));
    assertThrows(IllegalArgumentException.class, () -> write(Map.of("rope_theta", Double.NaN)));
  }

  @Test
  void aFailureLeavesTheOldFile() throws IOException {
    Path path = write(Map.of(), floats("a", new long[] {1}, 1));
    byte[] before = Files.readAllBytes(path);
    TensorEntry shortened =
        new TensorEntry(
            "a",
            ElementType.F32,
            List.of(2L),
            8,
            channel -> channel.write(ByteBuffer.wrap(new byte[4])));
    assertThrows(ModelException.class, () -> write(Map.of(), shortened));
    assertArrayEquals(before, Files.readAllBytes(path));
    try (Stream<Path> files = Files.list(dir)) {
      assertEquals(1, files.count());
    }
  }

  static Stream<Path> goldens() throws IOException {
    return GoldenAprTests.files();
  }

  /** The goldens' writer is not ours: only what is not said by the format may differ. */
  @Tag("shared")
  @ParameterizedTest
  @MethodSource("goldens")
  void aGoldenComesBackEqual(Path golden) {
    SharedData.require();
    Path copy = dir.resolve("copy.apr");
    try (ModelSource source = new AprFormat().open(golden)) {
      Map<String, Object> metadata = new LinkedHashMap<>();
      for (String key : source.metadata().keys()) {
        source.metadata().value(key).ifPresent(value -> metadata.put(key, value));
      }
      AprWriter.write(
          copy,
          metadata,
          source.tensors().stream()
              .map(t -> TensorEntry.copyOf(t.name(), source, t, t.dims()))
              .toList());
      try (ModelSource back = new AprFormat().open(copy)) {
        assertEquals(List.of(), back.notes());
        assertEquals(source.tensors().size(), back.tensors().size());
        for (int i = 0; i < source.tensors().size(); i++) {
          TensorInfo a = source.tensors().get(i);
          TensorInfo b = back.tensors().get(i);
          assertEquals(a.name(), b.name());
          assertEquals(a.type(), b.type());
          assertEquals(a.dims(), b.dims());
          assertArrayEquals(data(source, a), data(back, b));
        }
        metadata.forEach(
            (key, value) -> assertEquals(value, back.metadata().value(key).orElseThrow()));
      }
    }
  }

  private static byte[] data(ModelSource source, TensorInfo tensor) {
    byte[] data = new byte[Math.toIntExact(tensor.byteSize())];
    source.read(tensor, 0, MemorySegment.ofArray(data), data.length);
    return data;
  }
}
