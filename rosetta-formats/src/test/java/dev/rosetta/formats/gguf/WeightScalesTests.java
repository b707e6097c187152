package dev.rosetta.formats.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.TensorEntry;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WeightScalesTests {
  private static final TensorEntry WEIGHT =
      TensorEntry.of("blk.0.ffn_gate.weight", ElementType.NVFP4, List.of(1L, 64L), new byte[36]);

  @TempDir Path folder;

  private ModelSource open(TensorEntry... tensors) {
    Path file = folder.resolve("m.gguf");
    GgufWriter.write(file, new LinkedHashMap<>(), List.of(tensors));
    return new GgufFormat().open(file);
  }

  private static TensorEntry scale(String name, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return TensorEntry.of(name, ElementType.F32, List.of((long) values.length), bytes.array());
  }

  @ParameterizedTest
  @ValueSource(strings = {"blk.0.ffn_gate.scale", "blk.0.ffn_gate.weight.scale"})
  void aWeightIsReadWithItsScale(String name) {
    try (ModelSource source = open(WEIGHT, scale(name, 0.375f))) {
      assertEquals(1, source.tensors().size());
      assertEquals(0.375f, source.tensors().getFirst().scale());
      SourceNote note = source.notes().getFirst();
      assertEquals("WEIGHT_SCALED", note.code());
      assertTrue(note.message().contains(name), note::message);
    }
  }

  @Test
  void theScaleOfActivationsIsNotThatOfAWeight() {
    try (ModelSource source = open(WEIGHT, scale("blk.0.ffn_gate.input_scale", 3))) {
      assertEquals(2, source.tensors().size());
      assertEquals(1, source.tensors().getFirst().scale());
    }
  }

  @Test
  void aScaleWithoutItsWeightStaysATensor() {
    try (ModelSource source = open(WEIGHT, scale("blk.0.ffn_up.scale", 3))) {
      assertEquals(2, source.tensors().size());
      assertEquals(List.of(), source.notes());
    }
  }

  /** One for each expert, or two that contradict each other. */
  @Test
  void aScaleThatCannotBeAppliedKeepsItsWeightFromBeingRead() {
    TensorEntry[][] files = {
      {WEIGHT, scale("blk.0.ffn_gate.scale", 1, 2)},
      {WEIGHT, scale("blk.0.ffn_gate.scale", 2), scale("blk.0.ffn_gate.weight.scale", 3)},
      {WEIGHT, TensorEntry.of("blk.0.ffn_gate.scale", ElementType.F16, List.of(1L), new byte[2])},
    };
    for (TensorEntry[] file : files) {
      try (ModelSource source = open(file)) {
        assertEquals(file.length, source.tensors().size());
        SourceNote note = source.notes().getFirst();
        assertEquals(Severity.ERROR, note.severity());
        assertEquals("blk.0.ffn_gate.weight", note.tensor());
        MemorySegment target = MemorySegment.ofArray(new byte[36]);
        assertThrows(
            ModelException.class, () -> source.read(source.tensors().getFirst(), 0, target, 36));
      }
    }
  }
}
