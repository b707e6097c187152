package dev.rosetta.bench;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import java.util.List;

/**
 * A tensor as it will stand in the file.
 *
 * @param role what it is for, fused parts included
 * @param dims in row-major order
 */
record Stored(TensorRole role, String name, ElementType type, List<Long> dims, byte[] bytes) {

  Stored withBytes(byte[] other) {
    return new Stored(role, name, type, dims, other);
  }

  Stored withType(ElementType other) {
    return new Stored(role, name, other, dims, bytes);
  }

  Stored withDims(List<Long> other) {
    return new Stored(role, name, type, other, bytes);
  }

  /** Columns of a matrix, elements of a vector. */
  int columns() {
    return Math.toIntExact(dims.getLast());
  }

  int rows() {
    return dims.size() == 1 ? 1 : Math.toIntExact(dims.getFirst());
  }

  int rowBytes() {
    return bytes.length / rows();
  }
}
