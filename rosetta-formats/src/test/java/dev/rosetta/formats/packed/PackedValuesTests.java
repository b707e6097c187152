package dev.rosetta.formats.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders small enough to be worked out by hand. */
final class PackedValuesTests {
  private static final String FP8 = "{\"quant_method\":\"fp8\",\"weight_block_size\":[2,2]}";
  private static final String GPTQ = "{\"quant_method\":\"gptq\",\"bits\":8,\"group_size\":4}";

  /** 1, 2, 3 and -0.5. */
  private static final int[] CODES = {0x38, 0x40, 0x44, 0xb0};

  @TempDir Path dir;

  private PackedFolder folder() {
    return new PackedFolder(dir);
  }

  private static List<Long> dims(long... dims) {
    return Arrays.stream(dims).boxed().toList();
  }

  private static SourceNote note(ModelSource source, String code) {
    return source.notes().stream().filter(n -> n.code().equals(code)).findFirst().orElseThrow();
  }

  @Test
  void blocksAreMultipliedByTheirScale() {
    try (ModelSource source =
        folder()
            .config(FP8)
            .bytes("x.weight", ElementType.F8_E4M3, dims(1, 4), CODES)
            .floats("x.weight_scale_inv", dims(1, 2), 2, 10)
            .open()) {
      assertArrayEquals(new float[] {2, 4, 30, -5}, PackedFolder.values(source));
      TensorInfo tensor = source.tensors().getFirst();
      assertEquals("F8_E4M3 with 2x2 block scales", tensor.packing());
      assertEquals(
          "1 weight is decoded from F8_E4M3 with 2x2 block scales",
          note(source, "WEIGHTS_UNPACKED").message());
    }
  }

  /** At 1, 2 and 3 the mantissa's step is an eighth and a quarter; -0.5 has a sixteenth above. */
  @Test
  void theStepOfAnEightBitFloatIsThatOfItsBinade() {
    try (ModelSource source =
        folder()
            .bytes(
                "x.weight",
                ElementType.F8_E4M3,
                dims(2, 4),
                0x38,
                0x40,
                0x44,
                0xb0,
                0,
                1,
                0x80,
                0x7e)
            .halves("x.weight_scale", dims(1), 0.5f)
            .open()) {
      float[] step = new float[8];
      float[] reach = new float[8];
      assertTrue(source.rounding(source.tensors().getFirst(), 0, step, reach, 8));
      float tiny = 0x1p-9f;
      assertArrayEquals(
          new float[] {0.0625f, 0.125f, 0.125f, 0.03125f, tiny / 2, tiny / 2, tiny / 2, 16}, step);
      // Half a step, and what rounding the scale to a half moved the value by.
      assertEquals(0.03125f + 1 * 0x1p-12f, reach[0]);
      assertEquals(tiny / 4, reach[4]);
      // At the end of the range a whole step, and what the scale adds.
      assertEquals(16 + 448 * 0x1p-12f, reach[7]);
    }
  }

  @Test
  void theReachOfIntegersCountsTheirZeroPoint() {
    try (ModelSource source =
        folder()
            .config(GPTQ)
            .ints("x.qweight", dims(1, 4), 0x01000102, 0, 0, 0x0807ff09)
            .ints("x.qzeros", dims(1, 1), 0x01000007)
            .halves("x.scales", dims(1, 4), 2, 1, 1, 0.25f)
            .open()) {
      // Zero points are stored less one: 8, 1, 1 and 2.
      assertArrayEquals(
          new float[] {
            -12, -14, -16, -14, -1, -1, -1, -1, -1, -1, -1, -1, 1.75f, 63.25f, 1.25f, 1.5f
          },
          PackedFolder.values(source));
      float[] step = new float[2];
      float[] reach = new float[2];
      source.rounding(source.tensors().getFirst(), 12, step, reach, 2);
      assertArrayEquals(new float[] {0.25f, 0.25f}, step);
      assertEquals(0.125f + 7 * 0x1p-13f, reach[0]);
      assertEquals(0.25f + 253 * 0x1p-13f, reach[1]);
    }
  }

