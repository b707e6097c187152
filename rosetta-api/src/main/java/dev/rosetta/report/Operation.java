package dev.rosetta.report;

import dev.rosetta.Diagnosis;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.TensorComparison;
import dev.rosetta.model.TensorRole;
import dev.rosetta.trace.CapturePoint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One operation of the forward pass as the text report shows it: its capture points and the weights
 * it uses. Q, K and V are one operation where a side stores them fused and all three are at fault,
 * and so are gate and up.
 *
 * @param label {@code Q}, {@code QKV}, {@code FFN_DOWN}
 * @param points its capture points; empty where nothing was run
 * @param tensors its weights and biases; empty for operations without
 */
record Operation(String label, List<PointComparison> points, List<TensorComparison> tensors) {

  /** The operations of one layer, or those before or after the layers, in forward-pass order. */
  static List<Operation> of(List<PointComparison> points, List<TensorComparison> tensors) {
    List<Operation> operations = new ArrayList<>();
    List<TensorComparison> left = new ArrayList<>(tensors);
    for (PointComparison point : points) {
      List<TensorComparison> own =
          left.stream().filter(tensor -> uses(point.point(), tensor.role())).toList();
      left.removeAll(own);
      operations.add(new Operation(label(point.point()), List.of(point), own));
    }
    for (TensorComparison tensor : left) {
      operations.add(new Operation(label(tensor.role()), List.of(), List.of(tensor)));
    }
    return joined(joined(operations, "QKV", "Q", "K", "V"), "GATE_UP", "FFN_GATE", "FFN_UP");
  }

  private static boolean uses(CapturePoint point, TensorRole role) {
    TensorRole.Part part = part(point.site());
    return part == role.part() && point.layer() == role.layer();
  }

  private static TensorRole.@Nullable Part part(CapturePoint.Site site) {
    return switch (site) {
      case EMBEDDING -> TensorRole.Part.EMBEDDING;
      case ATTN_NORM -> TensorRole.Part.ATTN_NORM;
      case Q -> TensorRole.Part.Q;
      case K -> TensorRole.Part.K;
      case V -> TensorRole.Part.V;
      case Q_NORM -> TensorRole.Part.Q_NORM;
      case K_NORM -> TensorRole.Part.K_NORM;
      case ATTN_OUT -> TensorRole.Part.ATTN_OUT;
      case FFN_NORM -> TensorRole.Part.FFN_NORM;
      case FFN_GATE -> TensorRole.Part.FFN_GATE;
      case FFN_UP -> TensorRole.Part.FFN_UP;
      case FFN_OUT -> TensorRole.Part.FFN_DOWN;
      case FINAL_NORM -> TensorRole.Part.FINAL_NORM;
      case LOGITS -> TensorRole.Part.OUTPUT;
      case Q_ROPE, K_ROPE, ATTN_CONTEXT, ATTN_RESIDUAL, FFN_ACT, OUTPUT -> null;
    };
  }

  private static List<Operation> joined(List<Operation> operations, String label, String... parts) {
    List<String> names = List.of(parts);
    List<Operation> own =
        operations.stream().filter(operation -> names.contains(operation.label)).toList();
    if (own.size() < parts.length || !own.stream().allMatch(Operation::isFaulty) || !isFused(own)) {
      return operations;
    }
    Operation whole =
        new Operation(
            label,
            own.stream().flatMap(operation -> operation.points.stream()).toList(),
            own.stream().flatMap(operation -> operation.tensors.stream()).toList());
    List<Operation> result = new ArrayList<>(operations);
    result.set(result.indexOf(own.getFirst()), whole);
    result.removeAll(own);
    return result;
  }

  private static boolean isFused(List<Operation> operations) {
    List<TensorComparison> weights =
        operations.stream().flatMap(operation -> operation.weight().stream()).toList();
    return weights.size() == operations.size()
        && (weights.stream().map(TensorComparison::nameA).distinct().count() == 1
            || weights.stream().map(TensorComparison::nameB).distinct().count() == 1);
  }

  static String label(CapturePoint point) {
    return point.site().word().toUpperCase(Locale.ROOT);
  }

  private static String label(TensorRole role) {
    return role.part().word().toUpperCase(Locale.ROOT) + (role.bias() ? " bias" : "");
  }

  /** Its first weight that is no bias. */
  Optional<TensorComparison> weight() {
    return tensors.stream().filter(tensor -> !tensor.role().bias()).findFirst();
  }

  /** Whether it diverges or was not compared, in activations or in weights. */
  boolean isFaulty() {
    return points.stream().anyMatch(point -> isFault(point.status()))
        || tensors.stream().anyMatch(tensor -> isFault(tensor.status()));
  }

  boolean diverges() {
    return points.stream().anyMatch(point -> point.status() == Status.DIVERGED);
  }

  static boolean isFault(Status status) {
    return status == Status.DIVERGED || status == Status.SKIPPED;
  }

  /** Why none of its points was compared, if there is one reason and its weights are sound. */
  Optional<String> obstacle() {
    if (points.isEmpty()
        || !points.stream().allMatch(point -> point.status() == Status.SKIPPED)
        || tensors.stream().anyMatch(tensor -> isFault(tensor.status()))) {
      return Optional.empty();
    }
    String reason = points.getFirst().reason();
    return points.stream().allMatch(point -> point.reason().equals(reason))
        ? Optional.of(reason)
        : Optional.empty();
  }

  /** The point that diverges most. */
  Optional<PointComparison> worst() {
    return points.stream()
        .filter(point -> point.status() == Status.DIVERGED)
        .max(Comparator.comparingDouble(Operation::maxDiff));
  }

  private static double maxDiff(PointComparison point) {
    var judged = TextReport.judged(point);
    return judged == null ? 0 : judged.maxDiff();
  }

  /** Whether the diagnosis names one of its weights or points. */
  boolean isSubjectOf(Diagnosis diagnosis) {
    String subject = diagnosis.subject();
    if (subject == null) {
      return false;
    }
    Optional<TensorRole> role = TensorRole.parse(subject);
    if (role.isEmpty()) {
      return points.stream().anyMatch(point -> point.point().name().equals(subject));
    }
    return tensors.stream().anyMatch(tensor -> isPartOf(tensor.role(), role.get()));
  }

  private static boolean isPartOf(TensorRole role, TensorRole stored) {
    if (role.layer() != stored.layer() || role.bias() != stored.bias()) {
      return false;
    }
    return role.part() == stored.part()
        || switch (stored.part()) {
          case QKV ->
              role.part() == TensorRole.Part.Q
                  || role.part() == TensorRole.Part.K
                  || role.part() == TensorRole.Part.V;
          case GATE_UP ->
              role.part() == TensorRole.Part.FFN_GATE || role.part() == TensorRole.Part.FFN_UP;
          default -> false;
        };
  }
}
