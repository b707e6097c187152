package dev.rosetta.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.LargeModel.Use;
import dev.rosetta.formats.gguf.GgufFormat;
import dev.rosetta.model.ModelSource;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JsonParser;

/** What opening a large model costs, in a heap that would not hold more. */
class LargeModelTests {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"gguf", "apr", "safetensors"})
  void aHundredGigabytesOpenByTheirDirectoryAndWithoutTheVocabulary(String format)
      throws Exception {
    Path file = LargeModel.write(format, folder);
    long used = heap("-Xmx16m", format, file, Use.TENSORS);
    assertTrue(used < 4 << 20, used + " bytes");
  }

  /** While it is read; what stays is half of that. */
  @ParameterizedTest
  @ValueSource(strings = {"gguf", "apr", "safetensors"})
  void theVocabularyOfACurrentModelTakesLessThan64Megabytes(String format) throws Exception {
    Path file = LargeModel.write(format, folder);
    long used = heap("-Xmx64m", format, file, Use.VOCABULARY);
    assertTrue(used < 32 << 20, used + " bytes");
  }

  private static long heap(String limit, String format, Path file, Use use)
      throws IOException, InterruptedException, URISyntaxException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                java,
                limit,
                "-XX:+UseSerialGC",
                "-cp",
                classPath(),
                LargeModel.class.getName(),
                format,
                file.toString(),
                use.name())
            .redirectErrorStream(true)
            .start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertEquals(0, process.waitFor(), output);
    return Long.parseLong(output);
  }

  /** On the class path, whatever this test runs on. */
  private static String classPath() throws URISyntaxException {
    // Of a class that is patched into a module, only the resource tells where it lies.
    Path own = Path.of(LargeModel.class.getResource("LargeModel.class").toURI());
    int depth = LargeModel.class.getName().split("\\.").length;
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < depth; i++) {
      own = own.getParent();
    }
    path.append(own);
    for (Class<?> owner : List.of(ModelSource.class, GgufFormat.class, JsonParser.class)) {
      Path place = Path.of(owner.getProtectionDomain().getCodeSource().getLocation().toURI());
      path.append(File.pathSeparator).append(place);
    }
    return path.toString();
  }
}
