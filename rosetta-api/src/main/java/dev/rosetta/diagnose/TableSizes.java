package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Embeddings and heads of unequal size, compared over the rows that both have: a token that one
 * side has beyond the other may stand in the middle and move all behind it.
 */
final class TableSizes {
  private final Facts facts;

  TableSizes(Facts facts) {
    this.facts = facts;
  }

  List<Hypothesis> find() {
    List<Hypothesis> found = new ArrayList<>();
    for (Part part : new Part[] {Part.EMBEDDING, Part.OUTPUT}) {
      moved(facts.weights().get(TensorRole.weight(part))).ifPresent(found::add);
    }
    return found;
  }

  private Optional<Hypothesis> moved(@Nullable WeightPair pair) {
    if (pair == null || pair.comparison().status() != Status.SKIPPED) {
      return Optional.empty();
    }
    Weight a = pair.a();
    Weight b = pair.b();
    if (a == null
        || b == null
        || a.rows() == b.rows()
        || a.columns() != b.columns()
        || !a.isReadable()
        || !b.isReadable()) {
      return Optional.empty();
    }
    boolean tied =
        pair.comparison().role().part() == Part.OUTPUT
            && facts.a().weight(a.role()).isEmpty() == facts.b().weight(b.role()).isEmpty()
            && a.role().part() == Part.EMBEDDING;
    if (tied) {
      return Optional.empty();
    }
    int rows = Math.min(a.rows(), b.rows());
    Side side = a.rows() > rows ? Side.A : Side.B;
    Weight longer = side == Side.A ? a : b;
    Weight shorter = side == Side.A ? b : a;
    Suspicion suspicion =
        new Suspicion(
            side, longer.firstRows(rows), shorter.firstRows(rows), facts, new HashMap<>());
    return RowShifts.moved(suspicion).map(explanation -> hypothesis(longer, rows, explanation));
  }

  private static Hypothesis hypothesis(Weight longer, int rows, Explanation explanation) {
    Map<String, Object> evidence = new LinkedHashMap<>(explanation.evidence());
    evidence.put("rowsOfOneSide", longer.rows() - rows);
    return new Hypothesis(
        new Diagnosis(
            explanation.code(),
            Severity.ERROR,
            longer.role().toString(),
            null,
            null,
            "'"
                + longer.tensor().name()
                + "', which is "
                + (longer.rows() - rows)
                + " rows longer than the other side's, "
                + explanation.words(),
            explanation.fix(),
            Proof.CONSISTENT,
            evidence),
        List.of(),
        Set.of(),
        Set.of());
  }
}
