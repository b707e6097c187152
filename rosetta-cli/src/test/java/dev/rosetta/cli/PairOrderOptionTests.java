package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import dev.rosetta.formats.convert.ElementMix;
import dev.rosetta.formats.convert.FileFormat;
import dev.rosetta.formats.convert.ModelContent;
import dev.rosetta.formats.convert.ModelFiles;
import dev.rosetta.formats.convert.RoleTensor;
import dev.rosetta.formats.synth.ModelShape;
import dev.rosetta.formats.synth.SyntheticModel;
import dev.rosetta.model.ElementType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An APR file of the days when aprender stored K-quants in pairs, against its source. */
final class PairOrderOptionTests {
  @TempDir static Path folder;
  private static Path healthy;
  private static Path pairs;

  @BeforeAll
  static void write() {
    ModelShape shape = ModelShape.tiny("qwen2").with("hidden=256,ffn=256,vocab=258,layers=1");
    ModelContent model = SyntheticModel.of(shape, ElementMix.Q4_K_M, 3);
    healthy = folder.resolve("healthy.gguf");
    pairs = folder.resolve("pairs.apr");
    ModelFiles.write(healthy, FileFormat.GGUF, model);
    ModelContent paired =
        new ModelContent(
            model.facts(),
            model.vocabulary(),
            model.mix(),
            model.tensors().stream().map(PairOrderOptionTests::inPairs).toList(),
            model.others());
    ModelFiles.write(pairs, FileFormat.APR, paired);
  }

  private static RoleTensor inPairs(RoleTensor tensor) {
    if (tensor.type() != ElementType.Q4_K) {
      return tensor;
    }
    return new RoleTensor(
        tensor.role(),
        tensor.type(),
        tensor.dims(),
        (row, target, at) -> {
          tensor.rows().read(row, target, at);
          for (int block = at; block < at + tensor.rowBytes(); block += 144) {
            toPairs(target, block + 16);
          }
        });
  }

  /** From elements 64c + l and 64c + 32 + l in byte 32c + l to 2b and 2b + 1 in byte b. */
  private static void toPairs(byte[] block, int qs) {
    byte[] elements = new byte[256];
    for (int i = 0; i < 128; i++) {
      int element = 64 * (i / 32) + i % 32;
      elements[element] = (byte) (block[qs + i] & 15);
      elements[element + 32] = (byte) (block[qs + i] >> 4 & 15);
    }
    for (int b = 0; b < 128; b++) {
      block[qs + b] = (byte) (elements[2 * b] | elements[2 * b + 1] << 4);
    }
  }

  @Test
  void withoutTheOptionThePairsAreDiagnosed() {
    Run run = Cli.run(pairs, healthy, "--assert-match");
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.out().contains("QUANT_NIBBLE_ORDER"), run.out());
  }

  @Test
  void withTheOptionAllElseIsCompared() {
    for (String value : new String[] {"a:q4_k", "A:Q4_K"}) {
      Run run = Cli.run(pairs, healthy, "--pair-order", value, "--assert-match");
      assertEquals(0, run.exitCode(), run.out() + run.err());
      assertTrue(run.out().contains("WARNING PAIR_ORDER: the elements of "), run.out());
    }
    Run diff = Cli.run("diff", healthy, pairs, "--pair-order", "b:q4_k", "--format", "json");
    Map<?, ?> note = (Map<?, ?>) ((List<?>) JsonText.object(diff.out()).get("notes")).getLast();
    assertEquals("PAIR_ORDER", note.get("code"));
    assertEquals("B", note.get("side"));
    assertEquals(
        1, Cli.run("diff", healthy, pairs, "--pair-order=b:q6_k", "--assert-match").exitCode());
  }

  @Test
  void whatCannotBeMeantIsAUsageError() {
    for (String value : new String[] {"c", "a:q5_k", "a:", "b"}) {
      Run run = Cli.run("diff", pairs, healthy, "--pair-order", value);
      assertEquals(2, run.exitCode(), value);
      assertTrue(run.err().contains("--pair-order"), run.err());
    }
    Run same = Cli.run(pairs, pairs, "--pair-order", "a");
    assertEquals(2, same.exitCode());
    assertTrue(same.err().contains("both sides are"), same.err());
  }

  /** Before a model is loaded, let alone run. */
  @Test
  void aSideThatIsNoAprFileIsRefusedAtOnce() throws IOException {
    Path nothing = Files.createDirectory(folder.resolve("nothing"));
    List<Path> others = List.of(healthy, nothing);
    others.forEach(
        other -> {
          for (String command : new String[] {"compare", "diff"}) {
            Run run = Cli.run(command, pairs, other, "--pair-order", "b");
            assertEquals(2, run.exitCode());
            assertTrue(
                run.err().contains("--pair-order b: " + other + " is no APR file"), run.err());
            assertFalse(run.err().contains("Loading"), run.err());
            assertFalse(run.err().contains("[APR-LOAD]"), run.err());
          }
        });
  }
}
