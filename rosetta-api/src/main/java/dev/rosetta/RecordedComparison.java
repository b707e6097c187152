package dev.rosetta;

import dev.rosetta.ComparisonReport.Check;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.compare.Predictions;
import dev.rosetta.compare.RecordedPoints;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.normalize.Model;
import dev.rosetta.spi.TraceFormat;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import dev.rosetta.trace.Trace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A comparison in which at least one side is a recorded trace. There are activations to compare and
 * nothing else: no weights, no config, and no input to run an operation on again.
 */
final class RecordedComparison {
  private final RosettaComparator comparator;
  private final ComparisonRequest request;
  private final ProgressListener listener;

  RecordedComparison(
      RosettaComparator comparator, ComparisonRequest request, ProgressListener listener) {
    this.comparator = comparator;
    this.request = request;
    this.listener = listener;
  }

  private record Recording(Trace trace, SideSummary summary) {}

  ComparisonReport run() {
    if (!request.forwardPass()) {
      throw new IllegalArgumentException("a recorded trace has no weights to compare");
    }
    if (request.sameWeights()) {
      throw new IllegalArgumentException(
          "a recorded trace has no weights, so that --same-weights cannot be met");
    }
    if (request.loraA() != null || request.loraB() != null) {
      throw new IllegalArgumentException(
          "--lora-a and --lora-b need two models, and one side is a recorded trace");
    }
    long start = System.nanoTime();
    Optional<TraceFormat> formatA = comparator.formats().trace(request.a());
    Optional<TraceFormat> formatB = comparator.formats().trace(request.b());
    Recording a =
        formatA.isPresent()
            ? read(formatA.get(), request.a(), request.b(), formatB.isPresent())
            : null;
    Recording b =
        formatB.isPresent()
            ? read(formatB.get(), request.b(), request.a(), formatA.isPresent())
            : null;
    if (a == null) {
      a = record(Side.A, request.a(), b);
    }
    if (b == null) {
      b = record(Side.B, request.b(), a);
    }
    return report(a, b, start);
  }

  private static Recording read(TraceFormat format, Path path, Trace trace) {
    return new Recording(
        trace, new SideSummary(path, "trace", "", 0, Map.of(format.name(), 1), List.of()));
  }

  /** Shapes that the recording leaves open follow from the model on the other side. */
  private Recording read(TraceFormat format, Path path, Path other, boolean otherIsTrace) {
    if (otherIsTrace) {
      return read(format, path, format.open(path));
    }
    try (ModelSource source = comparator.formats().open(other)) {
      Model model = comparator.open(Side.B, source, ProgressListener.SILENT);
      return read(format, path, format.open(path, model.config()));
    }
  }

  /** Runs the model side on the ids of the recording. */
  private Recording record(Side side, Path path, @Nullable Recording other) {
    List<Integer> ids = request.tokens();
    if (ids == null && other != null && other.trace().tokens().length > 0) {
      ids = Arrays.stream(other.trace().tokens()).boxed().toList();
    }
    if (ids == null && request.prompt() == null) {
      throw new IllegalArgumentException(
          "the recorded trace does not state its token ids; give them with --tokens");
    }
    SortedMap<CapturePoint, Activation> points = new TreeMap<>();
    int[][] used = new int[1][];
    comparator.trace(
        path,
        request.prompt(),
        ids,
        request.bos(),
        request.backend(),
        request.threads(),
        new TraceSink() {
          @Override
          public void begin(int[] tokens, SortedMap<CapturePoint, Integer> widths) {
            used[0] = tokens;
          }

          @Override
          public void accept(CapturePoint point, Activation activation) {
            points.put(point, activation);
          }
        },
        listener);
    try (ModelSource source = comparator.formats().open(path)) {
      Model model = comparator.open(side, source, listener);
      return new Recording(new Trace(used[0], points), Inspections.summary(source, model));
    }
  }

