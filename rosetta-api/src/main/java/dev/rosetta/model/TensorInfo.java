package dev.rosetta.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a file's tensor directory, as the file states it.
 *
 * @param name the tensor's name in the file
 * @param type how its elements are encoded
 * @param dims dimensions as listed by the file, in the {@link DimensionOrder} of its source
 * @param layout where quantised blocks begin
 * @param scale factor on every decoded value: that which precedes the data of {@link
 *     ElementType#APR_Q8}, or which a GGUF file keeps in a tensor of its own; else 1
 * @param file index of the file that holds the data, into {@link ModelSource#files()}
 * @param offset byte offset of the first block in that file
 * @param byteSize bytes of the data, without padding after it
 * @param packing how the file keeps the values where {@code type} and {@code byteSize} are those of
 *     what is decoded from several tensors, for people: {@code F8_E4M3 with 128x128 block scales};
 *     else null
 */
public record TensorInfo(
    String name,
    ElementType type,
    List<Long> dims,
    BlockLayout layout,
    float scale,
    int file,
    long offset,
    long byteSize,
    @Nullable String packing) {

  public TensorInfo {
    dims = List.copyOf(dims);
  }

  /** A tensor that is stored as it is listed. */
  public TensorInfo(
      String name,
      ElementType type,
      List<Long> dims,
      BlockLayout layout,
      float scale,
      int file,
      long offset,
      long byteSize) {
    this(name, type, dims, layout, scale, file, offset, byteSize, null);
  }

  /**
   * Number of elements: the product of the dimensions, 1 for a scalar.
   *
   * @throws ArithmeticException if the product does not fit a {@code long}
   */
  public long elements() {
    long product = 1;
    for (long dim : dims) {
      product = Math.multiplyExact(product, dim);
    }
    return product;
  }
}
