package dev.rosetta.formats;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A tensor to be written.
 *
 * @param name its name in the new file
 * @param type how its elements are encoded
 * @param dims dimensions in row-major order: a linear weight is {@code [out, in]}; empty for a
 *     scalar
 * @param byteSize bytes that {@code data} writes
 * @param data the encoded elements; of an {@link ElementType#APR_Q8} tensor, its float32 scale
 *     first
 */
public record TensorEntry(
    String name, ElementType type, List<Long> dims, long byteSize, TensorData data) {

  /**
   * @throws IllegalArgumentException if a dimension or {@code byteSize} is negative
   */
  public TensorEntry {
    dims = List.copyOf(dims);
    if (byteSize < 0 || dims.stream().anyMatch(dim -> dim < 0)) {
      throw new IllegalArgumentException(
          "tensor '" + name + "': negative size in " + dims + ", " + byteSize + " bytes");
    }
  }

  /** A tensor whose encoded bytes are at hand. */
  public static TensorEntry of(String name, ElementType type, List<Long> dims, byte[] bytes) {
    return new TensorEntry(name, type, dims, bytes.length, TensorData.of(bytes));
  }

  /**
   * A tensor copied byte for byte from a model; the scale of an {@link ElementType#APR_Q8} tensor
   * goes in front of its data.
   *
   * @param dims its dimensions in row-major order
   */
  public static TensorEntry copyOf(
      String name, ModelSource source, TensorInfo tensor, List<Long> dims) {
    TensorData data = TensorData.of(source, tensor);
    if (tensor.type() != ElementType.APR_Q8 || tensor.byteSize() == 0) {
      return new TensorEntry(name, tensor.type(), dims, tensor.byteSize(), data);
    }
    byte[] scale =
        ByteBuffer.allocate(Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putFloat(tensor.scale())
            .array();
    return new TensorEntry(
        name,
        tensor.type(),
        dims,
        Float.BYTES + tensor.byteSize(),
        channel -> {
          TensorData.of(scale).writeTo(channel);
          data.writeTo(channel);
        });
  }
}
