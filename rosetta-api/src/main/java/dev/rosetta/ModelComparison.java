package dev.rosetta;

import dev.rosetta.ComparisonReport.Check;
import dev.rosetta.ComparisonReport.Check.Outcome;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.compare.ConfigComparer;
import dev.rosetta.compare.Lockstep;
import dev.rosetta.compare.PassRest;
import dev.rosetta.compare.PassStart;
import dev.rosetta.compare.WeightComparer;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.diagnose.DiagnosisOrder;
import dev.rosetta.diagnose.Diagnostician;
import dev.rosetta.diagnose.Facts;
import dev.rosetta.diagnose.Hypothesis;
import dev.rosetta.diagnose.Repair;
import dev.rosetta.engine.Engine;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Model;
import dev.rosetta.spi.ElementCodecs;
import dev.rosetta.spi.KernelBackend;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** One comparison of two opened models, from their config to the report. */
final class ModelComparison {
  private static final TensorRole OUTPUT = TensorRole.weight(Part.OUTPUT);

  private final Model a;
  private final Model b;
  private final ComparisonRequest request;
  private final ProgressListener listener;
  private final ElementCodecs codecs;
  private final Future<KernelBackend> backend;
  private final int threads;
  private final Optional<Diagnosis> padding;
  private final Map<String, Double> timings = new LinkedHashMap<>();
  private final List<Check> checks = new ArrayList<>();
  private long phaseStart;

  ModelComparison(
      Model a,
      Model b,
      ComparisonRequest request,
      ProgressListener listener,
      Future<KernelBackend> backend,
      ElementCodecs codecs,
      long start) {
    CommonVocabulary common = CommonVocabulary.of(a, b);
    this.a = common.a();
    this.b = common.b();
    this.padding = common.note();
    this.request = request;
    this.listener = listener;
    this.codecs = codecs;
    this.backend = backend;
    this.threads = threads(request.threads());
    this.phaseStart = start;
  }

  /** Worker threads for a request that asks for {@code threads}, 0 meaning one per processor. */
  static int threads(int threads) {
    return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
  }

  ComparisonReport run() {
    if (request.sameWeights()) {
      SameWeightsCheck.obstacle(a, b)
          .ifPresent(
              reason -> {
                throw new IllegalArgumentException(reason);
              });
    }
    phase("open");
    TokenizerCheck tokenizer = TokenizerCheck.of(a, b, request);
    checks.addAll(tokenizer.checks());
    phase("tokenizer");
    List<ConfigComparison> config = ConfigComparer.compare(a, b);
    try (Engine engine = new Engine(backend(), threads)) {
      WeightComparer comparer = new WeightComparer(a, b, request.threshold(), engine);
      int total = comparer.count();
      SortedMap<TensorRole, WeightPair> weights =
          comparer.compare(done -> listener.advanced("weights", done, total));
      phase("weights");
      List<PointComparison> points = List.of();
      PassStart agreed = PassStart.FIRST;
      PassRest found = PassRest.UNKNOWN;
      LogitsComparison logits = null;
      if (request.forwardPass()) {
        Lockstep.Outcome outcome =
            lockstep(a, b, tokenizer.ids(), engine, weights, config).run(this::layersDone);
        points = outcome.points();
        if (request.filter() != null && points.isEmpty()) {
          throw new IllegalArgumentException(
              "the filter '" + request.filter() + "' matches no capture point");
        }
        agreed = outcome.agreed();
        found = outcome.found();
        logits = logits(outcome, tokenizer);
        phase("layers");
      } else {
        checks.add(
            new Check("activations", Outcome.NOT_RUN, "weights, config and tokenizer only", false));
      }
      Facts facts = new Facts(a, b, weights, config, codecs, points);
      List<Hypothesis> hypotheses = Diagnostician.hypotheses(facts);
      List<Diagnosis> diagnoses =
          new ArrayList<>(diagnoses(hypotheses, weights, agreed, found, tokenizer.ids(), engine));
      SameWeightsCheck.run(a, b, request, tokenizer.ids(), engine, config, diagnoses)
          .ifPresent(
              same -> {
                checks.add(same.check());
                diagnoses.clear();
                diagnoses.addAll(same.diagnoses());
              });
      List<Diagnosis> ordered = new ArrayList<>(DiagnosisOrder.sorted(diagnoses));
      tokenizer.diagnoses().forEach(diagnosis -> insert(ordered, diagnosis));
      padding.ifPresent(note -> insert(ordered, note));
      phase("diagnosis");
      boolean predicts = complete(points) && logits != null && logits.measured();
      if (request.maxTokens() > 0 && request.forwardPass() && !predicts) {
        checks.add(
            new Check(
                "continuation",
                Outcome.NOT_RUN,
                "not every capture point could be computed from finite values on both sides",
                false));
      }
      ComparisonReport.Continuation continuation =
          request.maxTokens() > 0 && request.forwardPass() && predicts
              ? new Continuations(engine, tokenizer, request.maxTokens()).run(a, b, tokenizer.ids())
              : null;
      return report(tokenizer, config, weights, points, ordered, logits, continuation);
    }
  }

