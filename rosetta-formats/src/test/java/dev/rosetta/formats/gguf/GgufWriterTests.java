package dev.rosetta.formats.gguf;

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
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTests {
  private static final GgufFormat FORMAT = new GgufFormat();

  @TempDir Path folder;

  @Test
  void everyTypeOfValueComesBack() throws IOException {
    SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
    put(metadata, "u8", new GgufValue(ValueType.U8, null, 200L));
    put(metadata, "i8", new GgufValue(ValueType.I8, null, -100L));
    put(metadata, "u16", new GgufValue(ValueType.U16, null, 65_535L));
    put(metadata, "i16", new GgufValue(ValueType.I16, null, -32_768L));
    put(metadata, "u32", GgufValue.u32(0xffff_ffffL));
    put(metadata, "i32", new GgufValue(ValueType.I32, null, -1L));
    put(metadata, "f32", GgufValue.f32(1e-5f));
    put(metadata, "bool", GgufValue.bool(true));
    put(metadata, "string", GgufValue.string("zażółć \ud83d\ude00"));
    put(
        metadata,
        "u64",
        new GgufValue(ValueType.U64, null, BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE)));
    put(metadata, "i64", new GgufValue(ValueType.I64, null, Long.MIN_VALUE));
    put(metadata, "f64", new GgufValue(ValueType.F64, null, Math.PI));
    put(
        metadata,
        "strings",
        GgufValue.array(ValueType.STRING, List.of("", "x".repeat(200_000), "y")));
    put(metadata, "empty", GgufValue.array(ValueType.F32, List.of()));
    put(metadata, "floats", GgufValue.array(ValueType.F32, List.of(0.1, Double.NaN)));
    put(metadata, "bools", GgufValue.array(ValueType.BOOL, List.of(true, false)));
    Path file = folder.resolve("values.gguf");
    GgufWriter.write(file, metadata, List.of());
    try (ModelSource source = FORMAT.open(file)) {
      assertEquals(List.copyOf(metadata.keySet()), List.copyOf(source.metadata().keys()));
      metadata.forEach(
          (key, value) -> {
            assertEquals(value.value(), source.metadata().value(key).orElseThrow(), key);
            assertEquals(value, GgufValue.copyOf(source.metadata(), key));
          });
      assertEquals("string[3]", source.metadata().typeName("strings"));
      assertEquals(1.0e-5, source.metadata().value("f32").orElseThrow());
    }
    assertSameWhenWrittenAgain(file);
  }

  private static void put(SequencedMap<String, GgufValue> metadata, String key, GgufValue value) {
    metadata.put(key, value);
  }

  @Test
  void tensorsLieAtMultiplesOfTheAlignmentAndComeBack() throws IOException {
    for (int alignment : new int[] {8, 32, 4096}) {
      SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
      metadata.put("general.alignment", GgufValue.u32(alignment));
      byte[] data = new byte[36];
      for (int i = 0; i < data.length; i++) {
        data[i] = (byte) i;
      }
      Path file = folder.resolve("aligned.gguf");
      GgufWriter.write(
          file,
          metadata,
          List.of(
              TensorEntry.of("a", ElementType.Q4_0, List.of(2L, 32L), data),
              TensorEntry.of("scalar", ElementType.I16, List.of(), new byte[] {1, 2}),
              TensorEntry.of("none", ElementType.F32, List.of(0L, 5L), new byte[0]),
              TensorEntry.of("b", ElementType.I8, List.of(2L, 3L, 6L), data)));
      try (ModelSource source = FORMAT.open(file)) {
        assertTrue(source.notes().isEmpty(), source.notes().toString());
        assertEquals(List.of(32L, 2L), source.tensors().getFirst().dims());
        assertEquals(List.of(6L, 3L, 2L), source.tensors().getLast().dims());
        for (TensorInfo tensor : source.tensors()) {
          assertEquals(0, tensor.offset() % alignment);
        }
        byte[] read = new byte[30];
        source.read(source.tensors().getLast(), 6, MemorySegment.ofArray(read), 30);
        assertArrayEquals(java.util.Arrays.copyOfRange(data, 6, 36), read);
      }
      assertSameWhenWrittenAgain(file);
    }
  }

  @Test
  @Tag("shared")
  void goldenModelsAreTheSameBytesWhenWrittenAgain() throws IOException {
    List<Path> files =
        GgufSharedFilesTests.ggufFiles(SharedData.path("golden")).stream()
            .filter(file -> !file.toString().contains("-of-"))
            .toList();
    for (Path file : files) {
      assertSameWhenWrittenAgain(file);
    }
    assertTrue(files.size() > 20);
  }

  private void assertSameWhenWrittenAgain(Path file) throws IOException {
    Path copy = folder.resolve("copy.gguf");
    try (ModelSource source = FORMAT.open(file)) {
      SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
      for (String key : source.metadata().keys()) {
        metadata.put(key, GgufValue.copyOf(source.metadata(), key));
      }
      List<TensorEntry> tensors =
          source.tensors().stream()
              .map(t -> TensorEntry.copyOf(t.name(), source, t, t.dims().reversed()))
              .toList();
      GgufWriter.write(copy, metadata, tensors);
    }
    assertEquals(-1, Files.mismatch(file, copy), file.toString());
  }

  @Test
  void aFailureLeavesTheOldFileAndNothingBeside() throws IOException {
    Path file = Files.writeString(folder.resolve("kept.gguf"), "kept");
    TensorEntry failing =
        new TensorEntry(
            "t",
            ElementType.F32,
            List.of(8L),
            32,
            channel -> {
              throw new IOException("no space left");
            });
    ModelException error =
        assertThrows(
            ModelException.class,
            () -> GgufWriter.write(file, new LinkedHashMap<>(), List.of(failing)));
    assertEquals(ErrorCode.NOT_WRITABLE, error.code());
    TensorEntry tooShort = new TensorEntry("t", ElementType.F32, List.of(8L), 32, channel -> {});
    assertThrows(
        IllegalStateException.class,
        () -> GgufWriter.write(file, new LinkedHashMap<>(), List.of(tooShort)));
    assertEquals("kept", Files.readString(file));
    try (Stream<Path> all = Files.list(folder)) {
      assertEquals(List.of(file), all.toList());
    }
  }

  @Test
  void whatGgufCannotHoldIsRefusedBeforeAnythingIsWritten() {
    refused(TensorEntry.of("t", ElementType.C64, List.of(1L), new byte[8]));
    refused(TensorEntry.of("t", ElementType.F32, List.of(2L), new byte[4]));
    refused(TensorEntry.of("t", ElementType.Q4_0, List.of(16L), new byte[18]));
    refused(TensorEntry.of("t", ElementType.F32, List.of(1L, 1L, 1L, 1L, 1L), new byte[4]));
    refused(TensorEntry.of("t".repeat(64), ElementType.F32, List.of(1L), new byte[4]));
    TensorEntry good = TensorEntry.of("t", ElementType.F32, List.of(1L), new byte[4]);
    refused(good, good);
    assertThrows(IllegalArgumentException.class, () -> GgufValue.u32(-1));
    assertThrows(IllegalArgumentException.class, () -> GgufValue.string("\ud800"));
    assertThrows(
        IllegalArgumentException.class, () -> GgufValue.array(ValueType.U8, List.of(256L)));
    SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
    metadata.put("general.alignment", GgufValue.u32(33));
    assertThrows(
        IllegalArgumentException.class,
        () -> GgufWriter.write(folder.resolve("x.gguf"), metadata, List.of()));
  }

  private void refused(TensorEntry... tensors) {
    Path file = folder.resolve("refused.gguf");
    assertThrows(
        IllegalArgumentException.class,
        () -> GgufWriter.write(file, new LinkedHashMap<>(), List.of(tensors)));
    assertTrue(!Files.exists(file));
  }

  @Test
  void versionOneAndBigEndianFilesReadTheSame() throws IOException {
    for (RawGguf raw :
        List.of(
            new RawGguf(1, ByteOrder.LITTLE_ENDIAN, 2, 2),
            new RawGguf(2, ByteOrder.LITTLE_ENDIAN, 2, 2),
            new RawGguf(3, ByteOrder.BIG_ENDIAN, 2, 2))) {
      raw.key("n", 4).u32(7).key("s", 9).u32(8).count(2).string("x").string("yz");
      raw.tensor("a", 25, 0, 3, 2).tensor("q", 6, 32, 32).pad(32);
      for (int i = 0; i < 6; i++) {
        raw.u16(i + 0x1234);
      }
      Path file = raw.pad(32).bytes(new byte[22]).write(folder, "dialect.gguf");
      try (ModelSource source = FORMAT.open(file)) {
        assertEquals(7L, source.metadata().value("n").orElseThrow());
        assertEquals(List.of("x", "yz"), source.metadata().value("s").orElseThrow());
        TensorInfo a = source.tensors().getFirst();
        assertEquals(List.of(3L, 2L), a.dims());
        byte[] part = new byte[5];
        source.read(a, 3, MemorySegment.ofArray(part), 5);
        assertArrayEquals(new byte[] {0x12, 0x36, 0x12, 0x37, 0x12}, part);
      }
    }
    try (ModelSource source = FORMAT.open(folder.resolve("dialect.gguf"))) {
      assertEquals("UNSUPPORTED_ELEMENT_TYPE", source.notes().getFirst().code());
      assertEquals("q", source.notes().getFirst().tensor());
      assertThrows(
          ModelException.class,
          () ->
              source.read(source.tensors().getLast(), 0, MemorySegment.ofArray(new byte[22]), 22));
    }
  }
}
