package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Difference;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** NaN and infinity: in a weight of one side, in a weight of both, or in activations alone. */
final class NonFinite {
  /** The largest finite float16. */
  private static final double LARGEST_F16 = 65504;

  private final Facts facts;

  NonFinite(Facts facts) {
    this.facts = facts;
  }

  /** Why a weight differs that holds values that are not finite on a side at least. */
  static Explanation explanation(WeightPair pair) {
    Weight a = Objects.requireNonNull(pair.a());
    Weight b = Objects.requireNonNull(pair.b());
    boolean onA = pair.nonFiniteA() > 0;
    Explanation explanation =
        Explanation.lossy(
            DiagnosisCode.NON_FINITE,
            words(pair),
            isOverflow(pair)
                ? "write this tensor as BF16 or F32: F16 ends at 65504"
                : "convert this tensor again from its source, and check for overflow");
    if (onA && pair.nonFiniteB() > 0) {
      return explanation;
    }
    return explanation.filledBy(onA ? Fill.nonFinite(a, b) : Fill.nonFinite(b, a)).onThisSide();
  }

  private static String words(WeightPair pair) {
    boolean onA = pair.nonFiniteA() > 0;
    long count = onA ? pair.nonFiniteA() : pair.nonFiniteB();
    String lost = count == 1 ? "one value that is" : count + " values that are";
    return isOverflow(pair)
        ? "overflowed F16 (value %s in the other file): it holds %s infinite"
            .formatted(plain(first(pair, !onA)), lost)
        : "holds %s NaN or infinite".formatted(lost);
  }

  /** Whether the first value that is not finite is an infinity in place of what F16 cannot hold. */
  private static boolean isOverflow(WeightPair pair) {
    boolean onA = pair.nonFiniteA() > 0;
    ElementType type = onA ? pair.comparison().typeA() : pair.comparison().typeB();
    float other = first(pair, !onA);
    return type == ElementType.F16
        && Float.isInfinite(first(pair, onA))
        && Float.isFinite(other)
        && Math.abs(other) > LARGEST_F16;
  }

  /** A side's value at the first place where either is not finite. */
  private static float first(WeightPair pair, boolean ofA) {
    Difference first = pair.comparison().difference();
    return first == null ? Float.NaN : ofA ? first.a() : first.b();
  }

  private static String plain(float value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? String.valueOf((long) value)
        : String.valueOf(value);
  }

  /**
   * Weights that hold such values on both sides, byte for byte perhaps, and so never differ: those
   * of the operations where activations cease to be finite on both sides.
   */
  List<Hypothesis> onBothSides() {
    List<Hypothesis> found = new ArrayList<>();
    for (PointComparison point : facts.points()) {
      if (point.status() != Status.DIVERGED || !isLost(point.local())) {
        continue;
      }
      for (WeightPair pair : facts.weights().values()) {
        TensorRole role = pair.comparison().role();
        if (Diagnostician.point(role).equals(point.point().name())
            && pair.comparison().status() != Status.DIVERGED
            && holds(pair.a())
            && holds(pair.b())) {
          found.add(onBothSides(stored(role)));
        }
      }
    }
    return found;
  }

  /** A tied head is its embedding. */
  private TensorRole stored(TensorRole role) {
    boolean tied =
        role.part() == Part.OUTPUT
            && facts.a().weight(role).isEmpty()
            && facts.b().weight(role).isEmpty();
    return tied ? TensorRole.weight(Part.EMBEDDING) : role;
  }

  private static boolean isLost(@Nullable Difference local) {
    return local != null && !Float.isFinite(local.a()) && !Float.isFinite(local.b());
  }

  private static boolean holds(@Nullable Weight weight) {
    if (weight == null || !weight.isReadable()) {
      return false;
    }
    float[] row = new float[weight.columns()];
    for (int r = 0; r < weight.rows(); r++) {
      weight.decodeRow(r, row, 0);
      for (float value : row) {
        if (!Float.isFinite(value)) {
          return true;
        }
      }
    }
    return false;
  }

  private static Hypothesis onBothSides(TensorRole role) {
    return plain(
        new Diagnosis(
            DiagnosisCode.NON_FINITE,
            Severity.ERROR,
            role.toString(),
            role.layer() >= 0 ? Integer.valueOf(role.layer()) : null,
            null,
            role
                + " holds values that are NaN or infinite on both sides, so that nothing behind"
                + " it can be compared",
            "convert both files again from their source, and look for these values there",
            Proof.CONSISTENT,
            Map.of("tensors", List.of(role.toString()))));
  }

  /** Activations that are not finite although no weight explains it. */
  static Hypothesis at(PointComparison point) {
    Difference local = point.local();
    Side side =
        local == null || Float.isFinite(local.a()) == Float.isFinite(local.b())
            ? null
            : Float.isFinite(local.a()) ? Side.B : Side.A;
    return new Hypothesis(
        new Diagnosis(
            DiagnosisCode.NON_FINITE,
            Severity.ERROR,
            point.point().name(),
            point.point().layer() >= 0 ? point.point().layer() : null,
            side,
            point.point()
                + " holds values that are NaN or infinite on "
                + (side == null ? "both sides" : "side " + side),
            "look for overflowing weights in front of it",
            Proof.HINT,
            Map.of()),
        List.of(),
        Set.of(),
        Set.of(point.point().name()));
  }

  private static Hypothesis plain(Diagnosis diagnosis) {
    return new Hypothesis(diagnosis, List.of(), Set.of(), Set.of());
  }
}
