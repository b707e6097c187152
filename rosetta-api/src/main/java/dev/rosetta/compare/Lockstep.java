package dev.rosetta.compare;

import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.compare.PointSum.Results;
import dev.rosetta.engine.Engine;
import dev.rosetta.engine.Graph;
import dev.rosetta.engine.Operation;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Runs two models side by side, one operation at a time.
 *
 * <p>Each operation of side B runs on side A's input as well as on its own, so a fault shows at the
 * operation that has it and nowhere else. Where side A cannot run an operation, or its result is
 * not finite, the pass goes on from side B's result; what lies behind a result that is finite on
 * neither side is not compared. Layers are visited one after the other; of a layer's activations
 * only those live that are still to be read.
 */
@SuppressWarnings(
    "ReferenceEquality") // One object on both sides is how a shared activation is known.
public final class Lockstep {
  /** Values of one side's logits that are held at a time, 20 MiB, unless 8 positions have more. */
  private static final int MOST_LOGITS = 5 << 20;

  private final Model a;
  private final Model b;
  private final int[] tokens;
  private final Engine engine;
  private final Judge judge;
  private final @Nullable Pattern filter;
  private final List<PointComparison> points = new ArrayList<>();
  private final Map<CapturePoint, Activation> reference = new HashMap<>();
  private final Map<CapturePoint, Activation> own = new HashMap<>();

  /** Side A's own activations where they are not the reference, because they are not finite. */
  private final Map<CapturePoint, Activation> ownA = new HashMap<>();

  /**
   * Why a point without a reference has none, where it is finite on neither side or behind that.
   */
  private final Map<CapturePoint, String> lost = new HashMap<>();

  private boolean ownPass = true;
  private int logitsAtATime;

  /** Of the logits so far; null where none are compared. */
  private @Nullable Predictions predictions;

  /** Whether every reference so far is side A's own, with side B standing in nowhere. */
  private boolean referenceIsA = true;

  /**
   * @param weights what comparing the weights showed
   * @param unequalConfig config fields that differ
   * @param threshold plain bound on the largest difference where element types are equal
   * @param filter capture points to report, or null for all
   */
  public Lockstep(
      Model a,
      Model b,
      int[] tokens,
      Engine engine,
      Map<TensorRole, WeightPair> weights,
      Set<ConfigField> unequalConfig,
      double threshold,
      @Nullable Pattern filter) {
    this.a = a;
    this.b = b;
    this.tokens = tokens.clone();
    this.engine = engine;
    this.judge = new Judge(weights, unequalConfig, threshold);
    this.filter = filter;
  }

  /** With the logits of this many positions held at a time, where the memory they take decides. */
  Lockstep logitsAtATime(int positions) {
    logitsAtATime = positions;
    return this;
  }

  /**
   * What a pass showed.
   *
   * @param points capture points in forward-pass order, those of the filter only
   * @param predictions what each side's logits say on its own activations; null if one side's pass
   *     did not get there, or if they do not fit
   * @param agreed the state in front of the first layer with a point that does not agree
   * @param found the whole pass, or nothing if side B's activations had to stand in for side A's
   */
  public record Outcome(
      List<PointComparison> points,
      @Nullable Predictions predictions,
      PassStart agreed,
      PassRest found) {}

  /**
   * Runs the whole pass.
   *
   * @param progress told the number of layers done
   */
  public Outcome run(IntConsumer progress) {
    return run(PassStart.FIRST, progress);
  }

  /**
   * Runs each operation on side A's activations alone, from {@code start} on: what a point's status
   * follows from, in half the time. No point that it computes has a propagated difference.
   *
   * @param start as for {@link #run(PassStart, IntConsumer)}
   * @param rest taken as it is instead of being computed: {@link PassRest#UNKNOWN}, or what a pass
   *     found with the same prompt, filter and config, with the same weights from that layer on,
   *     and with the same side A unless both sides compute the same functions there
   * @param progress told the number of layers done
   */
  public List<PointComparison> runLocally(PassStart start, PassRest rest, IntConsumer progress) {
    ownPass = false;
    return run(start, rest, progress).points();
  }

  /**
   * Runs a pass from {@code start} on.
   *
   * @param start {@link PassStart#FIRST}, or a state that a pass reached with the same prompt,
   *     filter and config, and with the same weights of the layers in front
   * @param progress told the number of layers done
   */
  public Outcome run(PassStart start, IntConsumer progress) {
    return run(start, PassRest.UNKNOWN, progress);
  }

