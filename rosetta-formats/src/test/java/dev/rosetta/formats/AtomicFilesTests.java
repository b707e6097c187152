package dev.rosetta.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AtomicFilesTests {
  @TempDir Path folder;

  private static void write(AtomicFiles files, Path target, String text) {
    files.write(
        target, channel -> channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }

  /** Every file below the folder with its text; {@code /} for a directory. */
  private SortedMap<String, String> content() throws IOException {
    SortedMap<String, String> content = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.filter(path -> !path.equals(folder)).toList()) {
        content.put(
            folder.relativize(path).toString(),
            Files.isDirectory(path) ? "/" : Files.readString(path));
      }
    }
    return content;
  }

  @Test
  void allAppearOnCommitAndNotBefore() throws IOException {
    Files.writeString(folder.resolve("a"), "old");
    try (AtomicFiles files = AtomicFiles.in(folder)) {
      write(files, folder.resolve("a"), "new");
      write(files, folder.resolve("b"), "new");
      assertEquals("old", content().get("a"));
      assertFalse(content().containsKey("b"));
      files.commit();
    }
    assertEquals(Map.of("a", "new", "b", "new"), content());
  }

  /** The first file is renamed last; that its target became a directory fails the commit. */
  @Test
  void aFailureBetweenRenamesPutsBackWhatWasReplaced() throws IOException {
    Files.writeString(folder.resolve("b"), "old");
    try (AtomicFiles files = AtomicFiles.in(folder)) {
      write(files, folder.resolve("a"), "new");
      write(files, folder.resolve("b"), "new");
      write(files, folder.resolve("c"), "new");
      Files.createDirectories(folder.resolve("a/full"));
      ModelException error = assertThrows(ModelException.class, files::commit);
      assertEquals(ErrorCode.NOT_WRITABLE, error.code());
      assertEquals(folder.resolve("a"), error.path());
    }
    assertEquals(Map.of("a", "/", "a/full", "/", "b", "old"), content());
  }

  @Test
  void aNewFolderAppearsWhole() throws IOException {
    Path target = folder.resolve("model");
    try (AtomicFiles files = AtomicFiles.in(target)) {
      write(files, target.resolve("a"), "new");
      write(files, target.resolve("b"), "new");
      assertFalse(Files.exists(target));
      files.commit();
    }
    assertEquals(Map.of("model", "/", "model/a", "new", "model/b", "new"), content());
  }

  @Test
  void aFolderThatAppearsMeanwhileStaysAsItIs() throws IOException {
    Path target = folder.resolve("model");
    try (AtomicFiles files = AtomicFiles.in(target)) {
      write(files, target.resolve("a"), "new");
      Files.createDirectory(target);
      Files.writeString(target.resolve("a"), "another's");
      assertThrows(ModelException.class, files::commit);
    }
    assertEquals(Map.of("model", "/", "model/a", "another's"), content());
  }

  @ParameterizedTest
  @ValueSource(strings = {".", "model"})
  void whatIsNotCommittedLeavesNothing(String name) throws IOException {
    Path target = folder.resolve(name).normalize();
    Files.writeString(folder.resolve("a"), "old");
    try (AtomicFiles files = AtomicFiles.in(target)) {
      write(files, target.resolve("a"), "new");
      write(files, target.resolve("b"), "new");
    }
    assertEquals(Map.of("a", "old"), content());
  }

  @ParameterizedTest
  @ValueSource(strings = {".", "model"})
  void whoeverStopsTheProcessBeforeTheCommitFindsNothingNew(String name) throws IOException {
    Path target = folder.resolve(name).normalize();
    Files.writeString(folder.resolve("a"), "old");
    try (AtomicFiles files = AtomicFiles.in(target)) {
      write(files, target.resolve("a"), "new");
      files.stop();
      assertEquals(Map.of("a", "old"), content());
      assertThrows(ModelException.class, () -> files.open(target.resolve("b")));
      ModelException error = assertThrows(ModelException.class, files::commit);
      assertTrue(String.valueOf(error.getMessage()).contains("stop"), error::getMessage);
    }
    assertEquals(Map.of("a", "old"), content());
  }

  @Test
  void aFileIsNoFolder() throws IOException {
    Path file = Files.writeString(folder.resolve("a"), "old");
    ModelException error = assertThrows(ModelException.class, () -> AtomicFiles.in(file));
    assertEquals(ErrorCode.NOT_A_FILE, error.code());
  }
}
