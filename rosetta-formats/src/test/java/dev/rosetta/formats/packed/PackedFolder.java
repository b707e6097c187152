package dev.rosetta.formats.packed;

import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.safetensors.SafeTensorsFormat;
import dev.rosetta.formats.safetensors.SafeTensorsWriter;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A folder of a few tensors, written by hand. */
final class PackedFolder {
  private final Path folder;
  private final List<TensorEntry> tensors = new ArrayList<>();
  private String config = "{}";

  PackedFolder(Path folder) {
    this.folder = folder;
  }

  PackedFolder config(String quantization) {
    config = "{\"quantization_config\":" + quantization + "}";
    return this;
  }

  PackedFolder bytes(String name, ElementType type, List<Long> dims, int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    tensors.add(TensorEntry.of(name, type, dims, bytes));
    return this;
  }

  PackedFolder ints(String name, List<Long> dims, int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(values);
    tensors.add(TensorEntry.of(name, ElementType.I32, dims, bytes.array()));
    return this;
  }

  PackedFolder floats(String name, List<Long> dims, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    tensors.add(TensorEntry.of(name, ElementType.F32, dims, bytes.array()));
    return this;
  }

  PackedFolder halves(String name, List<Long> dims, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putShort(Float.floatToFloat16(value));
    }
    tensors.add(TensorEntry.of(name, ElementType.F16, dims, bytes.array()));
    return this;
  }

  /** Writes and opens it. */
  ModelSource open() {
    try {
      Files.writeString(folder.resolve("config.json"), config);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    SafeTensorsWriter.write(folder.resolve("model.safetensors"), Map.of(), tensors);
    return new SafeTensorsFormat().open(folder);
  }

  /** The values of the only tensor. */
  static float[] values(ModelSource source) {
    byte[] bytes = new byte[(int) source.tensors().getFirst().byteSize()];
    source.read(source.tensors().getFirst(), 0, MemorySegment.ofArray(bytes), bytes.length);
    return MemorySegment.ofArray(bytes).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
  }
}
