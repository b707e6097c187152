package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A config that ties the head to the embedding, beside a head that is another one. What the model
 * then computes is up to its loader: transformers up to 4 ties and drops the head, transformers 5
 * and llama.cpp use the head, as the engine here does.
 */
final class TiedHead {
  private static final TensorRole OUTPUT = TensorRole.weight(Part.OUTPUT);
  private static final TensorRole EMBEDDING = TensorRole.weight(Part.EMBEDDING);

  private final Facts facts;

  TiedHead(Facts facts) {
    this.facts = facts;
  }

  /**
   * Sides that contradict themselves where the fields of both agree. Where the other side has no
   * head but the embedding, that is the fault; where the heads agree, it is to be known.
   */
  List<Hypothesis> find() {
    List<Hypothesis> found = new ArrayList<>();
    for (Side side : Side.values()) {
      Model model = facts.model(side);
      Model other = facts.model(side == Side.A ? Side.B : Side.A);
      if (!isContradicted(model)) {
        continue;
      }
      WeightPair pair = facts.weights().get(OUTPUT);
      boolean parts = pair != null && pair.comparison().status() == Status.DIVERGED;
      if (parts && other.weight(OUTPUT).isEmpty()) {
        found.add(fault(side, model));
      } else {
        found.add(
            new Hypothesis(
                diagnosis(Severity.WARNING, side, "side " + side + ": " + words(model)),
                List.of(),
                Set.of(),
                Set.of()));
      }
    }
    return found;
  }

  private static Hypothesis fault(Side side, Model model) {
    List<Repair> tied =
        model.weight(EMBEDDING).stream()
            .<Repair>map(weight -> new Repair.ReplaceWeight(side, weight.as(OUTPUT)))
            .toList();
    return new Hypothesis(
        diagnosis(
            Severity.ERROR,
            side,
            "the head of side " + side + " is not the other side's embedding: " + words(model)),
        tied,
        Set.of(OUTPUT),
        Set.of());
  }

  private static Diagnosis diagnosis(Severity severity, Side side, String message) {
    return new Diagnosis(
        DiagnosisCode.CONFIG_MISMATCH,
        severity,
        ConfigField.TIED_EMBEDDINGS.label(),
        null,
        side,
        message,
        fix(),
        Proof.CONSISTENT,
        Map.of());
  }

  static String fix() {
    return "state that the head is not tied, or leave the head out: as the model was trained";
  }

  /** What is wrong with a model that {@link #isContradicted}, and what becomes of it. */
  static String words(Model model) {
    String field = model.config().field(ConfigField.TIED_EMBEDDINGS).detail();
    String head = model.weight(OUTPUT).map(weight -> weight.tensor().name()).orElse("the head");
    String loaders =
        model.source().dialect() == MetadataDialect.HUGGING_FACE
            ? "transformers 5 and llama.cpp use that head, as is done here; transformers 4 drops it"
                + " and uses the embedding"
            : "a loader that goes by the field uses the embedding, one that goes by the tensors"
                + " that head, as is done here";
    return field + " is true, but '" + head + "' is not the embedding: " + loaders;
  }

  /** States that the head is the embedding, and holds a head that is not. */
  static boolean isContradicted(Model model) {
    return model.config().tiedEmbeddings()
        && model.weight(OUTPUT).isPresent()
        && !repeatsEmbedding(model);
  }

  /** Whether the head is a written copy of the embedding. */
  static boolean repeatsEmbedding(Model model) {
    Optional<Weight> head = model.weight(OUTPUT);
    Optional<Weight> embedding = model.weight(EMBEDDING);
    if (head.isEmpty() || embedding.isEmpty()) {
      return false;
    }
    Weight left = head.get();
    Weight right = embedding.get();
    if (left.rows() != right.rows()
        || left.columns() != right.columns()
        || !left.isReadable()
        || !right.isReadable()) {
      return false;
    }
    return Samples.of(left).nmse((row, column) -> right.storedValue(row, column)) == 0;
  }
}
