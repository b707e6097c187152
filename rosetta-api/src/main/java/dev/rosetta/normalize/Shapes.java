package dev.rosetta.normalize;

import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What the shapes of a model's tensors say about its config. Matrices may be listed either way
 * round, so a size is read as "the other dimension than hidden_size".
 */
final class Shapes {
  private final ModelSource source;
  private final Map<TensorRole, TensorInfo> tensors;
  private final EmptyTensors empty;

  /**
   * @param empty weights that are there without a shape
   */
  Shapes(ModelSource source, Map<TensorRole, TensorInfo> tensors, EmptyTensors empty) {
    this.source = source;
    this.tensors = tensors;
    this.empty = empty;
  }

  /** Dims slowest-varying first. */
  static List<Long> rowMajor(TensorInfo tensor, DimensionOrder order) {
    return order == DimensionOrder.ROW_MAJOR ? tensor.dims() : tensor.dims().reversed();
  }

  /** Length of the model's residual stream, from its norms. */
  OptionalLong hidden() {
    for (Part part : List.of(Part.FINAL_NORM, Part.ATTN_NORM, Part.FFN_NORM)) {
      for (Map.Entry<TensorRole, TensorInfo> entry : tensors.entrySet()) {
        List<Long> dims = entry.getValue().dims();
        if (entry.getKey().part() == part && !entry.getKey().bias() && dims.size() == 1) {
          return OptionalLong.of(dims.getFirst());
        }
      }
    }
    return OptionalLong.empty();
  }

  /** One more than the highest layer that has a tensor. */
  OptionalLong layers() {
    return tensors.keySet().stream()
        .filter(role -> role.layer() >= 0)
        .mapToLong(role -> role.layer() + 1L)
        .max();
  }

  /** The dimension of the first weight of {@code part} that is not {@code known}. */
  OptionalLong other(Part part, long known) {
    for (Map.Entry<TensorRole, TensorInfo> entry : tensors.entrySet()) {
      if (entry.getKey().part() != part || entry.getKey().bias()) {
        continue;
      }
      List<Long> dims = rowMajor(entry.getValue(), source.dimensionOrder());
      if (dims.size() != 2) {
        return OptionalLong.empty();
      }
      if (dims.get(1) == known) {
        return OptionalLong.of(dims.get(0));
      }
      return dims.get(0) == known ? OptionalLong.of(dims.get(1)) : OptionalLong.empty();
    }
    return OptionalLong.empty();
  }

  boolean has(Part part) {
    return empty.hasWeight(part)
        || tensors.keySet().stream().anyMatch(role -> role.part() == part && !role.bias());
  }

  boolean hasBias(Part part) {
    return tensors.keySet().stream().anyMatch(role -> role.part() == part && role.bias());
  }
}