  private Lockstep lockstep(
      Model left,
      Model right,
      int[] tokens,
      Engine engine,
      SortedMap<TensorRole, WeightPair> weights,
      List<ConfigComparison> config) {
    return new Lockstep(
        left,
        right,
        tokens,
        engine,
        weights,
        unequal(config),
        request.threshold(),
        request.filter());
  }

  private void layersDone(int done) {
    listener.advanced("layers", done, Math.max(a.config().layers(), b.config().layers()));
  }

  private static Set<ConfigField> unequal(List<ConfigComparison> config) {
    Set<ConfigField> fields = EnumSet.noneOf(ConfigField.class);
    for (ConfigComparison comparison : config) {
      if (!comparison.equal()) {
        fields.add(comparison.field());
      }
    }
    return fields;
  }

  /**
   * Applies every repair, compares and runs again, and grades each hypothesis by what is left. The
   * run begins at {@code agreed} where no repair comes before, and ends behind the last one where
   * what was {@code found} there still holds.
   */
  private List<Diagnosis> diagnoses(
      List<Hypothesis> hypotheses,
      SortedMap<TensorRole, WeightPair> compared,
      PassStart agreed,
      PassRest found,
      int[] tokens,
      Engine engine) {
    boolean repairable = hypotheses.stream().anyMatch(h -> !h.repairs().isEmpty());
    if (!repairable || !request.proof() || !request.forwardPass()) {
      return hypotheses.stream().map(Hypothesis::diagnosis).toList();
    }
    Model left = a;
    Model right = b;
    PassStart start = agreed;
    int end = 0;
    boolean otherActivations = false;
    Set<TensorRole> repaired = new TreeSet<>();
    for (Hypothesis hypothesis : hypotheses) {
      for (Repair repair : hypothesis.repairs()) {
        if (repair instanceof Repair.ReplaceWeight replacement) {
          TensorRole role = replacement.weight().role();
          repaired.add(role);
          if (role.part() == Part.EMBEDDING && compared.containsKey(OUTPUT)) {
            repaired.add(OUTPUT); // The embedding may be the head as well.
          }
        }
        if (repair.firstLayer() < agreed.layer()) {
          start = PassStart.FIRST;
        }
        end = Math.max(end, repair.endLayer());
        if (repair.side() == Side.A) {
          otherActivations = true;
          left = repair.applyTo(left);
        } else {
          right = repair.applyTo(right);
        }
      }
    }
    WeightComparer comparer = new WeightComparer(left, right, request.threshold(), engine);
    SortedMap<TensorRole, WeightPair> weights = new TreeMap<>(compared);
    for (TensorRole role : repaired) {
      weights.put(role, comparer.compareRepaired(role, compared.get(role)));
    }
    List<PointComparison> points =
        lockstep(left, right, tokens, engine, weights, ConfigComparer.compare(left, right))
            .runLocally(start, found.from(end, otherActivations), this::layersDone);
    return Diagnostician.proven(hypotheses, points, weights);
  }

