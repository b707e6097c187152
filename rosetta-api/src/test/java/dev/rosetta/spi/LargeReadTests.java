package dev.rosetta.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Large reads, which the system copies, and small ones, which are copied out of the mapping. */
final class LargeReadTests {
  private static final int SIZE = 200_000;

  @TempDir Path folder;
  private Path path;
  private final byte[] content = new byte[SIZE];

  @BeforeEach
  void write() throws IOException {
    new Random(5).nextBytes(content);
    path = folder.resolve("file");
    Files.write(path, content);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 16_383, 16_384, 100_000})
  void bothWaysOfReadingGiveTheBytes(int length) {
    try (MappedFile file = MappedFile.open(path);
        Arena arena = Arena.ofConfined()) {
      long offset = SIZE - length;
      MemorySegment expected = MemorySegment.ofArray(content).asSlice(offset, length);
      MemorySegment heap = MemorySegment.ofArray(new byte[length]);
      file.read(offset, heap, length);
      assertEquals(-1, expected.mismatch(heap));
      MemorySegment target = arena.allocate(length + 1L);
      file.read(offset, target, length);
      assertEquals(-1, expected.mismatch(target.asSlice(0, length)));
      assertThrows(
          IndexOutOfBoundsException.class, () -> file.read(offset + 1, target, length + 1L));
      assertThrows(IndexOutOfBoundsException.class, () -> file.read(0, target, length + 2L));
    }
  }

  @Test
  void aFileThatShrinksIsAnError() throws IOException {
    try (MappedFile file = MappedFile.open(path);
        Arena arena = Arena.ofConfined()) {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(SIZE / 2);
      }
      MemorySegment target = arena.allocate(SIZE);
      ModelException e =
          assertThrows(ModelException.class, () -> file.read(0, target, target.byteSize()));
      assertEquals(ErrorCode.FILE_CHANGED, e.code());
      assertEquals(SIZE / 2, e.offset());
      assertTrue(e.getMessage().contains("shorter"), e.getMessage());
    }
  }

  @Test
  void anInterruptCancels() {
    try (MappedFile file = MappedFile.open(path);
        Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(SIZE);
      Thread.currentThread().interrupt();
      assertThrows(CancellationException.class, () -> file.read(0, target, SIZE));
      assertTrue(Thread.interrupted(), "the interrupt status stays");
      assertThrows(CancellationException.class, () -> file.read(0, target, SIZE));
    }
  }

  @Test
  void aClosedFileIsNotRead() {
    MappedFile file = MappedFile.open(path);
    file.close();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(SIZE);
      assertThrows(IllegalStateException.class, () -> file.read(0, target, SIZE));
      assertThrows(IllegalStateException.class, () -> file.read(0, target, 1));
    }
  }
}
