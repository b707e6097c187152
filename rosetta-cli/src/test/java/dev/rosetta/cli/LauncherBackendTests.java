package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher starts Java without the Vector API where native kernels were built, and says by a
 * property what {@code auto} then stands for.
 */
final class LauncherBackendTests {
  private static final String PROPERTY = "rosetta.backend.auto";

  @TempDir Path folder;
  private DemoFiles files;

  @BeforeEach
  void write() {
    files = DemoFiles.write(folder);
    System.setProperty(PROPERTY, "absent");
  }

  @AfterEach
  void clear() {
    System.clearProperty(PROPERTY);
  }

  @Test
  void oneThatCannotBeUsedIsAnErrorThatNamesTheOthersAndNoSilentFallback() {
    Run run = Cli.run(files.healthy(), files.gguf());
    assertEquals(2, run.exitCode(), run.toString());
    assertEquals("", run.out());
    assertTrue(run.err().contains("'absent'") && run.err().contains("scalar"), run.err());
  }

  @Test
  void aBackEndThatTheUserNamesIsTakenInstead() {
    Run run = Cli.run(files.healthy(), files.gguf(), "--backend", "scalar", "--assert-match");
    assertEquals(0, run.exitCode(), run.toString());
  }
}
