package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Verdict;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.convert.Conversion;
import dev.rosetta.formats.convert.ElementMix;
import dev.rosetta.formats.convert.FileFormat;
import dev.rosetta.formats.convert.ModelContent;
import dev.rosetta.formats.convert.ModelFiles;
import dev.rosetta.formats.convert.Recoding;
import dev.rosetta.formats.convert.RoleTensor;
import dev.rosetta.formats.synth.ModelShape;
import dev.rosetta.formats.synth.SyntheticModel;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Types that have no kernel: whole comparisons of a model with its F32 twin. */
final class LowBitTypesTests {
  private static final RosettaComparator COMPARATOR = RosettaComparator.create();
  private static final List<ElementType> TYPES =
      List.of(
          ElementType.IQ1_S,
          ElementType.IQ1_M,
          ElementType.IQ2_XXS,
          ElementType.IQ2_XS,
          ElementType.IQ2_S,
          ElementType.IQ3_XXS,
          ElementType.IQ3_S,
          ElementType.TQ1_0,
          ElementType.TQ2_0,
          ElementType.NVFP4,
          ElementType.Q1_0,
          ElementType.Q2_0);
  private static final long SEED = 7;

  @TempDir static Path folder;
  private static List<RoleTensor> tensors;
  private static Path plain;

  /** A model whose projections are random blocks of one type after the other, and its F32 twin. */
  @BeforeAll
  static void write() {
    ModelContent model = model();
    tensors = new ArrayList<>(model.tensors());
    Iterator<ElementType> types = TYPES.iterator();
    tensors.replaceAll(
        tensor ->
            tensor.role().layer() >= 0 && tensor.dims().size() == 2 && types.hasNext()
                ? random(tensor, types.next())
                : tensor);
    assertFalse(types.hasNext());
    Recoding recoding = new Recoding();
    plain =
        write(
            "plain.gguf",
            tensors.stream().map(tensor -> recoding.recode(tensor, ElementType.F32)).toList());
  }

  private static ModelContent model() {
    ModelShape shape = ModelShape.tiny("llama").with("hidden=256,ffn=256,vocab=258,layers=2");
    return SyntheticModel.of(shape, ElementMix.F32, SEED);
  }

  private static Path write(String name, List<RoleTensor> tensors) {
    return write(name, tensors, List.of());
  }

  private static Path write(String name, List<RoleTensor> tensors, List<TensorEntry> others) {
    ModelContent model = model();
    Path file = folder.resolve(name);
    ModelFiles.write(
        file,
        FileFormat.GGUF,
        new ModelContent(model.facts(), model.vocabulary(), null, tensors, others));
    return file;
  }

  private static RoleTensor random(RoleTensor tensor, ElementType type) {
    int rowBytes = (int) type.byteSize(tensor.columns());
    byte[] blocks = new byte[tensor.rowCount() * rowBytes];
    new Random(SEED).nextBytes(blocks);
    for (int block = 0; block < blocks.length; block += type.blockBytes()) {
      setSmallScale(type, blocks, block);
    }
    return new RoleTensor(
        tensor.role(),
        type,
        tensor.dims(),
        (row, target, at) -> System.arraycopy(blocks, row * rowBytes, target, at, rowBytes));
  }

  /** Makes the scale of a block 2^-9, as if it held weights of order 1/16. */
  private static void setSmallScale(ElementType type, byte[] blocks, int block) {
    byte high = 0x18;
    switch (type) {
      case NVFP4 -> {
        for (int s = 0; s < 4; s++) {
          blocks[block + s] = (byte) (8 + s);
        }
      }
      case IQ1_M -> {
        // Four bits of the scale in the upper nibble of every second byte from 49.
        for (int word = 0; word < 4; word++) {
          int nibble = word == 3 ? high >> 4 : word == 2 ? high & 15 : 0;
          int at = block + 49 + 2 * word;
          blocks[at] = (byte) (blocks[at] & 15 | nibble << 4);
        }
      }
      default -> {
        int at =
            block
                + switch (type) {
                  case TQ1_0 -> 52;
                  case TQ2_0 -> 64;
                  default -> 0;
                };
        blocks[at] = 0;
        blocks[at + 1] = high;
      }
    }
  }

