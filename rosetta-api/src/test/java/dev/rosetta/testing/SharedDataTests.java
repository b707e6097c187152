package dev.rosetta.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SharedDataTests {

  @TempDir Path root;

  @Test
  void liesBesideTheRepositoryOfTheWorkingDirectory() throws IOException {
    Path data = Files.createDirectories(root.resolve("shared/data"));
    Path module = Files.createDirectories(root.resolve("rosetta/rosetta-api"));
    assertEquals(Optional.of(data), SharedData.locate("", module));
  }

  @Test
  void variableMayBeRelativeToTheRepositoryOrAbsolute() throws IOException {
    Path data = Files.createDirectories(root.resolve("elsewhere/data"));
    Path module = Files.createDirectories(root.resolve("rosetta/rosetta-api"));
    assertEquals(Optional.of(data), SharedData.locate("../elsewhere", module));
    assertEquals(
        Optional.of(data), SharedData.locate(root.resolve("elsewhere").toString(), module));
  }

  @Test
  void variableThatNamesNoDataIsAnError() {
    assertThrows(
        IllegalStateException.class,
        () -> SharedData.locate(root.resolve("missing").toString(), root));
  }
}