  private Outcome run(PassStart start, PassRest rest, IntConsumer progress) {
    points.addAll(start.points());
    reference.putAll(start.reference());
    if (ownPass) {
      own.putAll(start.own());
    }
    int layers = Math.max(a.config().layers(), b.config().layers());
    PassStart agreed = start;
    boolean agrees = start.layer() > 0 || step(Graph.embedding(a), Graph.embedding(b));
    for (int layer = start.layer(); layer < Math.min(layers, rest.layer()); layer++) {
      if (agrees && layer > 0) {
        agreed = state(layer);
      }
      agrees &=
          step(
              layer < a.config().layers() ? Graph.layer(a, layer) : List.of(),
              layer < b.config().layers() ? Graph.layer(b, layer) : List.of());
      progress.accept(layer + 1);
    }
    if (rest.layer() > layers) {
      if (agrees && layers > 0) {
        agreed = state(layers);
      }
      step(Graph.tail(a), Graph.tail(b));
    }
    points.addAll(rest.points());
    return new Outcome(
        List.copyOf(points),
        predictions,
        agreed,
        referenceIsA ? new PassRest(0, points) : PassRest.UNKNOWN);
  }

  private PassStart state(int layer) {
    return new PassStart(layer, List.copyOf(points), Map.copyOf(reference), Map.copyOf(own));
  }

  /** Whether every point was compared and agrees. */
  private boolean step(List<Operation> operationsA, List<Operation> operationsB) {
    boolean agrees = true;
    Map<CapturePoint, Operation> byPointA = byPoint(operationsA);
    Map<CapturePoint, Operation> byPointB = byPoint(operationsB);
    TreeSet<CapturePoint> order = new TreeSet<>(byPointA.keySet());
    order.addAll(byPointB.keySet());
    for (CapturePoint point : order) {
      Operation left = byPointA.get(point);
      Operation right = byPointB.get(point);
      PointComparison comparison =
          left != null && right != null
              ? both(left, right)
              : one(point, left == null ? right : left, left != null);
      agrees &= comparison.status() == Status.OK || comparison.status() == Status.NOISE;
      if (filter == null || filter.matcher(point.name()).find()) {
        points.add(comparison);
      }
      // What later operations read, and the last result, which the next step reads.
      Set<CapturePoint> needed = new HashSet<>();
      needed.add(order.last());
      for (CapturePoint later : order.tailSet(point, false)) {
        for (Operation operation : Arrays.asList(byPointA.get(later), byPointB.get(later))) {
          needed.addAll(operation == null ? List.of() : operation.inputs());
        }
      }
      reference.keySet().retainAll(needed);
      own.keySet().retainAll(needed);
      ownA.keySet().retainAll(needed);
    }
    return agrees;
  }

  private static Map<CapturePoint, Operation> byPoint(List<Operation> operations) {
    Map<CapturePoint, Operation> map = new LinkedHashMap<>();
    for (Operation operation : operations) {
      map.put(operation.output(), operation);
    }
    return map;
  }

  /** An operation that only one side's graph has: its result carries on, but is not compared. */
  private PointComparison one(CapturePoint point, @Nullable Operation operation, boolean onA) {
    Activation result = null;
    if (operation != null && obstacle(operation, onA ? a : b, reference) == null) {
      result = runIfFitting(operation, onA ? a : b);
    }
    referenceIsA &= onA && result != null;
    standIn(point, result);
    String other = onA ? "side B" : "side A";
    return skipped(
        point, other + " has no such operation", onA ? result : null, onA ? null : result);
  }

  /** Goes on from the result of the one side that has one; of its own, the other has none. */
  private void standIn(CapturePoint point, @Nullable Activation result) {
    own.remove(point);
    if (result == null || point.site() == Site.LOGITS) {
      return;
    }
    if (result.isFinite()) {
      reference.put(point, result);
    } else {
      lose(point, point + " is not finite on the one side that can compute it");
    }
  }

  /** Gives a point up: what reads it is not compared. */
  private void lose(CapturePoint point, String reason) {
    lost.put(point, reason);
    reference.remove(point);
    own.remove(point);
    ownA.remove(point);
    referenceIsA = false;
  }

