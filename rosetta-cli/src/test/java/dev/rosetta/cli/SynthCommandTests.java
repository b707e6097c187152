package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import dev.rosetta.formats.synth.ModelShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SynthCommandTests {
  @TempDir Path folder;

  private Path synth(String name, String... options) {
    Path output = folder.resolve(name);
    Object[] arguments = new Object[options.length + 3];
    arguments[0] = "synth";
    System.arraycopy(options, 0, arguments, 1, options.length);
    arguments[options.length + 1] = "-o";
    arguments[options.length + 2] = output;
    Run run = Cli.run(arguments);
    assertEquals(0, run.exitCode(), run::err);
    return output;
  }

  private static Run compare(Path a, Path b) {
    return Cli.run(a, b, "--assert-match", "--quiet");
  }

  @ParameterizedTest
  @CsvSource({
    "llama, f32", "llama, q8_0", "llama, q4_k_m",
    "qwen2, f16", "qwen2, q5_k_m", "qwen2, q4_0",
    "qwen3, bf16", "qwen3, q6_k", "qwen3, q5_1",
  })
  void isTheSameModelInEveryFormat(String architecture, String mix) {
    Path gguf = synth("m.gguf", "--arch", architecture, "--quant", mix);
    Path apr = synth("m.apr", "--arch", architecture, "--quant", mix);
    Path directory = synth("m", "--arch", architecture, "--quant", mix);
    Run withApr = compare(apr, gguf);
    assertEquals(0, withApr.exitCode(), withApr::out);
    Run withDirectory = compare(directory, gguf);
    assertEquals(0, withDirectory.exitCode(), withDirectory::out);
  }

  static List<String> adversarial() {
    return ModelShape.presetNames().stream().filter(name -> name.startsWith("adv")).toList();
  }

  @ParameterizedTest
  @MethodSource("adversarial")
  void adversarialShapesMatchAcrossFormats(String preset) {
    Path gguf = synth("m.gguf", "--like", preset, "--quant", "q4_k_m");
    Path apr = synth("m.apr", "--like", preset, "--quant", "q4_k_m");
    Run run = compare(apr, gguf);
    assertEquals(0, run.exitCode(), run::out);
  }

  @Test
  void anotherSeedIsAnotherModel() {
    Path one = synth("one.gguf", "--arch", "llama");
    Path two = synth("two.gguf", "--arch", "llama", "--seed", "2");
    assertEquals(1, compare(one, two).exitCode());
  }

  @ParameterizedTest
  @CsvSource({
    "transpose:layers.1.ffn_gate, layers.1.ffn_gate",
    "zero:layers.0.ffn_down, layers.0.ffn_out",
    "interleave:layers.1.q, layers.1.q",
    "swap-gate-up:1, layers.1.ffn_",
  })
  void plantedFaultsAreFoundWhereTheyAre(String fault, String place) {
    Path healthy = synth("healthy.gguf", "--arch", "qwen2");
    Path planted = synth("planted.apr", "--arch", "qwen2", "--plant", fault);
    Run run = compare(planted, healthy);
    assertEquals(1, run.exitCode(), run::out);
    assertTrue(run.out().contains("First divergence: " + place), run::out);
  }

  @Test
  void keepsWhatExistsUnlessForced() throws IOException {
    Path output = folder.resolve("m.gguf");
    byte[] precious = {1, 2, 3};
    Files.write(output, precious);
    Run refused = Cli.run("synth", "--arch", "llama", "-o", output);
    assertEquals(2, refused.exitCode());
    assertTrue(refused.err().contains("--force"), refused::err);
    assertArrayEquals(precious, Files.readAllBytes(output));
    synth("m.gguf", "--arch", "llama", "--force");
    assertTrue(Files.size(output) > 1000);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--arch llama --like tinyllama",
        "--arch gpt2",
        "--like no-such-model",
        "--arch llama --shape hidden=0",
        "--arch llama --plant melt:everything",
        "--arch llama --plant zero:layers.99.q",
        "--arch llama --quant q3",
      })
  void mistakesAreUsageErrors(String options) {
    Path output = folder.resolve("m.gguf");
    String[] words = options.isEmpty() ? new String[0] : options.split(" ");
    Object[] arguments = new Object[words.length + 3];
    arguments[0] = "synth";
    System.arraycopy(words, 0, arguments, 1, words.length);
    arguments[words.length + 1] = "-o";
    arguments[words.length + 2] = output;
    assertEquals(2, Cli.run(arguments).exitCode(), options);
    assertFalse(Files.exists(output));
  }

  @Test
  void outputMustTellItsFormat() {
    Run run = Cli.run("synth", "--arch", "llama", "-o", folder.resolve("model.bin"));
    assertEquals(2, run.exitCode());
    assertTrue(run.err().contains("--format"), run::err);
  }

  @Test
  void helpNamesPresetsAndMixes() {
    String help = Cli.run("synth", "--help").out();
    for (String word : List.of("qwen2.5-coder-1.5b", "adversarial-gqa", "q4_k_m", "transpose:")) {
      assertTrue(help.toLowerCase(Locale.ROOT).contains(word), word);
    }
  }
}
