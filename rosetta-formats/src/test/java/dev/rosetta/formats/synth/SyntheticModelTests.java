package dev.rosetta.formats.synth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.convert.ElementMix;
import dev.rosetta.formats.convert.FileFormat;
import dev.rosetta.formats.convert.ModelContent;
import dev.rosetta.formats.convert.ModelFiles;
import dev.rosetta.formats.convert.Recoding;
import dev.rosetta.formats.convert.RoleTensor;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SyntheticModelTests {
  private final Recoding recoding = new Recoding();

  @TempDir Path folder;

  private static RoleTensor tensor(ModelContent model, TensorRole role) {
    return model.tensors().stream().filter(t -> t.role().equals(role)).findFirst().orElseThrow();
  }

  private double[] meanAndDeviation(RoleTensor tensor) {
    double sum = 0;
    double squares = 0;
    for (int row = 0; row < tensor.rowCount(); row++) {
      for (int i = 0; i < tensor.columns(); i++) {
        float value = recoding.decode(tensor, row)[i];
        sum += value;
        squares += (double) value * value;
      }
    }
    double n = (double) tensor.rowCount() * tensor.columns();
    return new double[] {sum / n, Math.sqrt(squares / n)};
  }

  @ParameterizedTest
  @EnumSource
  void matricesHaveTheDeviationOfATrainedModel(ElementMix mix) {
    ModelShape shape = ModelShape.tiny("qwen2").with("hidden=256,ffn=256,vocab=258,layers=8");
    ModelContent model = SyntheticModel.of(shape, mix, 5);
    for (Part part : new Part[] {Part.Q, Part.V, Part.FFN_GATE}) {
      double[] found = meanAndDeviation(tensor(model, TensorRole.weight(part, 0)));
      double expected = 1 / Math.sqrt(256);
      assertEquals(0, found[0], 0.02 * expected, part + " mean");
      assertEquals(expected, found[1], 0.06 * expected, part + " deviation");
    }
    double[] norm = meanAndDeviation(tensor(model, TensorRole.weight(Part.ATTN_NORM, 0)));
    assertEquals(1, norm[0], 0.05);
  }

  @Test
  void bytesDependOnTheSeedAndNotOnThreads() throws Exception {
    ModelShape shape = ModelShape.tiny("llama").with("vocab=5000");
    byte[] one = write("one.gguf", shape, 1, 1);
    assertArrayEquals(one, write("four.gguf", shape, 1, 4));
    assertFalse(Arrays.equals(one, write("other.gguf", shape, 2, 4)));
  }

  private byte[] write(String name, ModelShape shape, long seed, int threads) throws Exception {
    Path file = folder.resolve(name);
    try (ForkJoinPool pool = new ForkJoinPool(threads)) {
      ModelContent model = SyntheticModel.of(shape, ElementMix.Q4_K_M, seed);
      // The name of the model states the seed.
      ModelContent anonymous =
          new ModelContent(model.facts(), null, model.mix(), model.tensors(), model.others());
      pool.submit(() -> ModelFiles.write(file, FileFormat.GGUF, anonymous)).get();
    }
    byte[] bytes = Files.readAllBytes(file);
    int tail = bytes.length / 2;
    return Arrays.copyOfRange(bytes, tail, bytes.length);
  }

  @Test
  void mixesAsLlamaCppDoes() {
    ModelShape shape = ModelShape.like("qwen2.5-coder-1.5b");
    ModelContent model = SyntheticModel.of(shape, ElementMix.Q4_K_M, 1);
    assertEquals(ElementType.Q6_K, tensor(model, TensorRole.weight(Part.EMBEDDING)).type());
    assertEquals(ElementType.Q4_K, tensor(model, TensorRole.weight(Part.FFN_GATE, 0)).type());
    assertEquals(ElementType.F32, tensor(model, TensorRole.bias(Part.V, 0)).type());
    StringBuilder down = new StringBuilder();
    for (int layer = 0; layer < 28; layer++) {
      ElementType type = tensor(model, TensorRole.weight(Part.FFN_DOWN, layer)).type();
      down.append(type == ElementType.Q6_K ? '6' : '4');
      assertEquals(type, tensor(model, TensorRole.weight(Part.V, layer)).type());
    }
    // 28 layers: 0…2 and 24…27, and between them each third.
    assertEquals("6664464464464464464464466666", down.toString());
  }

  @Test
  void fallsBackWhereRowsAreNoWholeBlocks() {
    TensorRole gate = TensorRole.weight(Part.FFN_GATE, 3);
    assertEquals(ElementType.Q5_0, ElementMix.Q4_K_M.of(gate, 896, 24, true));
    assertEquals(ElementType.Q5_1, ElementMix.Q5_K_M.of(gate, 896, 24, true));
    assertEquals(ElementType.Q8_0, ElementMix.Q6_K.of(gate, 896, 24, true));
    assertEquals(ElementType.F16, ElementMix.Q4_K_M.of(gate, 330, 24, true));
    assertEquals(ElementType.F16, ElementMix.Q8_0.of(gate, 330, 24, true));
    assertEquals(ElementType.Q4_K, ElementMix.Q4_K_M.of(gate, 1024, 24, true));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hidden",
        "hidden=x",
        "width=3",
        "heads=3,kv=2",
        "head_dim=15",
        "layers=0",
        "vocab=257",
        "hidden=999999999",
      })
  void refusesShapesThatMakeNoModel(String sizes) {
    assertThrows(IllegalArgumentException.class, () -> ModelShape.tiny("llama").with(sizes));
  }

  @Test
  void transposedDataAreThoseOfTheTransposedMatrix() {
    ModelShape shape = ModelShape.tiny("llama").with("hidden=64,ffn=96");
    ModelContent healthy = SyntheticModel.of(shape, ElementMix.F32, 9);
    TensorRole role = TensorRole.weight(Part.FFN_GATE, 1);
    ModelContent planted = PlantedFault.parse("transpose:layers.1.ffn_gate").plantIn(healthy);
    float[] flat = new float[96 * 64];
    for (int row = 0; row < 96; row++) {
      System.arraycopy(recoding.decode(tensor(planted, role), row), 0, flat, row * 64, 64);
    }
    for (int row = 0; row < 96; row++) {
      float[] expected = recoding.decode(tensor(healthy, role), row);
      for (int column = 0; column < 64; column++) {
        assertEquals(expected[column], flat[column * 96 + row]);
      }
    }
  }

  @Test
  void plantsNothingElsewhere() {
    ModelContent healthy = SyntheticModel.of(ModelShape.tiny("qwen3"), ElementMix.Q8_0, 9);
    ModelContent planted = PlantedFault.parse("swap-gate-up:1").plantIn(healthy);
    int changed = 0;
    for (RoleTensor tensor : healthy.tensors()) {
      if (!Arrays.equals(
          recoding.decode(tensor, 0), recoding.decode(tensor(planted, tensor.role()), 0))) {
        changed++;
        assertTrue(tensor.role().toString().startsWith("layers.1.ffn_"), tensor.role().toString());
      }
    }
    assertEquals(2, changed);
  }

  @Test
  void zeroMeansZeroInEveryType() {
    for (ElementMix mix : ElementMix.values()) {
      ModelContent healthy = SyntheticModel.of(ModelShape.tiny("llama"), mix, 9);
      ModelContent planted = PlantedFault.parse("zero:layers.0.ffn_down").plantIn(healthy);
      RoleTensor down = tensor(planted, TensorRole.weight(Part.FFN_DOWN, 0));
      for (float value : recoding.decode(down, 1)) {
        assertEquals(0f, Math.abs(value), mix.label());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "transpose",
        "melt:layers.0.q",
        "transpose:layers.0.attn_norm",
        "interleave:layers.0.v",
        "zero:layers.77.q",
        "swap-gate-up:x",
      })
  void refusesFaultsThatCannotBe(String fault) {
    ModelContent model = SyntheticModel.of(ModelShape.tiny("llama"), ElementMix.F32, 1);
    assertThrows(IllegalArgumentException.class, () -> PlantedFault.parse(fault).plantIn(model));
  }

  @Test
  void leavesNothingBehindWhereItCannotWrite() throws IOException {
    ModelContent model = SyntheticModel.of(ModelShape.tiny("llama"), ElementMix.F32, 1);
    Path nowhere = folder.resolve("no/such/folder.gguf");
    assertThrows(ModelException.class, () -> ModelFiles.write(nowhere, FileFormat.GGUF, model));
    try (var files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }
}
