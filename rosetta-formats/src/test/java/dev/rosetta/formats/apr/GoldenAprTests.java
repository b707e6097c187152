package dev.rosetta.formats.apr;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** APR files that an independent writer made of the golden models. */
@Tag("shared")
class GoldenAprTests {

  static Stream<Path> files() throws IOException {
    Path folder = SharedData.path("golden-apr");
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(path -> path.toString().endsWith(".apr")).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void opensWithTensorsAndTokenizerAndNothingOdd(Path path) {
    try (ModelSource source = new AprFormat().open(path)) {
      assertFalse(source.tensors().isEmpty());
      assertEquals(
          List.of(),
          source.notes().stream().filter(note -> note.severity() != Severity.INFO).toList());
      source.vocabulary();
    }
  }
}
