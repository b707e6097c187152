package dev.rosetta.formats.packed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.Reading;
import dev.rosetta.formats.safetensors.SafeTensorsFormat;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.normalize.Normalizer;
import dev.rosetta.spi.ElementCodecs;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Packed weights with parts that are missing, misshapen, cut off or say what cannot be. */
final class PackedDamageTests {
  private static final int[] CODES = {0x38, 0x40, 0x44, 0xb0};
  private static final String GPTQ =
      "{\"quant_method\":\"gptq\",\"bits\":8,\"group_size\":2,\"checkpoint_format\":\"gptq_v2\"}";

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @TempDir Path dir;

  static List<Path> folders() {
    return RecordedFolders.all();
  }

  private PackedFolder folder() {
    return new PackedFolder(dir);
  }

  private static List<Long> dims(long... dims) {
    return Arrays.stream(dims).boxed().toList();
  }

  /** Damage to one weight: a note names it, and it is not read. */
  private static String damage(ModelSource source, ErrorCode code) {
    SourceNote note =
        source.notes().stream()
            .filter(n -> n.severity() == Severity.ERROR)
            .findFirst()
            .orElseThrow();
    assertEquals(code.name(), note.code(), note::message);
    assertEquals("x.weight", note.tensor());
    TensorInfo tensor =
        source.tensors().stream()
            .filter(t -> t.name().equals("x.weight"))
            .findFirst()
            .orElseThrow();
    MemorySegment target = MemorySegment.ofArray(new byte[4]);
    ModelException e = assertThrows(ModelException.class, () -> source.read(tensor, 0, target, 4));
    assertEquals(code, e.code());
    assertTrue(String.valueOf(e.getMessage()).contains("x."), e::toString);
    return note.message();
  }

  /** A folder that is refused as a whole. */
  private static String refusal(ModelSource source) {
    ModelException e =
        assertThrows(
            ModelException.class, () -> Normalizer.normalize(source, ElementCodecs.load()));
    assertEquals(ErrorCode.UNSUPPORTED_QUANTIZATION, e.code());
    return String.valueOf(e.getMessage());
  }

  @Test
  void aTransposedGridIsNamedWithBothShapes() {
    try (ModelSource source =
        folder()
            .config("{\"quant_method\":\"fp8\",\"weight_block_size\":[2,2]}")
            .bytes("x.weight", ElementType.F8_E4M3, dims(1, 4), CODES)
            .floats("x.weight_scale_inv", dims(2, 1), 1, 2)
            .open()) {
      String message = damage(source, ErrorCode.SHAPE_MISMATCH);
      assertTrue(message.contains("F32[2, 1]") && message.contains("F8_E4M3[1, 4]"), message);
      assertTrue(message.contains("transposed"), message);
    }
  }

  @Test
  void aGridThatIsTooSmallIsNamedWithBothShapes() {
    try (ModelSource source =
        folder()
            .config("{\"quant_method\":\"fp8\",\"weight_block_size\":[1,1]}")
            .bytes("x.weight", ElementType.F8_E4M3, dims(1, 4), CODES)
            .floats("x.weight_scale_inv", dims(1, 3), 1, 2, 3)
            .open()) {
      damage(source, ErrorCode.SHAPE_MISMATCH);
    }
  }

  @Test
  void twoScalesOfOneWeightAreNotChosenFrom() {
    try (ModelSource source =
        folder()
            .bytes("x.weight", ElementType.F8_E4M3, dims(1, 4), CODES)
            .floats("x.weight_scale_inv", dims(1), 1)
            .floats("x.weight_scale", dims(1), 1)
            .open()) {
      damage(source, ErrorCode.TENSOR_DUPLICATED);
    }
  }

  private PackedFolder gptq() {
    return folder()
        .config(GPTQ)
        .ints("x.qweight", dims(1, 4), 1, 2, 3, 4)
        .ints("x.qzeros", dims(2, 1), 0, 0);
  }

