package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher tells the JVM what not to compile, by a file and options that a JVM must take. */
final class CompilationTests {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Path DIRECTIVES =
      ROOT.resolve("rosetta-cli/src/main/launcher/compilation.json");

  @TempDir Path folder;

  @Test
  void theJvmTakesTheLaunchersOptionsAndPrintsNothingOfThem() throws Exception {
    Run run = java(DIRECTIVES);
    assertEquals(0, run.exitCode(), run.toString());
    assertEquals("", run.out());
  }

  @Test
  void aFileThatItCannotReadIsNotPassedOver() throws Exception {
    Path broken = Files.writeString(folder.resolve("broken.json"), "// no array\n[]");
    assertEquals(1, java(broken).exitCode());
  }

  @Test
  void codeWithHotLoopsOfItsOwnIsCompiled() throws IOException {
    List<String> left = new ArrayList<>();
    Matcher pattern =
        Pattern.compile("\"([^\"]+)/\\*\\.\\*\"").matcher(Files.readString(DIRECTIVES));
    while (pattern.find()) {
      left.add(pattern.group(1));
    }
    assertTrue(left.contains("dev/rosetta/cli"), left.toString());
    for (String hot :
        List.of(
            "dev/rosetta/engine",
            "dev/rosetta/compare",
            "dev/rosetta/diagnose",
            "dev/rosetta/tokenizer",
            "dev/rosetta/kernels/java",
            "dev/rosetta/formats/quant",
            "dev/rosetta/formats/apr")) {
      assertTrue(left.stream().noneMatch(hot::startsWith), hot + " is among " + left);
    }
  }

  private record Run(int exitCode, String out) {}

  /** Starts a JVM with the options of the launcher, which are read from it. */
  private static Run java(Path directives) throws IOException, InterruptedException {
    String launcher = Files.readString(ROOT.resolve("rosetta"));
    Matcher set =
        Pattern.compile("set -- (-XX:\\+UnlockDiagnosticVMOptions[^\\\\]*)\\\\").matcher(launcher);
    assertTrue(set.find(), "the launcher's options are not where they were");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(set.group(1).strip().split(" ")));
    command.add("-XX:CompilerDirectivesFile=" + directives);
    command.add("-version");
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), out);
  }
}
