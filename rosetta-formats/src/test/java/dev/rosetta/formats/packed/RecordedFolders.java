package dev.rosetta.formats.packed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Folders that {@code conformance/quantised/make_folders.py} wrote, with what their owners read.
 */
final class RecordedFolders {
  private RecordedFolders() {}

  static List<Path> all() {
    URL any = RecordedFolders.class.getResource("awq/config.json");
    if (any == null) {
      throw new IllegalStateException("no recorded folders");
    }
    try (Stream<Path> folders = Files.list(Path.of(any.toURI()).resolve("../..").normalize())) {
      return folders
          .filter(folder -> Files.exists(folder.resolve("expected.safetensors")))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