  @Test
  void aMissingPartIsNamed() {
    try (ModelSource source = gptq().open()) {
      String message = damage(source, ErrorCode.TENSOR_MISSING);
      assertTrue(message.contains("\"x.scales\""), message);
    }
    try (ModelSource source = folder().ints("x.weight_packed", dims(1, 4), 1, 2, 3, 4).open()) {
      assertTrue(damage(source, ErrorCode.TENSOR_MISSING).contains("\"x.weight_scale\""));
    }
    try (ModelSource source =
        folder()
            .config("{\"quant_method\":\"bitsandbytes\"}")
            .bytes("x.weight", ElementType.I8, dims(1, 4), CODES)
            .open()) {
      assertTrue(damage(source, ErrorCode.TENSOR_MISSING).contains("\"x.SCB\""));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 2, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void aGroupThatIsNotThereIsNamed(int group) {
    try (ModelSource source =
        gptq()
            .halves("x.scales", dims(2, 4), 1, 1, 1, 1, 1, 1, 1, 1)
            .ints("x.g_idx", dims(4), 0, 0, group, 1)
            .open()) {
      String message = damage(source, ErrorCode.MALFORMED);
      assertTrue(message.contains("x.g_idx") && message.contains("group " + group), message);
    }
  }

  @Test
  void anIndexThatLeavesGroupsOutIsNone() {
    try (ModelSource source =
        gptq()
            .halves("x.scales", dims(2, 4), 1, 1, 1, 1, 1, 1, 1, 1)
            .ints("x.g_idx", dims(4), 0, 0, 0, 0)
            .open()) {
      assertTrue(damage(source, ErrorCode.MALFORMED).contains("1 of the 2 groups"));
    }
  }

  @Test
  void scalesOfAnotherWidthAreNamed() {
    try (ModelSource source = gptq().halves("x.scales", dims(2, 3), 1, 1, 1, 1, 1, 1).open()) {
      damage(source, ErrorCode.SHAPE_MISMATCH);
    }
  }

  @Test
  void aWeightThatIsThereTwiceIsRefused() {
    PackedFolder twice =
        gptq()
            .halves("x.scales", dims(2, 4), 1, 1, 1, 1, 1, 1, 1, 1)
            .floats("x.weight", dims(1), 1);
    assertEquals(
        ErrorCode.TENSOR_DUPLICATED, assertThrows(ModelException.class, twice::open).code());
  }

  @Test
  void scalesThatAreAllZeroAreRefusedByName() {
    try (ModelSource source =
        gptq()
            .halves("x.scales", dims(2, 4), 0, 0, 0, 0, 0, 0, 0, 0)
            .ints("x.g_idx", dims(4), 0, 0, 0, 0)
            .open()) {
      String message = refusal(source);
      assertTrue(message.contains("gptq") && message.contains("\"x.scales\""), message);
      assertTrue(message.contains("are zero"), message);
    }
  }

  static Stream<Map.Entry<String, String>> unknownMethods() {
    return Stream.of(
        Map.entry("hqq", "x.W_q"),
        Map.entry("marlin", "x.B"),
        Map.entry("exl2", "x.q_weight"),
        Map.entry("vptq", "x.indices"),
        Map.entry("aqlm", "x.codes"),
        Map.entry("torchao", "x.weight_qdata"),
        Map.entry("bitnet", "x.weight"));
  }

  @ParameterizedTest
  @MethodSource("unknownMethods")
  void anUnknownMethodIsNamedWithTheRemedy(Map.Entry<String, String> method) {
    try (ModelSource source =
        folder()
            .config("{\"quant_method\":\"" + method.getKey() + "\"}")
            .bytes(
                method.getValue(),
                ElementType.U8,
                method.getKey().equals("vptq") ? dims(4) : dims(1, 4),
                CODES)
            .open()) {
      String message = refusal(source);
      assertTrue(message.contains(method.getKey()), message);
      assertTrue(message.contains(method.getValue()), message);
      assertTrue(message.contains("dequantize()"), message);
    }
  }

  @Test
  void aVariantThatIsNotDecodedIsRefused() {
    try (ModelSource source =
        gptq()
            .config("{\"quant_method\":\"gptq\",\"checkpoint_format\":\"marlin\"}")
            .halves("x.scales", dims(2, 4), 1, 1, 1, 1, 1, 1, 1, 1)
            .open()) {
      assertTrue(refusal(source).contains("marlin"));
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void aFolderThatIsCutOffSaysSo(Path recorded) throws IOException {
    Path file = recorded.resolve("model.safetensors");
    if (!Files.exists(file)) {
      file = recorded.resolve("model-00002-of-00002.safetensors");
      Files.copy(
          recorded.resolve("model-00001-of-00002.safetensors"),
          dir.resolve("model-00001-of-00002.safetensors"));
      Files.copy(
          recorded.resolve("model.safetensors.index.json"),
          dir.resolve("model.safetensors.index.json"));
    }
    byte[] whole = Files.readAllBytes(file);
    Files.write(dir.resolve(file.getFileName().toString()), Arrays.copyOf(whole, whole.length - 1));
    Files.copy(recorded.resolve("config.json"), dir.resolve("config.json"));
    try (ModelSource source = new SafeTensorsFormat().open(dir)) {
      List<SourceNote> damaged =
          source.notes().stream()
              .filter(n -> n.code().equals(ErrorCode.FILE_TRUNCATED.name()))
              .toList();
      assertTrue(
          damaged.stream()
              .anyMatch(
                  n ->
                      String.valueOf(n.tensor()).endsWith("weight_format")
                          || source.tensors().stream().anyMatch(t -> t.name().equals(n.tensor()))),
          () -> source.notes().toString());
    }
    assertEquals(Reading.Outcome.FAULTY, Reading.model(dir));
  }

  /** Numbers of the header and the config, and any bytes of the data, are changed at random. */
  @ParameterizedTest
  @MethodSource("folders")
  void whateverAFolderHoldsItIsReadOrRefused(Path recorded) throws IOException {
    Path file = recorded.resolve("model.safetensors");
    if (!Files.exists(file)) {
      return;
    }
    byte[] model = Files.readAllBytes(file);
    byte[] config = Files.readAllBytes(recorded.resolve("config.json"));
    int header = 8 + Math.toIntExact(MemorySegment.ofArray(model).get(LONG, 0));
    for (int seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      byte[] changed = model.clone();
      digits(changed, 8, header, random, 1 + random.nextInt(2));
      for (int i = random.nextInt(4); i > 0; i--) {
        changed[random.nextInt(header, changed.length)] = (byte) random.nextInt();
      }
      byte[] changedConfig = config.clone();
      digits(changedConfig, 0, config.length, random, random.nextInt(2));
      Files.write(dir.resolve("config.json"), changedConfig);
      Files.write(dir.resolve("model.safetensors"), changed);
      Reading.model(dir);
    }
  }

  private static void digits(byte[] json, int from, int to, Random random, int changes) {
    int[] digits =
        IntStream.range(from, to).filter(i -> json[i] >= '0' && json[i] <= '9').toArray();
    for (int i = 0; i < changes && digits.length > 0; i++) {
      json[digits[random.nextInt(digits.length)]] = (byte) ('0' + random.nextInt(10));
    }
  }
}
