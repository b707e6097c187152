package dev.rosetta.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AtomicFileTests {
  @TempDir Path folder;

  /** Begins a file over that of the argument, says so, and never ends. */
  static final class Unfinished {
    private Unfinished() {}

    public static void main(String[] args) throws Exception {
      try (AtomicFile file = AtomicFile.create(Path.of(args[0]))) {
        file.channel().write(ByteBuffer.allocate(1 << 16));
        System.out.write('!');
        System.out.flush();
        Thread.sleep(Long.MAX_VALUE);
      }
    }
  }

  @Test
  void whoeverStopsTheProcessFindsTheOldFileAlone() throws IOException, InterruptedException {
    Path target = Files.writeString(folder.resolve("model.gguf"), "old");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Unfinished.class.getName(),
                target.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertEquals('!', process.getInputStream().read());
    assertEquals(2, list().size());
    process.destroy();
    process.waitFor();
    assertEquals(List.of(target), list());
    assertEquals("old", Files.readString(target));
  }

  /** As on a full disk: what was written so far goes, the old file stays. */
  @Test
  void aFailureInTheMiddleLeavesTheOldFileAlone() throws IOException {
    Path target = Files.writeString(folder.resolve("model.gguf"), "old");
    ModelException error =
        assertThrows(
            ModelException.class,
            () ->
                AtomicFile.write(
                    target,
                    channel -> {
                      channel.write(ByteBuffer.allocate(1 << 16));
                      throw new IOException("No space left on device");
                    }));
    assertEquals(ErrorCode.NOT_WRITABLE, error.code());
    assertEquals(List.of(target), list());
    assertEquals("old", Files.readString(target));
  }

  private List<Path> list() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
