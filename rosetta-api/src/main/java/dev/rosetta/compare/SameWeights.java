package dev.rosetta.compare;

import dev.rosetta.ConfigComparison;
import dev.rosetta.Difference;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.TensorComparison;
import dev.rosetta.engine.Engine;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Inventory;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import dev.rosetta.trace.CapturePoint;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Side A's weights in both graphs. Whatever parts then is the doing of the config, and none of it
 * is noise of element types: two graphs with one config and one set of weights agree bit for bit.
 *
 * <p>A tensor of frequency factors is config in the form of a weight, and stays on its side.
 */
public final class SameWeights {
  private final Model a;
  private final Model b;
  private final int[] tokens;
  private final Engine engine;

  /**
   * @throws IllegalArgumentException if {@link #obstacle} names a reason
   */
  public SameWeights(Model a, Model b, int[] tokens, Engine engine) {
    obstacle(a, b)
        .ifPresent(
            reason -> {
              throw new IllegalArgumentException(reason);
            });
    this.a = a;
    this.b = b;
    this.tokens = tokens.clone();
    this.engine = engine;
  }

  /**
   * What one field does by itself.
   *
   * @param parting operations whose result it changes on one input
   * @param first the first of them, or null if there is none
   * @param relL2 the largest relative change of one operation
   * @param kl divergence of the predictions that it leads to; NaN if they were not reached
   * @param lost operations that were not compared, because side A's activations are not finite
   */
  public record Effect(
      int parting, @Nullable CapturePoint first, double relL2, double kl, int lost) {}

  /** Why side A's weights cannot run in side B's graph; empty if they can. */
  public static Optional<String> obstacle(Model a, Model b) {
    if (a.config().layers() != b.config().layers()) {
      return Optional.of(
          "the models have " + a.config().layers() + " and " + b.config().layers() + " layers");
    }
    for (TensorRole role : Inventory.required(a.config())) {
      Weight weight = a.weights().get(role);
      if (weight == null || !weight.isReadable()) {
        return Optional.of("side A has no " + role + " that can be read");
      }
      List<Long> theirs = Inventory.shape(role, b.config());
      List<Long> ours = Inventory.shape(role, a.config());
      if (!ours.equals(theirs)) {
        return Optional.of(role + " is " + ours + " on side A and " + theirs + " on side B");
      }
    }
    return Optional.empty();
  }

  /** What every field that differs does by itself, the others being side A's. */
  public Map<ConfigField, Effect> effects(List<ConfigComparison> config) {
    Map<ConfigField, Effect> effects = new EnumMap<>(ConfigField.class);
    for (ConfigComparison comparison : config) {
      if (!comparison.equal() && isRunnable(comparison.field())) {
        effects.put(comparison.field(), effect(comparison.field(), comparison.b()));
      }
    }
    return effects;
  }

  /** What {@code value} in place of side A's own would do. */
  public Effect effect(ConfigField field, ConfigValue value) {
    return effect(a.config().with(field, value), field == ConfigField.ROPE_SCALING ? b : a);
  }

  /** What all of side B's config does. */
  public Effect effect() {
    ModelConfig config =
        b.config().with(ConfigField.TIED_EMBEDDINGS, a.config().field(ConfigField.TIED_EMBEDDINGS));
    return effect(config, b);
  }

  /** Whether a field changes what the graph computes and leaves the shapes as they are. */
  private static boolean isRunnable(ConfigField field) {
    return switch (field) {
      case ROPE_STYLE, ROPE_THETA, ROPE_SCALING, RMS_NORM_EPS, ATTENTION_SCALE, SLIDING_WINDOW ->
          true;
      default -> false;
    };
  }

  /**
   * @param factors the side whose frequency factors go with the config
   */
  private Effect effect(ModelConfig config, Model factors) {
    SortedMap<TensorRole, Weight> weights = new TreeMap<>(a.weights());
    weights.remove(FrequencyFactors.ROLE);
    factors
        .weight(FrequencyFactors.ROLE)
        .ifPresent(weight -> weights.put(FrequencyFactors.ROLE, weight));
    Model other = new Model(a.source(), config, weights, List.of(), List.of());
    Set<ConfigField> unequal =
        ConfigComparer.compare(a, other).stream()
            .filter(field -> !field.equal())
            .map(ConfigComparison::field)
            .collect(Collectors.toSet());
    Lockstep.Outcome outcome =
        new Lockstep(a, other, tokens, engine, shared(), unequal, 0, null).run(done -> {});
    List<PointComparison> parting = new ArrayList<>();
    double worst = 0;
    int lost = 0;
    for (PointComparison point : outcome.points()) {
      Difference local = point.local();
      if (local == null || !Float.isFinite(local.a()) && !Float.isFinite(local.b())) {
        lost++;
      } else if (local.maxDiff() > 0) {
        parting.add(point);
        worst = Math.max(worst, local.relL2());
      }
    }
    Predictions predictions = outcome.predictions();
    return new Effect(
        parting.size(),
        parting.isEmpty() ? null : parting.getFirst().point(),
        worst,
        predictions == null ? Double.NaN : predictions.comparison(id -> "").kl(),
        lost);
  }

  /** Every weight paired with itself, but for frequency factors, which may be either side's. */
  private SortedMap<TensorRole, WeightPair> shared() {
    SortedMap<TensorRole, WeightPair> pairs = new TreeMap<>();
    a.weights().forEach((role, weight) -> pairs.put(role, itself(weight)));
    pairs.remove(FrequencyFactors.ROLE);
    return pairs;
  }

  private WeightPair itself(Weight weight) {
    TensorComparison comparison =
        new TensorComparison(
            weight.role(),
            weight.tensor().name(),
            weight.tensor().name(),
            weight.tensor().type(),
            weight.tensor().type(),
            List.of(),
            List.of(),
            Inventory.shape(weight.role(), a.config()),
            Status.OK,
            "the same weight",
            true,
            0,
            0,
            Double.NaN,
            null);
    return new WeightPair(
        weight,
        weight,
        comparison,
        Double.NaN,
        Double.NaN,
        0,
        0,
        RowSlopes.Medians.NONE,
        WeightPair.Lineage.NONE,
        false,
        0,
        0);
  }
}
