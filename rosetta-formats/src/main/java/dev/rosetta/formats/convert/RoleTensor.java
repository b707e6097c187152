package dev.rosetta.formats.convert;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import java.util.List;

/**
 * A weight, whatever file it comes from.
 *
 * @param type how its elements are encoded
 * @param dims {@code [out, in]}, or the length of a norm or bias
 * @param rows its rows; a vector is one row
 */
public record RoleTensor(TensorRole role, ElementType type, List<Long> dims, RowSource rows) {

  /**
   * @throws IllegalArgumentException if it has no or more than two dimensions, or too many rows
   */
  public RoleTensor {
    dims = List.copyOf(dims);
    if (dims.isEmpty() || dims.size() > 2 || dims.stream().anyMatch(d -> d < 1 || d > 1 << 30)) {
      throw new IllegalArgumentException(role + " has dims " + dims);
    }
  }

  /** Rows; 1 for a vector. */
  public int rowCount() {
    return dims.size() == 1 ? 1 : Math.toIntExact(dims.getFirst());
  }

  /** Elements of a row. */
  public int columns() {
    return Math.toIntExact(dims.getLast());
  }

  /** Bytes of a row. */
  public int rowBytes() {
    return Math.toIntExact(type.byteSize(columns()));
  }

  /** Bytes of the whole tensor. */
  public long byteSize() {
    return Math.multiplyExact((long) rowCount(), rowBytes());
  }
}
