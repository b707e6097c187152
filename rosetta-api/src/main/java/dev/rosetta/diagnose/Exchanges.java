package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tensors that hold another tensor's values: exchanged, taken from a neighbour, split wrongly. */
final class Exchanges {
  private Exchanges() {}

  /** The suspect holds what belongs to another role of the same shape. */
  static Optional<Explanation> swapped(Suspicion s) {
    Model model = s.suspectModel();
    Model other = s.referenceModel();
    TensorRole role = s.role();
    for (Weight counterpart : other.weights().values()) {
      TensorRole theirs = counterpart.role();
      if (theirs.equals(role)
          || counterpart.rows() != s.reference().rows()
          || counterpart.columns() != s.reference().columns()
          || !counterpart.isReadable()
          || isTied(role, theirs)) {
        continue;
      }
      Weight own = model.weights().get(theirs);
      Optional<Weight> taken = holding(s.suspect(), own, counterpart, s.few());
      if (taken.isEmpty()) {
        continue;
      }
      Optional<Weight> given =
          own == null ? Optional.empty() : holding(own, s.suspect(), s.reference(), s.few());
      boolean mutual = given.isPresent();
      boolean fused =
          own != null
              && s.suspect().storedTensorRows() > s.suspect().rows()
              && own.tensor().name().equals(s.suspect().tensor().name());
      return Optional.of(
          new Explanation(
              fused ? DiagnosisCode.FUSED_SPLIT_WRONG : DiagnosisCode.TENSORS_SWAPPED,
              mutual
                  ? "is exchanged with " + theirs
                  : "holds the values of " + theirs + ", which are not its own",
              fused
                  ? "fuse as all rows of Q, then K, then V (gate, then up)"
                  : "write each tensor under its own name; check the name mapping",
              given.map(g -> List.of(g.as(role), taken.get().as(theirs))).orElse(List.of()),
              List.of(),
              Map.of("with", theirs.toString(), "mutual", mutual),
              false));
    }
    return Optional.empty();
  }

  /** A tied head repeats the embedding by design. */
  private static boolean isTied(TensorRole role, TensorRole other) {
    return role.part() == Part.OUTPUT && other.part() == Part.EMBEDDING
        || role.part() == Part.EMBEDDING && other.part() == Part.OUTPUT;
  }

  /**
   * The reading of {@code weight} under which it holds the values of {@code counterpart}: rows in
   * the order of its own role, or, where names were exchanged after the rows had been put in order,
   * in that of {@code place}.
   */
  private static Optional<Weight> holding(
      Weight weight, @Nullable Weight place, Weight counterpart, Map<Weight, Samples> few) {
    if (isSame(weight, counterpart, few)) {
      return Optional.of(weight);
    }
    if (place == null || weight.isInMemory() || place.isInMemory()) {
      return Optional.empty();
    }
    Weight inItsOrder = weight.inOrderOf(place);
    return isSame(inItsOrder, counterpart, few) ? Optional.of(inItsOrder) : Optional.empty();
  }

  private static boolean isSame(Weight suspect, Weight counterpart, Map<Weight, Samples> few) {
    return few.computeIfAbsent(counterpart, Samples::few)
        .fits(
            (row, column) -> Suspicion.value(suspect, row, column),
            Suspicion.bound(suspect, counterpart));
  }

  /**
   * Q, K and V rows that stand somewhere else in the fused tensor, or in one another: interleaved
   * by group, or in another order of parts.
   */
  static Optional<Explanation> fusedSplit(Suspicion s) {
    Weight suspect = s.suspect();
    boolean fused = suspect.storedTensorRows() > suspect.rows();
    if (!fused || s.isVector() || suspect.isInMemory()) {
      return Optional.empty();
    }
    int total = Math.toIntExact(suspect.storedTensorRows());
    int[] identity = new int[total];
    for (int i = 0; i < total; i++) {
      identity[i] = i;
    }
    Weight whole = suspect.withTensorRows(identity);
    List<Weight> repairs = new ArrayList<>();
    int[] first = new int[0];
    for (Part part : parts(s.role().part())) {
      TensorRole role = TensorRole.weight(part, s.role().layer());
      Weight reference = s.referenceModel().weights().get(role);
      Weight own = s.suspectModel().weights().get(role);
      if (reference == null || own == null) {
        return Optional.empty();
      }
      int[] order = RowMatcher.match(reference, whole);
      if (order.length != reference.rows()) {
        return Optional.empty();
      }
      if (repairs.isEmpty()) {
        first = order;
      }
      repairs.add(own.withTensorRows(order));
    }
    repairs.addAll(biases(s, repairs));
    return Optional.of(
        new Explanation(
            DiagnosisCode.FUSED_SPLIT_WRONG,
            "is split at the wrong rows: Q begins with its rows "
                + Arrays.toString(Arrays.copyOf(first, Math.min(6, first.length))),
            "fuse as all rows of Q, then K, then V (gate, then up), or undo the interleaving",
            repairs,
            List.of(),
            Map.of("rows", total),
            false));
  }

  private static List<Part> parts(Part part) {
    return part == Part.FFN_GATE || part == Part.FFN_UP
        ? List.of(Part.FFN_GATE, Part.FFN_UP)
        : List.of(Part.Q, Part.K, Part.V);
  }

  /** Fused biases follow the rows of their weights. */
  private static List<Weight> biases(Suspicion s, List<Weight> weights) {
    List<Weight> moved = new ArrayList<>();
    for (Weight weight : weights) {
      TensorRole role = TensorRole.bias(weight.role().part(), weight.role().layer());
      Weight bias = s.suspectModel().weights().get(role);
      if (bias == null || bias.tensor().elements() != weight.storedTensorRows()) {
        continue;
      }
      Weight stored =
          Weight.stored(
              role,
              bias.source(),
              bias.tensor(),
              bias.codec(),
              0,
              1,
              Math.toIntExact(bias.tensor().elements()),
              null);
      float[] all = stored.decodeAll();
      float[] values = new float[weight.rows()];
      for (int row = 0; row < values.length; row++) {
        values[row] = all[weight.storedRow(row)];
      }
      moved.add(bias.withValues(1, values.length, values));
    }
    return moved;
  }
}
