package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.example.plugin.ExampleBackend;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The format and the back end of org.example.plugin are known by META-INF/services alone. */
final class PluginTests {
  @TempDir Path folder;
  private DemoFiles files;

  @BeforeEach
  void write() {
    files = DemoFiles.write(folder);
  }

  @Test
  void formatOfAThirdPartyIsRead() throws IOException {
    Path pointer = Files.writeString(folder.resolve("model.pointer"), "POINTER model.gguf\n");
    Run match = Cli.run(files.healthy(), pointer, "--assert-match", "--format", "json");
    assertEquals(0, match.exitCode(), match.toString());
    Map<?, ?> json = JsonText.object(match.out());
    assertEquals("Pointer", ((Map<?, ?>) json.get("b")).get("format"));
    assertEquals(1, Cli.run(files.planted(), pointer, "--assert-match").exitCode());
    assertTrue(Cli.run("inspect", pointer).out().contains("Pointer"));
  }

  @Test
  void backEndOfAThirdPartyComputesTheSameBits() {
    long before = ExampleBackend.CALLS.get();
    Run example = Cli.run(files.planted(), files.gguf(), "--backend", "example", "--format=json");
    assertTrue(ExampleBackend.CALLS.get() > before);
    Map<?, ?> json = JsonText.object(example.out());
    assertEquals("example", ((Map<?, ?>) json.get("tool")).get("backend"));
    Run scalar = Cli.run(files.planted(), files.gguf(), "--backend", "scalar", "--format=json");
    assertEquals(JsonText.object(scalar.out()).get("points"), json.get("points"));
    assertTrue(Cli.run("doctor").out().contains("example"));
  }
}
