package dev.rosetta.formats.gguf;

import dev.rosetta.formats.AtomicFile;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.model.ElementType;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Writes GGUF version 3, little-endian. The same input gives the same bytes; memory does not grow
 * with the tensors; an existing file stays as it is until the new one is complete.
 */
public final class GgufWriter {
  private static final String ALIGNMENT = "general.alignment";

  private final SequencedMap<String, GgufValue> metadata;
  private final List<TensorEntry> tensors;
  private final int alignment;

  private GgufWriter(SequencedMap<String, GgufValue> metadata, List<TensorEntry> tensors) {
    this.metadata = metadata;
    this.tensors = List.copyOf(tensors);
    this.alignment = alignment(metadata);
    metadata.keySet().forEach(key -> checkName("key", key, Limits.KEY_BYTES));
    Set<String> names = new HashSet<>();
    for (TensorEntry tensor : tensors) {
      checkTensor(tensor);
      if (!names.add(tensor.name())) {
        throw new IllegalArgumentException("two tensors are named '" + tensor.name() + "'");
      }
    }
  }

  /**
   * Creates or replaces {@code target}. Data lies in the order of {@code tensors}, each at a
   * multiple of the key {@code general.alignment} or of 32.
   *
   * @throws IllegalArgumentException if a name is too long, appears twice or is no UTF-8 text, a
   *     type has no ggml id, or a size does not follow from type and dims
   * @throws dev.rosetta.model.ModelException if the file cannot be written
   */
  public static void write(
      Path target, SequencedMap<String, GgufValue> metadata, List<TensorEntry> tensors) {
    AtomicFile.write(target, content(metadata, tensors));
  }

  /**
   * The content of such a file, produced when it is written.
   *
   * @throws IllegalArgumentException as {@link #write}
   */
  public static AtomicFile.Content content(
      SequencedMap<String, GgufValue> metadata, List<TensorEntry> tensors) {
    return new GgufWriter(metadata, tensors)::writeTo;
  }

  private void writeTo(FileChannel channel) throws IOException {
    ByteSink sink = new ByteSink(channel);
    for (byte letter : "GGUF".getBytes(StandardCharsets.US_ASCII)) {
      sink.u8(letter);
    }
    sink.u32(3);
    sink.i64(tensors.size());
    sink.i64(metadata.size());
    for (Map.Entry<String, GgufValue> entry : metadata.entrySet()) {
      sink.string(entry.getKey());
      sink.value(entry.getValue());
    }
    long offset = 0;
    for (TensorEntry tensor : tensors) {
      sink.string(tensor.name());
      sink.u32(tensor.dims().size());
      for (long dim : tensor.dims().reversed()) {
        sink.i64(dim);
      }
      sink.u32(GgmlTypes.id(tensor.type()).orElseThrow());
      sink.i64(offset);
      offset = Math.addExact(offset, Math.ceilDiv(tensor.byteSize(), alignment) * (long) alignment);
    }
    sink.pad(alignment);
    for (TensorEntry tensor : tensors) {
      long written = sink.data(tensor.data());
      if (written != tensor.byteSize()) {
        throw new IllegalStateException(
            "tensor '"
                + tensor.name()
                + "' gave "
                + written
                + " of "
                + tensor.byteSize()
                + " bytes");
      }
      sink.pad(alignment);
    }
    sink.flush();
  }

  private static int alignment(SequencedMap<String, GgufValue> metadata) {
    GgufValue stated = metadata.get(ALIGNMENT);
    if (stated == null) {
      return Limits.DEFAULT_ALIGNMENT;
    }
    if (stated.type() == ValueType.U32
        && stated.value() instanceof Long value
        && Limits.isAlignment(value)) {
      return value.intValue();
    }
    throw new IllegalArgumentException(
        ALIGNMENT + " must be a u32, a power of two from 8 to 2^20; it is " + stated);
  }

  private static void checkTensor(TensorEntry tensor) {
    checkName("tensor", tensor.name(), Limits.GGML_NAME_BYTES);
    ElementType type = tensor.type();
    if (GgmlTypes.id(type).isEmpty()) {
      throw new IllegalArgumentException(
          "tensor '" + tensor.name() + "': GGUF has no element type " + type);
    }
    List<Long> dims = tensor.dims();
    if (dims.size() > Limits.DIMS
        || !dims.isEmpty() && dims.getLast() % type.blockElements() != 0) {
      throw new IllegalArgumentException(
          "tensor '"
              + tensor.name()
              + "': dims "
              + dims
              + " do not fit GGUF, which has at most 4 and rows of whole "
              + type
              + " blocks");
    }
    long elements = dims.stream().reduce(1L, Math::multiplyExact);
    if (type.byteSize(elements) != tensor.byteSize()) {
      throw new IllegalArgumentException(
          "tensor '"
              + tensor.name()
              + "': "
              + tensor.byteSize()
              + " bytes for "
              + dims
              + " of "
              + type
              + ", which takes "
              + type.byteSize(elements));
    }
  }

  private static void checkName(String what, String name, int limit) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)
        || name.getBytes(StandardCharsets.UTF_8).length > limit) {
      throw new IllegalArgumentException(
          what + " name '" + name + "' is no UTF-8 text of at most " + limit + " bytes");
    }
  }
}
