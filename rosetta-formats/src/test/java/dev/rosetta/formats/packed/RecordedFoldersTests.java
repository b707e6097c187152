package dev.rosetta.formats.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.safetensors.SafeTensorsFormat;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every value of every recorded folder against that of the library which owns the format. */
final class RecordedFoldersTests {

  static List<Path> folders() {
    return RecordedFolders.all();
  }

  private static byte[] bytes(ModelSource source, TensorInfo tensor) {
    byte[] bytes = new byte[(int) tensor.byteSize()];
    source.read(tensor, 0, MemorySegment.ofArray(bytes), bytes.length);
    return bytes;
  }

  private static float[] values(byte[] bytes) {
    return MemorySegment.ofArray(bytes).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
  }

  /** As numbers: a library that looks levels up has no sign of zero. */
  private static void assertSame(float[] expected, float[] actual, String name) {
    for (int i = 0; i < expected.length; i++) {
      int at = i;
      assertTrue(
          expected[i] == actual[i],
          () -> name + "[" + at + "]: " + actual[at] + " instead of " + expected[at]);
    }
  }

  @Test
  void everyKindIsRecorded() {
    assertEquals(32, folders().size());
  }

  @ParameterizedTest
  @MethodSource("folders")
  void everyValueIsThatOfTheOwner(Path folder) {
    try (ModelSource source = new SafeTensorsFormat().open(folder);
        ModelSource owner = new SafeTensorsFormat().open(folder.resolve("expected.safetensors"))) {
      assertEquals(
          owner.tensors().stream().map(TensorInfo::name).collect(Collectors.toSet()),
          source.tensors().stream().map(TensorInfo::name).collect(Collectors.toSet()));
      assertFalse(
          source.notes().stream().anyMatch(note -> note.severity() == Severity.ERROR),
          () -> source.notes().toString());
      assertTrue(source.notes().stream().anyMatch(n -> n.code().equals("WEIGHTS_UNPACKED")));
      for (TensorInfo expected : owner.tensors()) {
        TensorInfo tensor =
            source.tensors().stream()
                .filter(t -> t.name().equals(expected.name()))
                .findFirst()
                .orElseThrow();
        assertEquals(expected.dims(), tensor.dims());
        assertEquals(ElementType.F32, tensor.type());
        assertEquals(expected.byteSize(), tensor.byteSize());
        assertNotNull(tensor.packing());
        assertSame(values(bytes(owner, expected)), values(bytes(source, tensor)), tensor.name());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void anyRangeOfBytesIsThatOfTheWhole(Path folder) {
    long seed = 20261201;
    Random random = new Random(seed);
    try (ModelSource source = new SafeTensorsFormat().open(folder)) {
      for (TensorInfo tensor : source.tensors()) {
        byte[] whole = bytes(source, tensor);
        for (int i = 0; i < 200; i++) {
          int from = random.nextInt(whole.length + 1);
          int length = random.nextInt(Math.min(whole.length - from, 700) + 1);
          byte[] part = new byte[length + 3];
          source.read(tensor, from, MemorySegment.ofArray(part), length);
          assertArrayEquals(
              Arrays.copyOfRange(whole, from, from + length),
              Arrays.copyOf(part, length),
              () -> tensor.name() + " from " + from + ", " + length + " bytes, seed " + seed);
          assertEquals(0, part[length]);
        }
        MemorySegment target = MemorySegment.ofArray(new byte[8]);
        for (long[] range : new long[][] {{-1, 4}, {whole.length - 4L, 8}, {0, 9}, {0, -1}}) {
          assertThrows(
              IndexOutOfBoundsException.class,
              () -> source.read(tensor, range[0], target, range[1]));
        }
      }
    }
  }

  /**
   * Half a step is the least that rounding can do, and a value is no further from its neighbour.
   */
  @ParameterizedTest
  @MethodSource("folders")
  void everyValueHasAStepAndAReach(Path folder) {
    try (ModelSource source = new SafeTensorsFormat().open(folder)) {
      for (TensorInfo tensor : source.tensors()) {
        float[] values = values(bytes(source, tensor));
        float[] step = new float[values.length];
        float[] reach = new float[values.length];
        assertTrue(source.rounding(tensor, 0, step, reach, values.length));
        for (int i = 0; i < values.length; i++) {
          int at = i;
          assertTrue(
              step[i] > 0 && reach[i] >= step[i] / 2 && Float.isFinite(reach[i]),
              () -> tensor.name() + "[" + at + "]: " + step[at] + ", " + reach[at]);
        }
        float[] partStep = new float[3];
        float[] partReach = new float[3];
        int from = values.length - 5;
        assertTrue(source.rounding(tensor, from, partStep, partReach, 3));
        assertArrayEquals(Arrays.copyOfRange(step, from, from + 3), partStep);
        assertArrayEquals(Arrays.copyOfRange(reach, from, from + 3), partReach);
      }
    }
  }
}