  @Test
  void aModelMatchesItsF32TwinExactly() {
    ComparisonReport report = compare(write("encoded.gguf", tensors));
    assertEquals(Verdict.MATCH, report.verdict(), () -> report.diagnoses().toString());
    assertTrue(report.coverage().points().complete());
    assertTrue(report.coverage().tensors().complete());
    assertTrue(report.points().stream().allMatch(point -> point.local().maxDiff() == 0));
  }

  @Test
  void wrongSignsOfOneRowAreFound() {
    List<RoleTensor> wrong = new ArrayList<>(tensors);
    wrong.replaceAll(tensor -> tensor.type() == ElementType.IQ2_XS ? negatedRow(tensor) : tensor);
    ComparisonReport report = compare(write("damaged.gguf", wrong));
    assertEquals(Verdict.DIVERGED, report.verdict());
  }

  private static RoleTensor negatedRow(RoleTensor tensor) {
    return new RoleTensor(
        tensor.role(),
        tensor.type(),
        tensor.dims(),
        (row, target, at) -> {
          tensor.rows().read(row, target, at);
          // The seven stored signs of each point; their number is odd, so the eighth turns too.
          for (int point = 0; row == 3 && point < 32; point++) {
            target[at + 3 + 2 * point] ^= (byte) 0xfe;
          }
        });
  }

  private static ComparisonReport compare(Path file) {
    return compare(file, plain);
  }

  private static ComparisonReport compare(Path a, Path b) {
    return COMPARATOR.compare(ComparisonRequest.of(a, b).withThreads(2));
  }

  /** As llama.cpp's converter writes NVFP4: half of every value is in a tensor of its own. */
  @Test
  void aWeightIsMultipliedByTheScaleBesideIt() {
    ModelContent model = model();
    List<RoleTensor> blocks = new ArrayList<>(model.tensors());
    blocks.replaceAll(tensor -> isFirstGate(tensor) ? random(tensor, ElementType.NVFP4) : tensor);
    List<RoleTensor> halved = new ArrayList<>(blocks);
    halved.replaceAll(tensor -> isFirstGate(tensor) ? half(tensor) : tensor);
    Path scaled = write("scaled.gguf", blocks, List.of(scale("scale", 0.5f)));
    Path twin = write("halved.gguf", halved);
    ComparisonReport report = compare(scaled, twin);
    assertEquals(Verdict.MATCH, report.verdict(), () -> report.diagnoses().toString());
    assertTrue(report.points().stream().allMatch(point -> point.local().maxDiff() == 0));
    assertTrue(report.coverage().tensors().complete());
    assertEquals(List.of(), report.diagnoses());

    Path bare = write("bare.gguf", blocks, List.of(scale("input_scale", 0.5f)));
    assertEquals(Verdict.DIVERGED, compare(bare, twin).verdict());
    Path apr = folder.resolve("scaled.apr");
    Conversion.convert(scaled, apr, FileFormat.APR, null);
    assertEquals(Verdict.MATCH, compare(apr, twin).verdict());
  }

  private static boolean isFirstGate(RoleTensor tensor) {
    return tensor.role().equals(TensorRole.weight(TensorRole.Part.FFN_GATE, 0));
  }

  private static TensorEntry scale(String suffix, float value) {
    byte[] bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array();
    return TensorEntry.of("blk.0.ffn_gate." + suffix, ElementType.F32, List.of(1L), bytes);
  }

  private static RoleTensor half(RoleTensor tensor) {
    Recoding recoding = new Recoding();
    return new RoleTensor(
        tensor.role(),
        ElementType.F32,
        tensor.dims(),
        (row, target, at) -> {
          ByteBuffer bytes = ByteBuffer.wrap(target).order(ByteOrder.LITTLE_ENDIAN).position(at);
          for (float value : recoding.decode(tensor, row)) {
            bytes.putFloat(value / 2);
          }
        });
  }

  @Test
  void inspectAndDiffReadThem() {
    Path encoded = write("inspected.gguf", tensors);
    Cli.Run inspect = Cli.run("inspect", encoded);
    assertEquals(0, inspect.exitCode(), inspect.err());
    TYPES.forEach(type -> assertTrue(inspect.out().contains(type.name()), inspect.out()));
    assertEquals(0, Cli.run("diff", encoded, plain).exitCode());
  }
}
