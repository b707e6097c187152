package dev.rosetta.normalize;

import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A model as the engine runs it.
 *
 * @param source the file it came from
 * @param config effective configuration
 * @param weights weights by role in forward-pass order; fused tensors appear as their parts
 * @param unused tensors of the file that have no role
 * @param findings what was normalised or is wrong with the model, beyond the source's own notes
 */
public record Model(
    ModelSource source,
    ModelConfig config,
    SortedMap<TensorRole, Weight> weights,
    List<TensorInfo> unused,
    List<Finding> findings) {

  public Model {
    weights = Collections.unmodifiableSortedMap(new TreeMap<>(weights));
    unused = List.copyOf(unused);
    findings = List.copyOf(findings);
  }

  public Optional<Weight> weight(TensorRole role) {
    return Optional.ofNullable(weights.get(role));
  }

  /** The output head: its own weight, or the embedding where embeddings are tied. */
  public Optional<Weight> head() {
    return weight(TensorRole.weight(TensorRole.Part.OUTPUT))
        .or(
            () ->
                config.tiedEmbeddings()
                    ? weight(TensorRole.weight(TensorRole.Part.EMBEDDING))
                    : Optional.empty());
  }

  /** This model with one weight replaced or added. */
  public Model with(Weight weight) {
    SortedMap<TensorRole, Weight> copy = new TreeMap<>(weights);
    copy.put(weight.role(), weight);
    return new Model(source, config, copy, unused, findings);
  }

  /** This model with another effective configuration. */
  public Model with(ModelConfig other) {
    return new Model(source, other, weights, unused, findings);
  }
}
