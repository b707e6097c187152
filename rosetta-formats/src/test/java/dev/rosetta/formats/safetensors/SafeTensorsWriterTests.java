package dev.rosetta.formats.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SafeTensorsWriterTests {
  @TempDir Path dir;

  private static TensorEntry entry(Random random, String name, ElementType type, Long... dims) {
    long elements = Stream.of(dims).reduce(1L, Math::multiplyExact);
    byte[] bytes = new byte[(int) type.byteSize(elements)];
    random.nextBytes(bytes);
    return TensorEntry.of(name, type, List.of(dims), bytes);
  }

  private static List<TensorEntry> samples() {
    Random random = new Random(7);
    List<TensorEntry> tensors = new ArrayList<>();
    for (ElementType type : ElementType.values()) {
      if (Dtypes.canStore(type)) {
        tensors.add(entry(random, "t." + type, type, 3L, 4L));
      }
    }
    tensors.add(entry(random, "scalar", ElementType.F32));
    tensors.add(entry(random, "empty", ElementType.F16, 0L, 4L));
    tensors.add(entry(random, "quote\"\\\n é😀 \u0001", ElementType.BF16, 1L));
    return tensors;
  }

  private Path write(String name, List<TensorEntry> tensors) {
    Path file = dir.resolve(name);
    SafeTensorsWriter.write(file, Map.of("format", "pt", "a", "ü"), tensors);
    return file;
  }

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    List<TensorEntry> tensors = samples();
    Path file = write("m", tensors);
    try (ModelSource source = new SafeTensorsFormat().open(file)) {
      assertEquals(tensors.size(), source.tensors().size());
      for (TensorEntry expected : tensors) {
        TensorInfo tensor =
            source.tensors().stream()
                .filter(t -> t.name().equals(expected.name()))
                .findFirst()
                .orElseThrow();
        assertEquals(expected.type(), tensor.type());
        assertEquals(expected.dims(), tensor.dims());
        assertEquals(0, tensor.offset() % tensor.type().blockBytes(), tensor.name());
        byte[] bytes = new byte[(int) tensor.byteSize()];
        source.read(tensor, 0, MemorySegment.ofArray(bytes), bytes.length);
        Path copy = dir.resolve("bytes");
        try (var channel =
            Files.newByteChannel(
                copy,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
          expected.data().writeTo(channel);
        }
        assertArrayEquals(Files.readAllBytes(copy), bytes);
      }
      assertEquals(Optional.of("ü"), source.metadata().value("__metadata__.a"));
    }
    assertEquals(0, ByteBuffer.wrap(Files.readAllBytes(file)).get(0) % 8);
  }

  @Test
  void theOrderOfTensorsDoesNotMatter() throws IOException {
    List<TensorEntry> tensors = samples();
    byte[] expected = Files.readAllBytes(write("m", tensors));
    for (int seed = 0; seed < 5; seed++) {
      Collections.shuffle(tensors, new Random(seed));
      assertArrayEquals(expected, Files.readAllBytes(write("n" + seed, tensors)), "seed " + seed);
    }
  }

  @Test
  void copyingAFileGivesTheSameBytes() throws IOException {
    Path file = write("m", samples());
    Path copy = dir.resolve("copy");
    try (ModelSource source = new SafeTensorsFormat().open(file)) {
      List<TensorEntry> tensors =
          source.tensors().stream()
              .map(tensor -> TensorEntry.copyOf(tensor.name(), source, tensor, tensor.dims()))
              .toList();
      SafeTensorsWriter.write(copy, Map.of("a", "ü", "format", "pt"), tensors);
    }
    assertEquals(-1, Files.mismatch(file, copy));
  }

  @Test
  void aFileWithoutTensorsIsLegal() {
    Path file = dir.resolve("m");
    SafeTensorsWriter.write(file, Map.of(), List.of());
    try (ModelSource source = new SafeTensorsFormat().open(file)) {
      assertEquals(List.of(), source.tensors());
    }
  }

  @Test
  void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
    Path file = FileBytes.write(dir.resolve("m"), "old".getBytes(UTF_8));
    List<TensorEntry> failing =
        List.of(
            new TensorEntry(
                "t",
                ElementType.U8,
                List.of(4L),
                4,
                channel -> {
                  throw new IOException("disk full");
                }));
    ModelException e =
        assertThrows(ModelException.class, () -> SafeTensorsWriter.write(file, Map.of(), failing));
    assertEquals(ErrorCode.NOT_WRITABLE, e.code());
    List<TensorEntry> tooShort =
        List.of(
            new TensorEntry(
                "t",
                ElementType.U8,
                List.of(4L),
                4,
                channel -> channel.write(ByteBuffer.wrap(new byte[3]))));
    assertThrows(
        IllegalStateException.class, () -> SafeTensorsWriter.write(file, Map.of(), tooShort));
    assertEquals("old", Files.readString(file));
    try (Stream<Path> files = Files.list(dir)) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @Test
  void whatNoReaderTakesIsRefused() {
    Random random = new Random(1);
    TensorEntry a = entry(random, "a", ElementType.U8, 2L);
    for (List<TensorEntry> bad :
        List.of(
            List.of(a, a),
            List.of(entry(random, "__metadata__", ElementType.U8, 2L)),
            List.of(entry(random, "\ud800", ElementType.U8, 2L)),
            List.of(TensorEntry.of("b", ElementType.U8, List.of(3L), new byte[2])))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> SafeTensorsWriter.write(dir.resolve("m"), Map.of(), bad));
    }
    ModelException e =
        assertThrows(
            ModelException.class,
            () ->
                SafeTensorsWriter.write(
                    dir.resolve("m"),
                    Map.of(),
                    List.of(entry(random, "q", ElementType.Q4_0, 32L))));
    assertEquals(ErrorCode.UNSUPPORTED_ELEMENT_TYPE, e.code());
    assertTrue(e.getMessage().contains("\"q\""));
    assertTrue(Files.notExists(dir.resolve("m")));
  }
}
