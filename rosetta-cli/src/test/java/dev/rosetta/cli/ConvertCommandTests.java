package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Conversion from end to end: made, converted, compared. */
final class ConvertCommandTests {
  @TempDir Path folder;

  private Path synth(String name, String architecture, String mix) {
    Path output = folder.resolve(name);
    Run run =
        Cli.run(
            "synth",
            "--arch",
            architecture,
            "--shape",
            "hidden=256,ffn=256,layers=1,vocab=280",
            "--quant",
            mix,
            "-o",
            output);
    assertEquals(0, run.exitCode(), run::err);
    return output;
  }

  static List<Arguments> models() {
    List<Arguments> models = new ArrayList<>();
    for (String architecture : List.of("llama", "qwen2", "qwen3")) {
      for (String mix : List.of("f32", "f16", "bf16", "q8_0", "q4_0", "q4_k_m")) {
        models.add(Arguments.of(architecture, mix));
      }
    }
    return models;
  }

  @ParameterizedTest
  @MethodSource("models")
  void everyFormatBecomesEveryOther(String architecture, String mix) {
    for (String from : List.of("model.gguf", "model.apr", "folder")) {
      Path input = synth(from, architecture, mix);
      for (String to : List.of("out.gguf", "out.apr", "out")) {
        Path output = folder.resolve("from-" + from.replace('.', '-') + "-" + to);
        Run run = Cli.run("convert", input, output, "--verify", "--quiet");
        assertEquals(0, run.exitCode(), () -> from + " to " + to + ": " + run);
        assertTrue(run.out().contains("MATCH"), run::out);
      }
    }
  }

  @Test
  void tellsWhatIsDecoded() {
    Path input = synth("model.gguf", "qwen2", "q8_0");
    Run run = Cli.run("convert", input, folder.resolve("x.apr"));
    assertEquals(0, run.exitCode());
    assertTrue(run.err().contains("Q8_0") && run.err().contains("F32"), run::err);
  }

  @Test
  void keepsWhatExistsUnlessForced() throws IOException {
    Path input = synth("model.gguf", "llama", "f32");
    Path output = folder.resolve("x.apr");
    byte[] precious = {4, 2};
    Files.write(output, precious);
    assertEquals(2, Cli.run("convert", input, output).exitCode());
    assertArrayEquals(precious, Files.readAllBytes(output));
    assertEquals(0, Cli.run("convert", input, output, "--force").exitCode());
  }

  @Test
  void neverWritesOverItsInput() throws IOException {
    Path input = synth("model.gguf", "llama", "f32");
    byte[] before = Files.readAllBytes(input);
    Run run = Cli.run("convert", input, input, "--force");
    assertEquals(2, run.exitCode());
    assertTrue(run.err().contains("input"), run::err);
    assertArrayEquals(before, Files.readAllBytes(input));
  }

  @Test
  void unreadableInputsLeaveNoOutput() throws IOException {
    Path noise = folder.resolve("noise.gguf");
    Files.write(noise, new byte[] {1, 2, 3});
    Path output = folder.resolve("x.apr");
    assertEquals(3, Cli.run("convert", noise, output).exitCode());
    assertEquals(3, Cli.run("convert", folder.resolve("absent.gguf"), output).exitCode());
    assertFalse(Files.exists(output));
  }
}
