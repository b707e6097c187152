package dev.rosetta.formats.apr;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.ModelException;
import dev.rosetta.spi.FileHead;
import dev.rosetta.testing.SharedData;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import dev.rosetta.trace.Trace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AprtDumpTests {
  /** hidden 4, 2 heads of 2, 1 kv head, intermediate 6, vocabulary 5. */
  private static final ModelConfig CONFIG = config();

  @TempDir Path dir;

  private static ModelConfig config() {
    Map<ConfigField, ConfigValue> fields = new EnumMap<>(ConfigField.class);
    for (ConfigField field : ConfigField.values()) {
      long value =
          switch (field) {
            case HIDDEN_SIZE -> 4;
            case NUM_HEADS, HEAD_DIM -> 2;
            case NUM_KV_HEADS -> 1;
            case INTERMEDIATE_SIZE -> 6;
            case VOCAB_SIZE -> 5;
            default -> 0;
          };
      fields.put(field, new ConfigValue(value, ConfigValue.Origin.STATED, "test"));
    }
    return new ModelConfig(fields);
  }

  private Path dump(String name, int layer, int count) throws IOException {
    ByteBuffer file =
        ByteBuffer.allocate(12 + 4 * count)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put("APRT".getBytes(java.nio.charset.StandardCharsets.US_ASCII))
            .putInt(layer)
            .putInt(count);
    for (int i = 0; i < count; i++) {
      file.putFloat(i);
    }
    Path path = layer < 0 ? dir.resolve(name) : dir.resolve("layer-" + layer).resolve(name);
    Files.createDirectories(path.getParent());
    return Files.write(path, file.array());
  }

  private static ErrorCode codeOf(org.junit.jupiter.api.function.Executable action) {
    return assertThrows(ModelException.class, action).code();
  }

  @Test
  void theModelGivesTheShapes() throws IOException {
    dump("embedding.bin", 0, 12);
    dump("qkv_matmul.bin", 1, 24);
    dump("ffn_gate.bin", 1, 18);
    dump("attn_scores.bin", 1, 18);
    dump("final_norm.bin", -1, 12);
    dump("lm_head.bin", -1, 5);
    Files.writeString(dir.resolve("notes.txt"), "not a dump");
    AprtDump format = new AprtDump();
    assertTrue(format.recognizes(new FileHead(dir, true, 0, new byte[0])));
    Trace trace = format.open(dir, CONFIG);
    assertEquals(
        Set.of(
            CapturePoint.of(Site.EMBEDDING),
            CapturePoint.of(Site.Q, 1),
            CapturePoint.of(Site.K, 1),
            CapturePoint.of(Site.V, 1),
            CapturePoint.of(Site.FFN_GATE, 1),
            CapturePoint.of(Site.FINAL_NORM),
            CapturePoint.of(Site.LOGITS)),
        trace.points().keySet());
    Activation k = trace.points().get(CapturePoint.of(Site.K, 1));
    assertEquals(3, k.tokens());
    assertArrayEquals(new float[] {4, 5, 12, 13, 20, 21}, k.values());
    assertEquals(1, trace.points().get(CapturePoint.of(Site.LOGITS)).tokens());
  }

  @Test
  void theBiasedProjectionIsPreferred() throws IOException {
    dump("qkv_matmul.bin", 0, 16);
    dump("qkv_bias.bin", 0, 8);
    Trace trace = new AprtDump().open(dir, CONFIG);
    assertEquals(1, trace.points().get(CapturePoint.of(Site.Q, 0)).tokens());
  }

  @Test
  void withoutAModelUndeterminedShapesAreAnError() throws IOException {
    dump("ffn_norm.bin", 0, 12);
    assertEquals(ErrorCode.SHAPE_MISMATCH, codeOf(() -> new AprtDump().open(dir)));
    dump("moe_ffn_out.bin", 0, 4);
    Activation norm = new AprtDump().open(dir).points().get(CapturePoint.of(Site.FFN_NORM, 0));
    assertEquals(3, norm.tokens());
    assertEquals(4, norm.width());
  }

  @Test
  void sizesThatContradictTheModelOrEachOtherAreErrors() throws IOException {
    dump("ffn_norm.bin", 0, 13);
    assertEquals(ErrorCode.SHAPE_MISMATCH, codeOf(() -> new AprtDump().open(dir, CONFIG)));
    dump("ffn_norm.bin", 0, 12);
    dump("ffn_out.bin", 0, 8);
    assertEquals(ErrorCode.SHAPE_MISMATCH, codeOf(() -> new AprtDump().open(dir, CONFIG)));
  }

  @Test
  void damagedFilesAreErrors() throws IOException {
    Path path = dump("lm_head.bin", -1, 5);
    byte[] good = Files.readAllBytes(path);
    for (int length = 0; length < good.length; length++) {
      Files.write(path, java.util.Arrays.copyOf(good, length));
      codeOf(() -> AprtDump.stages(path));
    }
    Files.write(path, java.util.Arrays.copyOf(good, good.length + 1));
    assertEquals(ErrorCode.MALFORMED, codeOf(() -> AprtDump.stages(path)));
    Path moved = dir.resolve("layer-3").resolve("ffn_out.bin");
    Files.createDirectories(moved.getParent());
    Files.write(moved, good);
    assertEquals(ErrorCode.MALFORMED, codeOf(() -> AprtDump.stages(moved)));
    Path empty = Files.createDirectory(dir.resolve("empty"));
    assertFalse(new AprtDump().recognizes(new FileHead(empty, true, 0, new byte[0])));
    assertEquals(ErrorCode.UNKNOWN_FORMAT, codeOf(() -> AprtDump.stages(empty)));
  }

  @Test
  @Tag("shared")
  void samplesHoldWhatTheirHeadersSay() {
    List<AprtDump.Stage> stages =
        AprtDump.stages(SharedData.path("apr-samples/built/derived/aprt-final_norm.bin"));
    assertEquals(-1, stages.getFirst().layer());
    assertEquals(24, stages.getFirst().values().length);
    assertEquals(23f, stages.getFirst().values()[23]);
  }
}
