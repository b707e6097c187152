package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.quant.F8Codecs;
import dev.rosetta.formats.safetensors.SafeTensorsFormat;
import dev.rosetta.formats.safetensors.SafeTensorsWriter;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole commands on folders whose weights are packed. */
final class QuantisedFolderTests {
  @TempDir static Path folder;

  private static Path plain;
  private static Path packed;
  private static Path unknown;

  /** A model with eight-bit projections, the same in float32, and one of a method nobody knows. */
  @BeforeAll
  static void write() throws IOException {
    Path model = folder.resolve("model");
    assertEquals(0, Cli.run("synth", "--arch", "llama", "-o", model).exitCode());
    Random random = new Random(5);
    List<TensorEntry> plainTensors = new ArrayList<>();
    List<TensorEntry> packedTensors = new ArrayList<>();
    List<TensorEntry> unknownTensors = new ArrayList<>();
    try (ModelSource source = new SafeTensorsFormat().open(model)) {
      for (TensorInfo tensor : source.tensors()) {
        TensorEntry copy = TensorEntry.copyOf(tensor.name(), source, tensor, tensor.dims());
        if (tensor.name().endsWith("_proj.weight")) {
          scaled(tensor, random, plainTensors, packedTensors);
          unknownTensors.add(
              TensorEntry.of(
                  tensor.name().replace(".weight", ".W_q"),
                  ElementType.U8,
                  tensor.dims(),
                  new byte[(int) tensor.elements()]));
        } else {
          plainTensors.add(copy);
          packedTensors.add(copy);
          unknownTensors.add(copy);
        }
      }
      plain = write("plain", model, "", plainTensors);
      packed =
          write(
              "packed",
              model,
              "\"quantization_config\":{\"quant_method\":\"fp8\"},",
              packedTensors);
      unknown =
          write(
              "unknown",
              model,
              "\"quantization_config\":{\"quant_method\":\"hqq\"},",
              unknownTensors);
    }
  }

  /** Random codes with a scale for each row, and what they stand for. */
  private static void scaled(
      TensorInfo tensor, Random random, List<TensorEntry> plain, List<TensorEntry> packed) {
    int rows = (int) (long) tensor.dims().getFirst();
    int columns = (int) (long) tensor.dims().getLast();
    byte[] codes = new byte[rows * columns];
    ByteBuffer scales = ByteBuffer.allocate(4 * rows).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer values = ByteBuffer.allocate(4 * codes.length).order(ByteOrder.LITTLE_ENDIAN);
    float[] levels = new float[columns];
    for (int r = 0; r < rows; r++) {
      float scale = 0.01f + 0.05f * random.nextFloat();
      scales.putFloat(scale);
      for (int c = 0; c < columns; c++) {
        codes[r * columns + c] = (byte) (random.nextInt(0x40) | random.nextInt(2) << 7);
      }
      new F8Codecs.E4M3().decode(codes, r * columns, levels, 0, columns);
      for (float level : levels) {
        values.putFloat(level * scale);
      }
    }
    plain.add(TensorEntry.of(tensor.name(), ElementType.F32, tensor.dims(), values.array()));
    packed.add(TensorEntry.of(tensor.name(), ElementType.F8_E4M3, tensor.dims(), codes));
    packed.add(
        TensorEntry.of(
            tensor.name() + "_scale", ElementType.F32, List.of((long) rows, 1L), scales.array()));
  }

  private static Path write(String name, Path model, String key, List<TensorEntry> tensors)
      throws IOException {
    Path target = Files.createDirectories(folder.resolve(name));
    String config = Files.readString(model.resolve("config.json"));
    Files.writeString(target.resolve("config.json"), config.replaceFirst("\\{", "{" + key));
    SafeTensorsWriter.write(target.resolve("model.safetensors"), Map.of(), tensors);
    return target;
  }

  @Test
  void aPackedFolderMatchesItsDecodedTwin() {
    Run run = Cli.run(plain, packed, "--tokens", "1,5,9", "--assert-match");
    assertEquals(0, run.exitCode(), run::toString);
  }

  @Test
  void inspectionSaysWhatAWeightIsDecodedFrom() {
    Run run = Cli.run("inspect", packed);
    assertEquals(0, run.exitCode(), run::toString);
    assertTrue(run.out().contains("decoded from F8_E4M3 with a scale for each row"), run::toString);
    assertTrue(
        Cli.run("inspect", packed, "--format", "json")
            .out()
            .contains("\"packing\" : \"F8_E4M3 with a scale for each row\""));
  }

  @Test
  void aPackedFolderIsConvertedAsItIsDecoded() {
    Path gguf = folder.resolve("packed.gguf");
    Run run = Cli.run("convert", packed, gguf, "--verify");
    assertEquals(0, run.exitCode(), run::toString);
    assertEquals(0, Cli.run(gguf, plain, "--tokens", "1,5,9", "--assert-match").exitCode());
  }

  @Test
  void anUnknownPackingIsRefusedByEveryCommand() {
    for (Run run :
        List.of(
            Cli.run(plain, unknown, "--tokens", "1,5,9"),
            Cli.run("diff", plain, unknown),
            Cli.run("convert", unknown, folder.resolve("unknown.gguf")))) {
      assertEquals(3, run.exitCode(), run::toString);
      assertTrue(run.err().contains("quantised by hqq"), run::toString);
      assertFalse(run.err().contains("TENSOR_MISSING"), run::toString);
    }
    Run inspection = Cli.run("inspect", unknown);
    assertEquals(3, inspection.exitCode(), inspection::toString);
    assertTrue(inspection.out().contains("UNSUPPORTED_QUANTIZATION"), inspection::toString);
    assertTrue(inspection.out().contains(".W_q"), inspection::toString);
  }
}
