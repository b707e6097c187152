package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rosetta.ComparisonRequest;
import dev.rosetta.ModelInspection;
import dev.rosetta.ProgressListener;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Side;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.testing.TinyDecoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that someone writes to while they are compared: never a verdict. */
final class ChangingFileTests {
  private static final RosettaComparator COMPARATOR = RosettaComparator.create();
  private static final FileTime LONG_AGO = FileTime.fromMillis(1_000_000_000_000L);

  private final TinyDecoder llama = TinyDecoder.of("llama", 5);

  @TempDir Path folder;

  private Path model(String format, String name) throws IOException {
    TinyFiles files = new TinyFiles(folder);
    Path file =
        switch (format) {
          case "apr" -> files.apr(name, llama, llama.tensors());
          case "gguf" -> files.gguf(name, llama);
          default -> files.safeTensors(name, llama, TinyFiles.entries(llama.tensors()));
        };
    Path weights = Files.isDirectory(file) ? file.resolve("model.safetensors") : file;
    Files.setLastModifiedTime(weights, LONG_AGO);
    return weights;
  }

  @ParameterizedTest
  @ValueSource(strings = {"apr", "gguf", "safetensors"})
  void aFileRewrittenDuringAComparisonIsAnError(String format) throws IOException {
    Path a = model("gguf", "a");
    Path b = model(format, "b");
    byte[] bytes = Files.readAllBytes(b);
    ModelException error = compare(a, b, () -> Files.write(b, bytes));
    assertEquals(b, error.path());
  }

  @Test
  void aFileReplacedDuringAComparisonIsAnError() throws IOException {
    Path a = model("gguf", "a");
    Path b = model("apr", "b");
    ModelException error =
        compare(
            a,
            b,
            () -> {
              Path other = Files.copy(a, folder.resolve("other"));
              Files.setLastModifiedTime(other, LONG_AGO);
              Files.move(other, a, StandardCopyOption.REPLACE_EXISTING);
            });
    assertEquals(a, error.path());
  }

  /** Compares; once both sides are open, {@code change} happens. */
  private static ModelException compare(Path a, Path b, Change change) {
    ProgressListener meddler =
        new ProgressListener() {
          @Override
          public void opened(Side side, ModelInspection inspection) {
            if (side == Side.B) {
              try {
                change.make();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }
          }
        };
    ComparisonRequest request = ComparisonRequest.of(a, b).withThreads(1);
    ModelException error =
        assertThrows(ModelException.class, () -> COMPARATOR.compare(request, meddler));
    assertEquals(ErrorCode.FILE_CHANGED, error.code());
    return error;
  }

  /** What someone else does to the files. */
  @FunctionalInterface
  interface Change {
    void make() throws IOException;
  }
}
