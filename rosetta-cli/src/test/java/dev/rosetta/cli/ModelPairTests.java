package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonReport.Check.Outcome;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.Coverage;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Side;
import dev.rosetta.TraceSink;
import dev.rosetta.Verdict;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.gguf.GgufValue;
import dev.rosetta.formats.gguf.ValueType;
import dev.rosetta.formats.safetensors.SafeTensorsTraceWriter;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.Severity;
import dev.rosetta.testing.TinyDecoder;
import dev.rosetta.testing.TinyDecoder.Tensor;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole comparisons of files: when they are a match, and everything that must not be one. */
final class ModelPairTests {
  private static final RosettaComparator COMPARATOR = RosettaComparator.create();
  private static final String GATE = "model.layers.1.mlp.gate_proj.weight";

  @TempDir Path folder;
  private TinyFiles files;
  private final TinyDecoder llama = TinyDecoder.of("llama", 5);

  @BeforeEach
  void prepare() {
    files = new TinyFiles(folder);
  }

  private static ComparisonReport compare(Path a, Path b) {
    return check(COMPARATOR.compare(ComparisonRequest.of(a, b).withThreads(2)));
  }

  /** What holds for every report: its verdict follows from its parts. */
  private static ComparisonReport check(ComparisonReport report) {
    Coverage coverage = report.coverage();
    for (Coverage.Count count : List.of(coverage.points(), coverage.tensors(), coverage.config())) {
      assertTrue(count.compared() <= count.expected(), coverage.toString());
    }
    boolean fault =
        report.points().stream().anyMatch(p -> p.status() == Status.DIVERGED)
            || report.tensors().stream().anyMatch(t -> t.status() == Status.DIVERGED)
            || report.diagnoses().stream().anyMatch(d -> d.severity() == Severity.ERROR)
            || report.checks().stream().anyMatch(c -> c.outcome() == Outcome.FAILED);
    assertEquals(fault, report.verdict() == Verdict.DIVERGED);
    if (report.verdict() == Verdict.MATCH) {
      assertTrue(report.points().stream().noneMatch(p -> p.status() == Status.SKIPPED));
      assertTrue(report.tensors().stream().noneMatch(t -> t.status() == Status.SKIPPED));
    }
    assertEquals(
        report.points().stream().anyMatch(p -> p.status() == Status.DIVERGED),
        report.firstDivergence() != null);
    return report;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "qwen3"})
  void healthyTwinsOfAnyFormatMatchCompletely(String family) {
    TinyDecoder tiny = TinyDecoder.of(family, 5);
    List<Path> twins =
        List.of(
            files.gguf("twin", tiny),
            files.safeTensors("twin", tiny, TinyFiles.entries(tiny.tensors())),
            files.apr("twin", tiny, tiny.tensors()));
    for (Path a : twins) {
      for (Path b : twins) {
        ComparisonReport report = compare(a, b);
        assertEquals(Verdict.MATCH, report.verdict(), () -> a + " " + b + report.diagnoses());
        assertTrue(report.coverage().points().complete());
        assertTrue(report.coverage().tensors().complete());
        assertTrue(report.coverage().config().complete());
        assertEquals(3 + 2 * (family.equals("qwen3") ? 17 : 15), report.points().size());
        assertTrue(report.points().stream().allMatch(p -> p.local().maxDiff() == 0));
      }
    }
  }

  @Test
  void anotherElementTypeIsAMatchWithItsNoiseStated() {
    ComparisonReport report =
        compare(
            files.gguf("full", llama),
            files.safeTensors("half", llama, TinyFiles.halves(llama.tensors())));
    assertEquals(Verdict.MATCH, report.verdict(), report.diagnoses()::toString);
    assertTrue(report.points().stream().anyMatch(p -> p.status() == Status.NOISE));
  }

  private static Tensor transposed(Tensor tensor) {
    int rows = tensor.dims().getFirst().intValue();
    int columns = tensor.dims().getLast().intValue();
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i % columns * rows + i / columns] = tensor.values()[i];
    }
    return new Tensor(tensor.dims().reversed(), values);
  }

  @Test
  void attentionInInputByOutputOrderIsATransposeOfSideA() {
    Map<String, Tensor> tensors = new LinkedHashMap<>(llama.tensors());
    for (String letter : List.of("q", "k", "v")) {
      String name = "model.layers.0.self_attn." + letter + "_proj.weight";
      tensors.put(name, transposed(tensors.get(name)));
    }
    ComparisonReport report =
        compare(files.apr("wrong", llama, tensors), files.gguf("right", llama));
    assertEquals(Verdict.DIVERGED, report.verdict());
    assertEquals("layers.0.q", report.firstDivergence().point().name());
    Diagnosis first = report.diagnoses().getFirst();
    assertEquals(DiagnosisCode.WEIGHT_TRANSPOSED, first.code(), report.diagnoses()::toString);
    // A square matrix alone does not tell which side is wrong; the dims of K and V do.
    assertTrue(
        report.diagnoses().stream()
            .anyMatch(
                d ->
                    d.code() == DiagnosisCode.WEIGHT_TRANSPOSED
                        && d.side() == Side.A
                        && d.proof() == Proof.PROVEN),
        report.diagnoses()::toString);
  }

  @Test
  void aFilterThatSelectsNothingIsRefusedAndOneThatSelectsSomeIsObeyed() {
    Path file = files.gguf("a", llama);
    ComparisonRequest request = ComparisonRequest.of(file, file);
    assertThrows(
        IllegalArgumentException.class,
        () -> COMPARATOR.compare(request.withFilter(Pattern.compile("layers\\.9\\."))));
    ComparisonReport some =
        check(COMPARATOR.compare(request.withFilter(Pattern.compile("ffn_out|logits"))));
    assertEquals(3, some.coverage().points().compared());
    assertEquals(Verdict.MATCH, some.verdict());
  }

  @Test
  void requestsThatCannotBeMetAreRefused() {
    Path file = files.gguf("a", llama);
    ComparisonRequest request = ComparisonRequest.of(file, file);
    for (double bad : new double[] {Double.NaN, -1e-9, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> request.withThreshold(bad));
    }
    for (List<Integer> ids : List.of(List.of(40), List.of(1, Integer.MAX_VALUE))) {
      assertThrows(
          IllegalArgumentException.class, () -> COMPARATOR.compare(request.withTokens(ids)));
    }
    assertThrows(IllegalArgumentException.class, () -> request.withTokens(List.of(-1)));
    assertThrows(IllegalArgumentException.class, () -> request.withTokens(List.of()));
    assertThrows(
        IllegalArgumentException.class, () -> COMPARATOR.compare(request.withBackend("none")));
    assertThrows(
        dev.rosetta.model.ModelException.class,
        () -> COMPARATOR.compare(request.withPrompt("no file carries a tokenizer")));
  }

  @Test
  void aTypeThatCannotBeDecodedLeavesTheOutcomeOpen() {
    List<TensorEntry> tensors = new ArrayList<>(TinyFiles.entries(llama.ggufTensors()));
    for (int i = 0; i < tensors.size(); i++) {
      if (tensors.get(i).name().equals("blk.1.ffn_gate.weight")) {
        long size = ElementType.Q8_1.byteSize(64L * 32);
        tensors.set(
            i,
            TensorEntry.of(
                "blk.1.ffn_gate.weight",
                ElementType.Q8_1,
                List.of(64L, 32L),
                new byte[(int) size]));
      }
    }
    Path odd = files.gguf("odd", llama, tensors, Map.of());
    ComparisonReport report = compare(odd, files.gguf("plain", llama));
    assertEquals(Verdict.INCONCLUSIVE, report.verdict(), report.diagnoses()::toString);
    assertNotEquals(Verdict.MATCH, compare(odd, odd).verdict());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.layers.0.self_attn.q_proj.weight",
        "model.layers.1.input_layernorm.weight",
        GATE,
        "lm_head.weight",
      })
  void aMissingTensorIsNeverAMatch(String name) {
    Map<String, Tensor> tensors = new LinkedHashMap<>(llama.tensors());
    tensors.remove(name);
    Path without = files.safeTensors("without", llama, TinyFiles.entries(tensors));
    Path whole = files.gguf("whole", llama);
    assertEquals(Verdict.DIVERGED, compare(without, whole).verdict());
    assertEquals(Verdict.DIVERGED, compare(whole, without).verdict());
    assertEquals(Verdict.DIVERGED, compare(without, without).verdict());
  }

  private Path withVocabulary(String name, String last) {
    List<String> tokens =
        new ArrayList<>(IntStream.range(0, 39).mapToObj(i -> "\u2581" + "w".repeat(i)).toList());
    tokens.add(last);
    List<Double> scores = IntStream.range(0, 40).mapToObj(i -> -(double) i).toList();
    return files.gguf(
        name,
        llama,
        TinyFiles.entries(llama.ggufTensors()),
        Map.of(
            "tokenizer.ggml.model",
            "llama",
            "tokenizer.ggml.tokens",
            GgufValue.array(ValueType.STRING, tokens),
            "tokenizer.ggml.scores",
            GgufValue.array(ValueType.F32, scores),
            "tokenizer.ggml.unknown_token_id",
            0L));
  }

  private static ComparisonReport withTokens(Path a, Path b) {
    return check(COMPARATOR.compare(ComparisonRequest.of(a, b).withTokens(List.of(3, 1, 4))));
  }

  private static Outcome tokenizer(ComparisonReport report) {
    return report.checks().stream()
        .filter(check -> check.name().equals("tokenizer"))
        .findFirst()
        .orElseThrow()
        .outcome();
  }

  @Test
  void tokenizersAreComparedWhereBothSidesHaveOneWhetherOrNotTheyAreUsed() {
    Path with = withVocabulary("with", "last");
    Path without = files.gguf("without", llama);
    assertEquals(Verdict.MATCH, withTokens(with, with).verdict());
    assertEquals(Outcome.PASSED, tokenizer(withTokens(with, with)));
    assertEquals(Verdict.MATCH, withTokens(with, without).verdict());
    assertEquals(Outcome.NOT_RUN, tokenizer(withTokens(with, without)));
    assertEquals(Outcome.NOT_RUN, tokenizer(withTokens(without, with)));
    assertEquals(Outcome.NOT_RUN, tokenizer(withTokens(without, without)));
    ComparisonReport other = withTokens(with, withVocabulary("other", "lost"));
    assertEquals(Verdict.DIVERGED, other.verdict());
    assertEquals(Outcome.FAILED, tokenizer(other));
    assertTrue(
        other.diagnoses().stream().anyMatch(d -> d.code() == DiagnosisCode.TOKENIZER_MISMATCH));
  }

  private Path trace(String name, Path model, List<Integer> ids, String filter) {
    Path file = folder.resolve(name + ".safetensors");
    SortedMap<CapturePoint, Activation> points = new TreeMap<>();
    COMPARATOR.trace(
        model,
        null,
        ids,
        ComparisonRequest.Bos.AUTO,
        "auto",
        1,
        new TraceSink() {
          @Override
          public void begin(int[] tokens, SortedMap<CapturePoint, Integer> widths) {}

          @Override
          public void accept(CapturePoint point, Activation activation) {
            if (Pattern.compile(filter).matcher(point.name()).find()) {
              points.put(point, activation);
            }
          }
        },
        dev.rosetta.ProgressListener.SILENT);
    Map<CapturePoint, Integer> widths = new TreeMap<>();
    points.forEach((point, activation) -> widths.put(point, activation.width()));
    int[] tokens = ids.stream().mapToInt(Integer::intValue).toArray();
    try (SafeTensorsTraceWriter writer = SafeTensorsTraceWriter.create(file, tokens, widths)) {
      points.forEach(writer::write);
      writer.commit();
    }
    return file;
  }

  @Test
  void recordingsAreHeldAgainstModelsAndAgainstEachOther() {
    Path model = files.gguf("model", llama);
    Path whole = trace("whole", model, List.of(3, 1, 4), "");
    assertEquals(Verdict.MATCH, compare(whole, model).verdict());
    assertEquals(Verdict.MATCH, compare(model, whole).verdict());
    assertEquals(Verdict.MATCH, compare(whole, whole).verdict());
    Path part = trace("part", model, List.of(3, 1, 4), "layers.0|logits");
    assertEquals(Verdict.INCONCLUSIVE, compare(part, model).verdict());
    assertEquals(Verdict.INCONCLUSIVE, compare(whole, part).verdict());
    Path ids = trace("ids", model, List.of(3, 1, 5), "");
    assertEquals(Verdict.DIVERGED, compare(whole, ids).verdict());
    Path longer = trace("longer", model, List.of(3, 1, 4, 1), "");
    ComparisonReport unequal = compare(whole, longer);
    assertEquals(Verdict.DIVERGED, unequal.verdict());
    assertEquals(0, unequal.coverage().points().compared(), "unequal shapes are never cut to fit");
    Path other = files.gguf("other", TinyDecoder.of("llama", 6));
    assertEquals(Verdict.DIVERGED, compare(whole, other).verdict());
  }

  @Test
  void theReportDependsNeitherOnThreadsNorOnTheBackEnd() {
    Path a = files.gguf("a", llama);
    Path b = files.safeTensors("b", llama, TinyFiles.halves(llama.tensors()));
    ComparisonRequest request = ComparisonRequest.of(a, b);
    ComparisonReport expected = COMPARATOR.compare(request.withThreads(1).withBackend("scalar"));
    for (var backend : COMPARATOR.backends()) {
      if (!backend.usable()) {
        continue;
      }
      for (int threads : new int[] {1, 2, 3}) {
        ComparisonReport report =
            COMPARATOR.compare(request.withThreads(threads).withBackend(backend.name()));
        assertEquals(expected.points(), report.points(), backend.name() + " x " + threads);
        assertEquals(expected.tensors(), report.tensors());
        assertEquals(expected.logits(), report.logits());
        assertEquals(expected.verdict(), report.verdict());
      }
    }
  }

  @Test
  void aContinuationIsGreedyOnEachSide() {
    Path a = files.gguf("a", llama);
    Path b = files.apr("b", llama, llama.tensors());
    ComparisonReport report =
        check(
            COMPARATOR.compare(
                ComparisonRequest.of(a, b).withTokens(List.of(3, 1)).withMaxTokens(5)));
    assertNotNull(report.continuation());
    assertEquals(5, report.continuation().a().size());
    assertEquals(report.continuation().a(), report.continuation().b());
    assertEquals(5, report.continuation().agreeing());
    assertEquals(report.logits().topK().getFirst().token(), report.continuation().a().getFirst());
  }

  private static List<TensorEntry> more(List<TensorEntry> tensors, TensorEntry... more) {
    List<TensorEntry> all = new ArrayList<>(tensors);
    all.addAll(List.of(more));
    return all;
  }

  private Path withMore(String name, String tensor, float value) {
    float[] values = new float[32];
    java.util.Arrays.fill(values, value);
    TensorEntry entry =
        TensorEntry.of(
            tensor, ElementType.F32, List.of(32L), dev.rosetta.testing.MemorySource.floats(values));
    return files.gguf(name, llama, more(TinyFiles.entries(llama.ggufTensors()), entry), Map.of());
  }

  @Test
  void anUnexpectedBiasIsAFaultUnlessItIsZero() {
    Path plain = files.gguf("plain", llama);
    ComparisonReport report = compare(withMore("biased", "blk.0.attn_q.bias", 0.5f), plain);
    assertEquals(Verdict.DIVERGED, report.verdict());
    Diagnosis first = report.diagnoses().getFirst();
    assertEquals(DiagnosisCode.TENSOR_UNEXPECTED, first.code());
    assertEquals(Proof.PROVEN, first.proof());
    ComparisonReport zero = compare(plain, withMore("zero", "blk.0.attn_q.bias", 0));
    assertEquals(Verdict.MATCH, zero.verdict(), zero.diagnoses()::toString);
    assertEquals(DiagnosisCode.TENSOR_UNEXPECTED, zero.diagnoses().getFirst().code());
  }

  @Test
  void aTensorOfNoKnownRoleIsAWarning() {
    ComparisonReport report =
        compare(files.gguf("plain", llama), withMore("more", "blk.0.attn_sinks.weight", 1));
    assertEquals(Verdict.MATCH, report.verdict(), report.diagnoses()::toString);
    assertEquals(Severity.WARNING, report.diagnoses().getFirst().severity());
    assertEquals("blk.0.attn_sinks.weight", report.diagnoses().getFirst().subject());
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, 0})
  void lostValuesAreProvenToBeAllThatIsWrong(float lost) {
    Map<String, Tensor> tensors = new LinkedHashMap<>(llama.tensors());
    Tensor gate = tensors.get(GATE);
    float[] values = gate.values().clone();
    java.util.Arrays.fill(values, 64, 128, lost);
    tensors.put(GATE, new Tensor(gate.dims(), values));
    Path healthy = files.gguf("right", llama);
    Diagnosis alone = compare(files.apr("lost", llama, tensors), healthy).diagnoses().getFirst();
    assertEquals(Side.A, alone.side());
    assertEquals(Proof.PROVEN, alone.proof(), alone::message);
    values[700] += 9;
    Diagnosis first = compare(files.apr("more", llama, tensors), healthy).diagnoses().getFirst();
    assertNotEquals(Proof.PROVEN, first.proof(), first::message);
  }
}
