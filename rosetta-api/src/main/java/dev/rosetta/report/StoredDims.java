package dev.rosetta.report;

import dev.rosetta.Side;
import dev.rosetta.TensorComparison;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The dims of an operation's weight as both files store them, row-major. The parts of a tensor that
 * one side stores fused are stacked on the other, so that the two can be held side by side.
 *
 * @param expected {@code [out, in]} that the config asks for
 */
record StoredDims(List<Long> a, List<Long> b, List<Long> expected) {
  private static final String OUT_IN = "[out,in]";
  private static final String IN_OUT = "[in,out]";

  /** Empty where the operation has no matrix on both sides. */
  static Optional<StoredDims> of(Operation operation) {
    List<TensorComparison> weights =
        operation.tensors().stream().filter(tensor -> !tensor.role().bias()).toList();
    if (weights.isEmpty()) {
      return Optional.empty();
    }
    List<Long> a = stacked(weights, TensorComparison::nameA, TensorComparison::storedDimsA);
    List<Long> b = stacked(weights, TensorComparison::nameB, TensorComparison::storedDimsB);
    List<Long> expected =
        stacked(weights, tensor -> tensor.role().toString(), TensorComparison::expectedDims);
    return a.size() == 2 && b.size() == 2
        ? Optional.of(new StoredDims(a, b, expected))
        : Optional.empty();
  }

  private static List<Long> stacked(
      List<TensorComparison> parts,
      Function<TensorComparison, @Nullable String> name,
      Function<TensorComparison, List<Long>> dims) {
    List<Long> first = dims.apply(parts.getFirst());
    boolean one = parts.stream().map(name).distinct().count() == 1;
    if (one || first.isEmpty()) {
      return first;
    }
    long rows = 0;
    for (TensorComparison part : parts) {
      List<Long> own = dims.apply(part);
      if (own.size() != first.size()) {
        return first;
      }
      rows += own.getFirst();
    }
    List<Long> stacked = new ArrayList<>(first);
    stacked.set(0, rows);
    return stacked;
  }

  /**
   * How the two sides lay out the weight: {@code APR=[in,out] GGUF=[out,in]}.
   *
   * @param atFault the side that a diagnosis holds at fault, or null
   */
  String orders(SideNames names, @Nullable Side atFault) {
    if (atFault != null) {
      return orders(
          names, atFault == Side.A ? IN_OUT : OUT_IN, atFault == Side.B ? IN_OUT : OUT_IN);
    }
    List<Long> reversed = expected.reversed();
    if (a.equals(reversed) && b.equals(expected) && !a.equals(b)) {
      return orders(names, IN_OUT, OUT_IN);
    }
    if (a.equals(expected) && b.equals(reversed) && !a.equals(b)) {
      return orders(names, OUT_IN, IN_OUT);
    }
    return names.a() + " holds the transpose of what " + names.b() + " holds";
  }

  private static String orders(SideNames names, String a, String b) {
    return names.a() + "=" + a + " " + names.b() + "=" + b;
  }
}
