package dev.rosetta.cli;

import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.apr.AprWriter;
import dev.rosetta.formats.gguf.GgufValue;
import dev.rosetta.formats.gguf.GgufWriter;
import dev.rosetta.formats.safetensors.SafeTensorsWriter;
import dev.rosetta.model.ElementType;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import dev.rosetta.testing.TinyDecoder.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes one tiny model in every format. */
final class TinyFiles {
  private final Path folder;

  TinyFiles(Path folder) {
    this.folder = folder;
  }

  static List<TensorEntry> entries(Map<String, Tensor> tensors) {
    List<TensorEntry> entries = new ArrayList<>();
    tensors.forEach(
        (name, t) ->
            entries.add(
                TensorEntry.of(name, ElementType.F32, t.dims(), MemorySource.floats(t.values()))));
    return entries;
  }

  /** Matrices as float16, vectors as they are. */
  static List<TensorEntry> halves(Map<String, Tensor> tensors) {
    List<TensorEntry> entries = new ArrayList<>();
    for (TensorEntry entry : entries(tensors)) {
      float[] values = tensors.get(entry.name()).values();
      ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : values) {
        bytes.putShort(Float.floatToFloat16(value));
      }
      entries.add(
          entry.dims().size() == 1
              ? entry
              : TensorEntry.of(entry.name(), ElementType.F16, entry.dims(), bytes.array()));
    }
    return entries;
  }

  Path gguf(String name, TinyDecoder tiny, List<TensorEntry> tensors, Map<String, ?> changes) {
    LinkedHashMap<String, Object> metadata = new LinkedHashMap<>(tiny.ggufMetadata());
    metadata.putAll(changes);
    LinkedHashMap<String, GgufValue> values = new LinkedHashMap<>();
    metadata.forEach(
        (key, value) ->
            values.put(
                key,
                switch (value) {
                  case Long number -> GgufValue.u32(number);
                  case Double number -> GgufValue.f32(number.floatValue());
                  case GgufValue ready -> ready;
                  default -> GgufValue.string(value.toString());
                }));
    Path file = folder.resolve(name + ".gguf");
    GgufWriter.write(file, values, tensors);
    return file;
  }

  Path gguf(String name, TinyDecoder tiny) {
    return gguf(name, tiny, entries(tiny.ggufTensors()), Map.of());
  }

  Path apr(String name, TinyDecoder tiny, Map<String, Tensor> tensors) {
    Path file = folder.resolve(name + ".apr");
    AprWriter.write(file, tiny.aprMetadata(), entries(tensors));
    return file;
  }

  Path safeTensors(String name, TinyDecoder tiny, List<TensorEntry> tensors) {
    try {
      Path directory = Files.createDirectories(folder.resolve(name));
      SafeTensorsWriter.write(
          directory.resolve("model.safetensors"), Map.of("format", "pt"), tensors);
      String json =
          tiny.config().entrySet().stream()
              .map(
                  e ->
                      '"'
                          + e.getKey()
                          + "\": "
                          + (e.getValue() instanceof String
                              ? '"' + e.getValue().toString() + '"'
                              : e.getValue()))
              .collect(Collectors.joining(", ", "{", "}"));
      Files.writeString(directory.resolve("config.json"), json);
      return directory;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
