package dev.rosetta.normalize;

import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.SourceNote;
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
 * @param findings what is wrong with the model or was decided for it, beyond the source's own notes
 * @param notes what was read in a special way: names, row order, the part of a larger model
 */
public record Model(
    ModelSource source,
    ModelConfig config,
    SortedMap<TensorRole, Weight> weights,
    List<TensorInfo> unused,
    List<Finding> findings,
    List<SourceNote> notes) {

  public Model {
    weights = Collections.unmodifiableSortedMap(new TreeMap<>(weights));
    unused = List.copyOf(unused);
    findings = List.copyOf(findings);
    notes = List.copyOf(notes);
  }

  /** A model of which there is nothing to note. */
  public Model(
      ModelSource source,
      ModelConfig config,
      SortedMap<TensorRole, Weight> weights,
      List<TensorInfo> unused,
      List<Finding> findings) {
    this(source, config, weights, unused, findings, List.of());
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
    return new Model(source, config, copy, unused, findings, notes);
  }

  /** This model with another effective configuration. */
  public Model with(ModelConfig other) {
    return new Model(source, other, weights, unused, findings, notes);
  }
}
