package dev.rosetta.formats.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.TensorEntry;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.spi.TraceFormat;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import dev.rosetta.trace.Trace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SafeTensorsTraceTests {
  private static final int[] TOKENS = {17, 10, 151_935};

  private final SafeTensorsTraceFormat format = new SafeTensorsTraceFormat();

  @TempDir Path dir;

  private static Activation random(Random random, int tokens, int width) {
    float[] values = new float[tokens * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return new Activation(tokens, width, values);
  }

  private static Map<CapturePoint, Activation> pass(int tokens) {
    Random random = new Random(3);
    Map<CapturePoint, Activation> pass = new TreeMap<>();
    pass.put(CapturePoint.of(Site.EMBEDDING), random(random, tokens, 4));
    pass.put(CapturePoint.of(Site.LOGITS), random(random, tokens, 20_001)); // several buffers
    for (int layer = 0; layer < 11; layer++) {
      pass.put(CapturePoint.of(Site.Q, layer), random(random, tokens, 8));
      pass.put(CapturePoint.of(Site.FFN_OUT, layer), random(random, tokens, 3));
    }
    return pass;
  }

  private static Map<CapturePoint, Integer> widths(Map<CapturePoint, Activation> pass) {
    Map<CapturePoint, Integer> widths = new TreeMap<>();
    pass.forEach((point, activation) -> widths.put(point, activation.width()));
    return widths;
  }

  private static TensorEntry floats(String name, List<Long> dims, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return TensorEntry.of(name, ElementType.F32, dims, bytes.array());
  }

  private Path foreign(TensorEntry... tensors) {
    Path file = dir.resolve("foreign");
    SafeTensorsWriter.write(file, Map.of(), List.of(tensors));
    return file;
  }

  private ErrorCode refusal(TensorEntry... tensors) {
    Path file = foreign(tensors);
    return assertThrows(ModelException.class, () -> format.open(file)).code();
  }

  @Test
  void theServiceLoaderFindsIt() {
    assertTrue(
        ServiceLoader.load(TraceFormat.class).stream()
            .anyMatch(p -> p.type() == SafeTensorsTraceFormat.class));
  }

  @Test
  void whatIsRecordedInAnyOrderIsReadBack() throws IOException {
    Map<CapturePoint, Activation> pass = pass(TOKENS.length);
    byte[] first = null;
    for (int seed = 0; seed < 3; seed++) {
      Path file = dir.resolve("trace" + seed);
      List<CapturePoint> order = new ArrayList<>(pass.keySet());
      Collections.shuffle(order, new Random(seed));
      try (SafeTensorsTraceWriter writer =
          SafeTensorsTraceWriter.create(file, TOKENS, widths(pass))) {
        for (CapturePoint point : order) {
          writer.write(point, pass.get(point));
        }
        assertFalse(Files.exists(file));
        writer.commit();
      }
      assertTrue(format.recognizes(FileBytes.head(file)));
      assertFalse(new SafeTensorsFormat().recognizes(FileBytes.head(file)));
      Trace trace = format.open(file);
      assertArrayEquals(TOKENS, trace.tokens());
      assertEquals(List.copyOf(pass.keySet()), List.copyOf(trace.points().keySet()));
      pass.forEach(
          (point, activation) -> {
            assertEquals(activation.width(), trace.points().get(point).width());
            assertArrayEquals(activation.values(), trace.points().get(point).values());
          });
      byte[] bytes = Files.readAllBytes(file);
      if (first != null) {
        assertArrayEquals(first, bytes, "seed " + seed);
      }
      first = bytes;
    }
  }

  @Test
  void anIncompleteRecordingLeavesNoFile() throws IOException {
    Map<CapturePoint, Activation> pass = pass(TOKENS.length);
    try (SafeTensorsTraceWriter writer =
        SafeTensorsTraceWriter.create(dir.resolve("t"), TOKENS, widths(pass))) {
      CapturePoint logits = CapturePoint.of(Site.LOGITS);
      writer.write(logits, pass.get(logits));
      assertThrows(IllegalStateException.class, writer::commit);
      assertThrows(IllegalArgumentException.class, () -> writer.write(logits, pass.get(logits)));
      assertThrows(
          IllegalArgumentException.class,
          () -> writer.write(CapturePoint.of(Site.V, 0), random(new Random(1), 3, 8)));
      CapturePoint q = CapturePoint.of(Site.Q, 0);
      assertThrows(
          IllegalArgumentException.class, () -> writer.write(q, random(new Random(1), 3, 7)));
      assertThrows(
          IllegalArgumentException.class, () -> writer.write(q, random(new Random(1), 2, 8)));
    }
    try (Stream<Path> files = Files.list(dir)) {
      assertEquals(List.of(), files.toList());
    }
    assertEquals(
        ErrorCode.NOT_WRITABLE,
        assertThrows(
                ModelException.class,
                () -> SafeTensorsTraceWriter.create(dir.resolve("no/t"), TOKENS, Map.of()))
            .code());
  }

  @Test
  void recordingsOfOtherToolsAreRead() throws IOException {
    Path file =
        foreign(
            floats("layers.0.q", List.of(2L, 2L, 3L), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
            floats("embedding", List.of(2L, 1L), 1, 2),
            floats("logits", List.of(1L, 2L, 2L), 1, 2, 3, 4),
            TensorEntry.of(
                "final_norm", ElementType.BF16, List.of(2L, 1L), new byte[] {-128, 63, 0, 64}));
    assertTrue(format.recognizes(FileBytes.head(file)));
    Trace trace = format.open(file);
    assertEquals(0, trace.tokens().length);
    assertEquals(6, trace.points().get(CapturePoint.of(Site.Q, 0)).width());
    assertEquals(11, trace.points().get(CapturePoint.of(Site.Q, 0)).at(1, 4));
    assertEquals(3, trace.points().get(CapturePoint.of(Site.LOGITS)).at(1, 0));
    assertArrayEquals(
        new float[] {1, 2}, trace.points().get(CapturePoint.of(Site.FINAL_NORM)).values());
  }

  @Test
  void idsMayBeOf64Bits() {
    byte[] ids =
        ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(5).putLong(7).array();
    Trace trace =
        format.open(
            foreign(
                TensorEntry.of("tokens", ElementType.I64, List.of(1L, 2L), ids),
                floats("logits", List.of(1L, 2L, 1L), 1, 2)));
    assertArrayEquals(new int[] {5, 7}, trace.tokens());
    assertEquals(1, trace.points().get(CapturePoint.of(Site.LOGITS)).width());
  }

  @Test
  void whatContradictsItselfIsRefused() {
    TensorEntry one = TensorEntry.of("tokens", ElementType.I32, List.of(1L), new byte[4]);
    TensorEntry negative =
        TensorEntry.of("tokens", ElementType.I32, List.of(1L), new byte[] {-1, -1, -1, -1});
    assertEquals(ErrorCode.MALFORMED, refusal(negative));
    assertEquals(
        ErrorCode.MALFORMED,
        refusal(TensorEntry.of("tokens", ElementType.F32, List.of(1L), new byte[4])));
    assertEquals(ErrorCode.SHAPE_MISMATCH, refusal(one, floats("logits", List.of(2L, 1L), 1, 2)));
    assertEquals(ErrorCode.SHAPE_MISMATCH, refusal(one, floats("logits", List.of(1L), 1)));
    assertEquals(ErrorCode.MALFORMED, refusal(floats("logits", List.of(1L), 1)));
    assertEquals(ErrorCode.MALFORMED, refusal(one, floats("q", List.of(1L, 1L), 1)));
    assertEquals(
        ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
        refusal(one, TensorEntry.of("logits", ElementType.I32, List.of(1L, 1L), new byte[4])));
  }

  @Test
  void aTruncatedRecordingIsRefused() throws IOException {
    Map<CapturePoint, Activation> pass = pass(2);
    Path file = dir.resolve("t");
    try (SafeTensorsTraceWriter writer =
        SafeTensorsTraceWriter.create(file, new int[] {1, 2}, widths(pass))) {
      pass.forEach(writer::write);
      writer.commit();
    }
    byte[] whole = Files.readAllBytes(file);
    for (int size : new int[] {0, 7, 8, 100, whole.length / 2, whole.length - 1}) {
      FileBytes.write(file, Arrays.copyOf(whole, size));
      assertEquals(
          ErrorCode.FILE_TRUNCATED,
          assertThrows(ModelException.class, () -> format.open(file)).code());
    }
  }
}