  /**
   * A wrong tokenizer comes behind what breaks the model itself, and in front of what is benign.
   */
  private static void insert(List<Diagnosis> diagnoses, Diagnosis tokenizer) {
    int position = 0;
    while (position < diagnoses.size()
        && diagnoses.get(position).severity().compareTo(tokenizer.severity()) <= 0) {
      position++;
    }
    diagnoses.add(position, tokenizer);
  }

  private @Nullable LogitsComparison logits(Lockstep.Outcome outcome, TokenizerCheck tokenizer) {
    if (outcome.predictions() == null) {
      checks.add(
          new Check(
              "logits", Outcome.NOT_RUN, "one side's own pass did not reach the logits", false));
      return null;
    }
    return outcome.predictions().comparison(tokenizer::piece);
  }

  private ComparisonReport report(
      TokenizerCheck tokenizer,
      List<ConfigComparison> config,
      SortedMap<TensorRole, WeightPair> weights,
      List<PointComparison> points,
      List<Diagnosis> diagnoses,
      @Nullable LogitsComparison logits,
      ComparisonReport.@Nullable Continuation continuation) {
    List<TensorComparison> tensors = weights.values().stream().map(WeightPair::comparison).toList();
    Coverage coverage =
        new Coverage(
            new Coverage.Count(compared(points), points.size()),
            new Coverage.Count(
                (int) tensors.stream().filter(t -> t.status() != Status.SKIPPED).count(),
                tensors.size()),
            new Coverage.Count(config.size(), ConfigField.values().length));
    ComparisonReport.Divergence first =
        points.stream()
            .filter(point -> point.status() == Status.DIVERGED)
            .findFirst()
            .map(ModelComparison::divergence)
            .orElse(null);
    phase("report");
    return new ComparisonReport(
        verdict(coverage, points, tensors, diagnoses),
        Inspections.summary(a.source(), a),
        Inspections.summary(b.source(), b),
        tokenizer.prompt(),
        tokenizer.idList(),
        coverage,
        first,
        points,
        tensors,
        config,
        diagnoses,
        logits,
        checks,
        continuation,
        timings,
        new ComparisonReport.Tool(ToolVersion.current(), backend().name(), threads));
  }

  private Verdict verdict(
      Coverage coverage,
      List<PointComparison> points,
      List<TensorComparison> tensors,
      List<Diagnosis> diagnoses) {
    boolean fault =
        diagnoses.stream().anyMatch(d -> d.severity() == Severity.ERROR)
            || points.stream().anyMatch(p -> p.status() == Status.DIVERGED)
            || tensors.stream().anyMatch(t -> t.status() == Status.DIVERGED)
            || checks.stream().anyMatch(c -> c.outcome() == Outcome.FAILED);
    if (fault) {
      return Verdict.DIVERGED;
    }
    boolean complete =
        (coverage.points().complete() || !request.forwardPass())
            && coverage.tensors().complete()
            && coverage.config().complete()
            && checks.stream().noneMatch(c -> c.required() && c.outcome() == Outcome.NOT_RUN);
    return complete ? Verdict.MATCH : Verdict.INCONCLUSIVE;
  }

  private static boolean complete(List<PointComparison> points) {
    return compared(points) == points.size();
  }

  private static int compared(List<PointComparison> points) {
    return (int) points.stream().filter(point -> point.status() != Status.SKIPPED).count();
  }

  private static ComparisonReport.Divergence divergence(PointComparison point) {
    Difference local = point.local();
    return local == null
        ? new ComparisonReport.Divergence(point.point(), 0, 0, Double.POSITIVE_INFINITY)
        : new ComparisonReport.Divergence(
            point.point(), local.token(), local.index(), local.maxDiff());
  }

  private KernelBackend backend() {
    try {
      return backend.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted while loading the kernels");
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  private void phase(String name) {
    long now = System.nanoTime();
    timings.merge(name, (now - phaseStart) / 1e9, Double::sum);
    phaseStart = now;
  }
}