  private PointComparison both(Operation left, Operation right) {
    CapturePoint point = left.output();
    String behind = lostInput(left, right);
    if (behind != null) {
      lose(point, behind);
      if (point.site() == Site.LOGITS) {
        predictions = Predictions.unmeasured();
      }
      return skipped(point, behind, null, null);
    }
    String obstacleA = obstacle(left, a, reference);
    String obstacleB = obstacle(right, b, reference);
    if (obstacleA != null || obstacleB != null) {
      return withObstacle(left, right, obstacleA, obstacleB);
    }
    boolean same =
        judge.sameFunction(left.weights(), right.weights(), left.config())
            && left.inputs().equals(right.inputs());
    PointSum sum = new PointSum(point, same, engine);
    int piece = point.site() == Site.LOGITS ? logitsAtATime(left) : Math.max(1, tokens.length);
    do {
      PointComparison misfit = add(sum, left, right, same, piece);
      if (misfit != null) {
        return misfit;
      }
    } while (sum.positions() < tokens.length);
    return same
        ? sum.computedOnce()
        : sum.judged(
            judge.bound(
                union(left.weights(), right.weights()),
                left.config(),
                left.inputs().isEmpty() ? null : reference.get(left.inputs().getFirst()),
                sum.norm(),
                tokens.length));
  }

  /** Positions whose logits are held at a time. */
  private int logitsAtATime(Operation operation) {
    if (logitsAtATime > 0) {
      return logitsAtATime;
    }
    int vocabulary = a.weight(operation.weights().getFirst()).map(Weight::rows).orElse(1);
    return Math.max(MOST_LOGITS / Math.max(vocabulary, 1) / 8, 1) * 8;
  }

  /**
   * Runs both sides at the next {@code piece} positions and adds what they made of them. Null, or
   * why the sides do not fit.
   */
  private @Nullable PointComparison add(
      PointSum sum, Operation left, Operation right, boolean same, int piece) {
    CapturePoint point = left.output();
    int from = sum.positions();
    int to = Math.min(tokens.length, from + piece);
    boolean ownInputs = obstacle(right, b, own) == null;
    List<Function<CapturePoint, Activation>> inputsA = new ArrayList<>();
    inputsA.add(input -> Objects.requireNonNull(reference.get(input)).positions(from, to));
    List<Function<CapturePoint, Activation>> inputsB = new ArrayList<>(inputsA);
    if (ownInputs && left.inputs().stream().anyMatch(ownA::containsKey)) {
      inputsA.add(input -> ownOfA(input).positions(from, to));
    }
    if (ownInputs && !sameInputs(right)) {
      inputsB.add(input -> Objects.requireNonNull(own.get(input)).positions(from, to));
    }
    if (same) {
      // One pass over side A's weights serves both.
      List<Function<CapturePoint, Activation>> inputs = new ArrayList<>(inputsA);
      inputs.addAll(inputsB.subList(1, inputsB.size()));
      List<Activation> results = engine.run(left, a, tokens, inputs);
      Activation result = results.getFirst();
      Activation ownResultA = results.get(inputsA.size() - 1);
      Activation ownResultB = inputsB.size() > 1 ? results.getLast() : result;
      store(sum, point, new Results(result, result, ownResultA, ownInputs ? ownResultB : null));
      return null;
    }
    List<Activation> resultsA;
    try {
      resultsA = engine.run(left, a, tokens, inputsA);
    } catch (ModelException e) {
      requireMisfit(e);
      own.remove(point);
      return skipped(point, "side A cannot run on side B's input: the widths differ", null, null);
    }
    Activation resultA = resultsA.getFirst();
    List<Activation> resultsB;
    try {
      resultsB = engine.run(right, b, tokens, inputsB);
    } catch (ModelException e) {
      requireMisfit(e);
      standIn(point, resultA);
      return skipped(
          point, "side B cannot run on side A's input: " + e.getMessage(), resultA, null);
    }
    Activation localB = resultsB.getFirst();
    Activation ownB = ownInputs ? resultsB.getLast() : null;
    if (resultA.width() != localB.width()) {
      standIn(point, resultA);
      if (resultA.isFinite()) {
        remember(point, ownB);
      }
      return skipped(point, "widths differ", resultA, localB);
    }
    store(sum, point, new Results(resultA, localB, resultsA.getLast(), ownB));
    return null;
  }

  private void store(PointSum sum, CapturePoint point, Results results) {
    sum.add(results);
    Activation ownB = results.ownB();
    if (point.site() != Site.LOGITS) {
      keep(point, results, sum.isFiniteA());
      return;
    }
    // Nothing reads logits.
    if (ownB != null) {
      if (predictions == null) {
        predictions = new Predictions();
      }
      predictions.add(results.ownA(), ownB, engine);
    }
    if (sum.positions() < tokens.length) {
      engine.recycle(results.a());
      engine.recycle(results.localB());
      engine.recycle(results.ownA());
      if (ownB != null) {
        engine.recycle(ownB);
      }
    }
  }