  private ComparisonReport report(Recording a, Recording b, long start) {
    int[] tokensA = a.trace().tokens();
    int[] tokensB = b.trace().tokens();
    List<Check> checks = new ArrayList<>();
    List<Diagnosis> diagnoses = new ArrayList<>();
    if (tokensA.length == 0 || tokensB.length == 0) {
      checks.add(
          new Check("token ids", Check.Outcome.NOT_RUN, "a recording does not state them", true));
    } else if (!Arrays.equals(tokensA, tokensB)) {
      checks.add(new Check("token ids", Check.Outcome.FAILED, "the sides ran on other ids", true));
      diagnoses.add(
          new Diagnosis(
              DiagnosisCode.TOKENIZER_MISMATCH,
              Severity.ERROR,
              "token ids",
              null,
              null,
              "side A ran on "
                  + Arrays.toString(tokensA)
                  + ", side B on "
                  + Arrays.toString(tokensB),
              "record both sides on the same ids",
              Proof.CONSISTENT,
              Map.of()));
    } else {
      checks.add(
          new Check("token ids", Check.Outcome.PASSED, "the sides ran on the same ids", true));
    }
    checks.add(
        new Check(
            "weights", Check.Outcome.NOT_RUN, "a recorded trace holds activations only", false));
    List<PointComparison> points =
        RecordedPoints.compare(a.trace(), b.trace(), request.threshold(), request.filter());
    if (points.isEmpty()) {
      if (request.filter() != null) {
        throw new IllegalArgumentException(
            "the filter '" + request.filter() + "' matches no capture point");
      }
      throw new ModelException(
          ErrorCode.MALFORMED, request.a(), "neither recording holds a capture point");
    }
    int compared = (int) points.stream().filter(p -> p.status() != Status.SKIPPED).count();
    PointComparison first =
        points.stream().filter(p -> p.status() == Status.DIVERGED).findFirst().orElse(null);
    if (first != null) {
      diagnoses.add(diagnose(first));
    }
    boolean fault =
        first != null || checks.stream().anyMatch(c -> c.outcome() == Check.Outcome.FAILED);
    boolean complete =
        compared == points.size()
            && checks.stream().noneMatch(c -> c.required() && c.outcome() == Check.Outcome.NOT_RUN);
    CapturePoint logits = CapturePoint.of(Site.LOGITS);
    Activation logitsA = a.trace().points().get(logits);
    Activation logitsB = b.trace().points().get(logits);
    Map<String, Double> timings = new LinkedHashMap<>();
    timings.put("total", (System.nanoTime() - start) / 1e9);
    return new ComparisonReport(
        fault ? Verdict.DIVERGED : complete ? Verdict.MATCH : Verdict.INCONCLUSIVE,
        a.summary(),
        b.summary(),
        request.prompt(),
        Arrays.stream(tokensA).boxed().toList(),
        new Coverage(
            new Coverage.Count(compared, points.size()),
            new Coverage.Count(0, 0),
            new Coverage.Count(0, 0)),
        first == null ? null : divergence(first),
        points,
        List.of(),
        List.of(),
        diagnoses,
        logitsA != null
                && logitsB != null
                && logitsA.width() == logitsB.width()
                && logitsA.tokens() == logitsB.tokens()
            ? Predictions.compare(logitsA, logitsB, id -> "#" + id)
            : null,
        checks,
        null,
        timings,
        new ComparisonReport.Tool(
            ToolVersion.current(), request.backend(), ModelComparison.threads(request.threads())));
  }

  private static ComparisonReport.Divergence divergence(PointComparison point) {
    Difference difference = point.propagated();
    return difference == null
        ? new ComparisonReport.Divergence(point.point(), 0, 0, Double.POSITIVE_INFINITY)
        : new ComparisonReport.Divergence(
            point.point(), difference.token(), difference.index(), difference.maxDiff());
  }

  private static Diagnosis diagnose(PointComparison point) {
    Difference propagated = point.propagated();
    boolean nonFinite = propagated != null && Double.isInfinite(propagated.maxDiff());
    return new Diagnosis(
        nonFinite ? DiagnosisCode.NON_FINITE : DiagnosisCode.UNEXPLAINED,
        Severity.ERROR,
        point.point().name(),
        point.point().layer() >= 0 ? point.point().layer() : null,
        propagated != null && nonFinite ? sideOf(propagated) : null,
        "the recordings part at " + point.point(),
        "compare the model files themselves to be told why",
        Proof.HINT,
        Map.of());
  }

  /** The one side whose value is not finite; null if both are. */
  private static @Nullable Side sideOf(Difference difference) {
    if (Float.isFinite(difference.a()) == Float.isFinite(difference.b())) {
      return null;
    }
    return Float.isFinite(difference.a()) ? Side.B : Side.A;
  }
}