  @Test
  void aGroupIndexThatIsNotInOrderIsFollowed() {
    try (ModelSource source =
        folder()
            .config(
                "{\"quant_method\":\"gptq\",\"bits\":8,\"group_size\":2,"
                    + "\"checkpoint_format\":\"gptq_v2\"}")
            .ints("x.qweight", dims(1, 4), 0x04030201, 0x04030201, 0x04030201, 0x04030201)
            .ints("x.qzeros", dims(2, 1), 0, 0x01010101)
            .halves("x.scales", dims(2, 4), 1, 1, 1, 1, 10, 10, 10, 100)
            .ints("x.g_idx", dims(4), 1, 0, 1, 0)
            .open()) {
      float[] values = PackedFolder.values(source);
      assertArrayEquals(new float[] {0, 2, 20, 4}, Arrays.copyOf(values, 4));
      assertArrayEquals(new float[] {0, 2, 200, 4}, Arrays.copyOfRange(values, 12, 16));
      assertEquals(
          "GPTQ 8-bit integers with groups of 2, in activation order",
          source.tensors().getFirst().packing());
    }
  }

  @Test
  void moreScalesThanBlocksAreReadByTheirFirstOnes() {
    try (ModelSource source =
        folder()
            .config(FP8)
            .bytes("x.weight", ElementType.F8_E4M3, dims(1, 4), CODES)
            .floats("x.weight_scale_inv", dims(2, 3), 2, 10, 7, 7, 7, 7)
            .open()) {
      assertArrayEquals(new float[] {2, 4, 30, -5}, PackedFolder.values(source));
      String message = note(source, "SCALES_PADDED").message();
      assertTrue(message.contains("F32[2, 3]") && message.contains("[1, 2]"), message);
    }
  }

  @Test
  void aWeightWithoutItsScaleStaysAsItIs() {
    try (ModelSource source =
        folder().config(FP8).bytes("x.weight", ElementType.F8_E4M3, dims(1, 4), CODES).open()) {
      TensorInfo tensor = source.tensors().getFirst();
      assertEquals(ElementType.F8_E4M3, tensor.type());
      assertNull(tensor.packing());
      assertFalse(source.rounding(tensor, 0, new float[4], new float[4], 4));
      assertFalse(source.notes().stream().anyMatch(n -> n.severity() == Severity.ERROR));
    }
  }

  @Test
  void scalesOfActivationsAndCachesAreToldAndHidden() {
    try (ModelSource source =
        folder()
            .config(FP8)
            .bytes("x.weight", ElementType.F8_E4M3, dims(1, 4), CODES)
            .floats("x.weight_scale", dims(), 1)
            .floats("x.input_scale", dims(), 3)
            .floats("x.k_scale", dims(), 3)
            .open()) {
      assertEquals(1, source.tensors().size());
      assertTrue(
          note(source, "ACTIVATION_SCALES_UNUSED").message().startsWith("2 tensors are for"));
    }
  }

  @Test
  void plainIntegersOfAnUnquantisedFolderAreLeftAlone() {
    try (ModelSource source =
        folder()
            .ints("x.position_ids", dims(4), 0, 1, 2, 3)
            .bytes("x.weight", ElementType.I8, dims(4), 0, 1, 2, 3)
            .floats("x.input_scale", dims(), 3)
            .open()) {
      assertEquals(3, source.tensors().size());
      assertFalse(source.notes().stream().anyMatch(n -> n.severity() == Severity.ERROR));
    }
  }

  /** Four-bit floats 0.5, 1, 1.5, 2, 3, 4, 6 and -0.5, then zeros; 0x38 is the scale 1. */
  @Test
  void theSecondScaleOfModelOptMultiplies() {
    try (ModelSource source =
        folder()
            .bytes("x.weight", ElementType.U8, dims(1, 8), 0x21, 0x43, 0x65, 0x97, 0, 0, 0, 0)
            .bytes("x.weight_scale", ElementType.F8_E4M3, dims(1, 1), 0x38)
            .floats("x.weight_scale_2", dims(), 8)
            .open()) {
      assertArrayEquals(
          new float[] {4, 8, 12, 16, 24, 32, 48, -4, 0, 0, 0, 0, 0, 0, 0, 0},
          PackedFolder.values(source));
    }
  }

  @Test
  void eachOfSeveralMatricesHasItsOwnBlocks() {
    try (ModelSource source =
        folder()
            .config(FP8)
            .bytes(
                "x.experts",
                ElementType.F8_E4M3,
                dims(2, 1, 4),
                0x38,
                0x40,
                0x44,
                0xb0,
                0x38,
                0x40,
                0x44,
                0xb0)
            .floats("x.experts_scale_inv", dims(2, 1, 2), 2, 10, 1, 100)
            .open()) {
      assertArrayEquals(new float[] {2, 4, 30, -5, 1, 2, 300, -50}, PackedFolder.values(source));
    }
  }
}