  /** The operation on the reference's input; null if that has another width. */
  private @Nullable Activation runIfFitting(Operation operation, Model model) {
    try {
      return engine.run(operation, model, tokens, List.of(reference::get)).getFirst();
    } catch (ModelException e) {
      requireMisfit(e);
      return null;
    }
  }

  /** Throws what does not say that one side cannot run on the other's activations. */
  private static void requireMisfit(ModelException e) {
    if (e.code() != ErrorCode.SHAPE_MISMATCH && e.code() != ErrorCode.CONFIG_SHAPE_CONFLICT) {
      throw e;
    }
  }

  private PointComparison withObstacle(
      Operation left, Operation right, @Nullable String obstacleA, @Nullable String obstacleB) {
    CapturePoint point = left.output();
    Activation resultA = null;
    Activation resultB = null;
    if (obstacleA == null) {
      resultA = runIfFitting(left, a);
    } else if (obstacleB == null) {
      resultB = runIfFitting(right, b);
    }
    referenceIsA &= resultA != null;
    standIn(point, resultA != null ? resultA : resultB);
    String reason = obstacleA == null ? "side B: " + obstacleB : "side A: " + obstacleA;
    return skipped(point, reason, resultA, resultB);
  }

  /** Why an operation cannot run on {@code model} with these inputs; null if it can. */
  private static @Nullable String obstacle(
      Operation operation, Model model, Map<CapturePoint, Activation> inputs) {
    for (TensorRole role : operation.weights()) {
      Weight weight = model.weights().get(role);
      if (weight == null) {
        return role + " is absent";
      }
      if (!weight.isReadable()) {
        return role + " is " + weight.tensor().type() + ", which cannot be decoded";
      }
    }
    for (CapturePoint input : operation.inputs()) {
      if (!inputs.containsKey(input)) {
        return input + " is not available";
      }
    }
    return null;
  }

  private boolean sameInputs(Operation operation) {
    for (CapturePoint input : operation.inputs()) {
      if (reference.get(input) != own.get(input)) {
        return false;
      }
    }
    return true;
  }

  /** Why an input of the two has no reference; null if it is not for NaN or infinity. */
  private @Nullable String lostInput(Operation left, Operation right) {
    for (Operation operation : List.of(left, right)) {
      for (CapturePoint input : operation.inputs()) {
        String reason = lost.get(input);
        if (reason != null) {
          return reason;
        }
      }
    }
    return null;
  }

  private Activation ownOfA(CapturePoint input) {
    Activation differing = ownA.get(input);
    return differing != null ? differing : Objects.requireNonNull(reference.get(input));
  }

  /** Keeps both sides' results for what reads them. */
  private void keep(CapturePoint point, Results results, boolean finiteA) {
    Activation next =
        finiteA ? results.a() : FinitePositions.of(results.a(), results.localB()).orElse(null);
    if (next == null) {
      lose(point, point + " is finite on neither side");
      return;
    }
    reference.put(point, next);
    referenceIsA &= next == results.a();
    if (ownPass && !sameBits(next, results.ownA())) {
      ownA.put(point, results.ownA());
    } else {
      ownA.remove(point);
    }
    remember(point, results.ownB());
  }

  private void remember(CapturePoint point, @Nullable Activation ownB) {
    if (ownB == null || !ownPass) {
      own.remove(point);
      return;
    }
    Activation resultA = reference.get(point);
    // Equal bits become one object, so that later operations see at once that their input is
    // shared.
    own.put(point, resultA != null && sameBits(resultA, ownB) ? resultA : ownB);
  }

  private static boolean sameBits(Activation x, Activation y) {
    return x == y || x.width() == y.width() && java.util.Arrays.equals(x.values(), y.values());
  }

  private static List<TensorRole> union(List<TensorRole> left, List<TensorRole> right) {
    TreeSet<TensorRole> roles = new TreeSet<>(left);
    roles.addAll(right);
    return List.copyOf(roles);
  }

  private PointComparison skipped(
      CapturePoint point, String reason, @Nullable Activation left, @Nullable Activation right) {
    return new PointComparison(
        point,
        dims(left),
        dims(right),
        Status.SKIPPED,
        reason,
        Double.NaN,
        false,
        Double.NaN,
        null,
        null);
  }

  /** Of all positions: {@code activation} may be a piece. */
  private List<Integer> dims(@Nullable Activation activation) {
    return activation == null ? List.of() : List.of(tokens.length, activation.width());
  }
}
