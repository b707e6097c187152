package dev.rosetta.engine;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.TensorRole;
import dev.rosetta.trace.CapturePoint;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * One operation of the graph: it reads earlier activations and produces the activation of one
 * capture point. Its result depends on nothing but what it lists here (and, for the embedding, the
 * token ids): two models in which these are equal give equal bits.
 *
 * @param output what it produces; the site says what is computed
 * @param inputs the activations it reads, in the order that the site defines
 * @param weights the weights it reads: the matrix or vector first, then its bias where there is one
 * @param config the configuration fields that influence it
 */
public record Operation(
    CapturePoint output,
    List<CapturePoint> inputs,
    List<TensorRole> weights,
    Set<ConfigField> config) {

  public Operation {
    inputs = List.copyOf(inputs);
    weights = List.copyOf(weights);
    EnumSet<ConfigField> fields = EnumSet.noneOf(ConfigField.class);
    fields.addAll(config);
    config = Collections.unmodifiableSet(fields);
  }
}
