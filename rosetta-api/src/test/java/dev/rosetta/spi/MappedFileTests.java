package dev.rosetta.spi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedFileTests {
  @TempDir Path folder;
  private Path path;

  /** A change of the content made by someone else. */
  @FunctionalInterface
  interface Change {
    void make() throws IOException;
  }

  @BeforeEach
  void write() throws IOException {
    path = folder.resolve("model");
    Files.write(path, new byte[10_000]);
    Files.setLastModifiedTime(path, FileTime.fromMillis(1_000_000_000_000L));
  }

  private String messageAfter(Change change) throws IOException {
    try (MappedFile file = MappedFile.open(path)) {
      file.readBytes(0, 10);
      file.requireUnchanged();
      change.make();
      ModelException error = assertThrows(ModelException.class, file::requireUnchanged);
      assertEquals(ErrorCode.FILE_CHANGED, error.code());
      assertEquals(path, error.path());
      assertTrue(error.getMessage().startsWith("changed while in use: "), error.getMessage());
      return error.getMessage();
    }
  }

  @Test
  void aFileThatNobodyTouchesIsUnchanged() {
    try (MappedFile file = MappedFile.open(path)) {
      assertArrayEquals(new byte[16], file.readBytes(9_984, 16));
      file.requireUnchanged();
    }
  }

  @Test
  void bytesWrittenInPlaceAreNoticed() throws IOException {
    String message = messageAfter(() -> Files.write(path, new byte[10_000]));
    assertTrue(message.contains("was written to"), message);
  }

  @Test
  void anotherFileOfTheSameSizeAndTimeIsNoticed() throws IOException {
    String message =
        messageAfter(
            () -> {
              Path other = folder.resolve("other");
              Files.write(other, new byte[10_000]);
              Files.setLastModifiedTime(other, Files.getLastModifiedTime(path));
              Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
            });
    assertTrue(message.contains("was replaced"), message);
  }

  @Test
  void aFileThatGrowsOrShrinksOrGoesIsNoticed() throws IOException {
    String grown = messageAfter(() -> Files.write(path, new byte[1], StandardOpenOption.APPEND));
    assertTrue(grown.contains("10000 bytes and now has 10001"), grown);
    String shrunk =
        messageAfter(
            () -> {
              try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(100);
              }
            });
    assertTrue(shrunk.contains("now has 100"), shrunk);
    String gone = messageAfter(() -> Files.delete(path));
    assertTrue(gone.contains("was removed"), gone);
  }
}
