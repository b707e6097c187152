package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonReport.Check;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.Coverage;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Side;
import dev.rosetta.Verdict;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.quant.ElementEncoder;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.Severity;
import dev.rosetta.report.JsonReport;
import dev.rosetta.report.TextReport;
import dev.rosetta.testing.TinyDecoder;
import dev.rosetta.testing.TinyDecoder.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** NaN and infinity in a file are told of that file, whichever of the two is named first. */
final class NonFiniteTests {
  private static final String DOWN = "model.layers.1.mlp.down_proj.weight";

  @TempDir Path folder;
  private TinyFiles files;

  @BeforeEach
  void prepare() {
    files = new TinyFiles(folder);
  }

  private static ComparisonReport compare(Path a, Path b) {
    return RosettaComparator.create()
        .compare(
            ComparisonRequest.of(a, b)
                .withThreads(2)
                .withTokens(List.of(3, 1, 4, 1, 5))
                .withMaxTokens(2));
  }

  private static Map<String, Tensor> with(TinyDecoder tiny, String name, int at, float value) {
    Map<String, Tensor> tensors = new LinkedHashMap<>(tiny.tensors());
    Tensor tensor = tensors.get(name);
    float[] values = tensor.values().clone();
    values[at] = value;
    tensors.put(name, new Tensor(tensor.dims(), values));
    return tensors;
  }

  private static List<Diagnosis> errors(ComparisonReport report) {
    return report.diagnoses().stream().filter(d -> d.severity() == Severity.ERROR).toList();
  }

  private Path faulty(String name, TinyDecoder tiny, Map<String, Tensor> tensors) {
    return files.safeTensors(name, tiny, TinyFiles.entries(tensors));
  }

  @ParameterizedTest
  @CsvSource({
    "llama, model.embed_tokens.weight, 33, NaN, embedding.weight",
    "llama, model.embed_tokens.weight, 1279, NaN, embedding.weight",
    "qwen2, model.embed_tokens.weight, 33, Infinity, embedding.weight",
    "llama, model.layers.1.input_layernorm.weight, 5, NaN, layers.1.attn_norm.weight",
    "llama, model.norm.weight, 0, -Infinity, final_norm.weight",
    "llama, model.layers.0.self_attn.k_proj.weight, 77, NaN, layers.0.k.weight",
    "llama, model.layers.1.mlp.down_proj.weight, 2047, Infinity, layers.1.ffn_down.weight",
    "qwen2, model.layers.0.self_attn.q_proj.bias, 3, NaN, layers.0.q.bias",
    "llama, lm_head.weight, 40, NaN, output.weight",
  })
  void bothOrdersGiveTheSameDiagnosis(
      String family, String tensor, int at, float bad, String subject) {
    TinyDecoder tiny = TinyDecoder.of(family, 5);
    Path right = files.gguf("right", tiny);
    Path wrong = faulty("wrong", tiny, with(tiny, tensor, at, bad));
    for (Side side : Side.values()) {
      ComparisonReport report = side == Side.A ? compare(wrong, right) : compare(right, wrong);
      assertEquals(Verdict.DIVERGED, report.verdict());
      assertEquals(1, errors(report).size(), errors(report)::toString);
      Diagnosis diagnosis = errors(report).getFirst();
      assertEquals(DiagnosisCode.NON_FINITE, diagnosis.code());
      assertEquals(subject, diagnosis.subject());
      assertEquals(side, diagnosis.side());
      assertEquals(Proof.PROVEN, diagnosis.proof());
      assertEquals(report.points().size(), report.coverage().points().compared());
      assertTrue(
          report.points().stream().filter(p -> p.status() == Status.DIVERGED).count() <= 2,
          "its own operation, and a tied head");
    }
  }

  @Test
  void infinityInF16AgainstALargeFiniteValueIsAnOverflow() {
    TinyDecoder tiny = TinyDecoder.of("llama", 5);
    Map<String, Tensor> tensors = with(tiny, DOWN, 700, 90112);
    Path right = faulty("right", tiny, tensors);
    Path wrong = files.safeTensors("wrong", tiny, TinyFiles.halves(tensors));
    for (Side side : Side.values()) {
      ComparisonReport report = side == Side.A ? compare(wrong, right) : compare(right, wrong);
      Diagnosis first = errors(report).getFirst();
      assertEquals(DiagnosisCode.NON_FINITE, first.code());
      assertEquals("layers.1.ffn_down.weight", first.subject());
      assertEquals(side, first.side());
      assertTrue(
          first.message().contains("overflowed F16 (value 90112 in the other file)"),
          first.message());
      assertTrue(first.fix().contains("BF16 or F32"), first.fix());
    }
    // A value within its range is no overflow, but damage.
    Path damaged =
        files.safeTensors(
            "damaged", tiny, TinyFiles.halves(with(tiny, DOWN, 700, Float.POSITIVE_INFINITY)));
    Diagnosis other = errors(compare(files.gguf("sound", tiny), damaged)).getFirst();
    assertEquals(DiagnosisCode.NON_FINITE, other.code());
    assertTrue(
        other.message().contains("holds one value that is NaN or infinite"), other.message());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aWeightThatIsLostOnBothSidesIsNamedAndNothingBehindItIsCompared(boolean sameBytes) {
    TinyDecoder tiny = TinyDecoder.of("llama", 5);
    Path a = faulty("a", tiny, with(tiny, DOWN, 700, Float.NaN));
    Path b = faulty("b", tiny, with(tiny, DOWN, sameBytes ? 700 : 900, Float.NaN));
    for (ComparisonReport report : List.of(compare(a, b), compare(b, a))) {
      assertEquals(Verdict.DIVERGED, report.verdict());
      assertEquals(1, errors(report).size(), errors(report)::toString);
      Diagnosis diagnosis = errors(report).getFirst();
      assertEquals(DiagnosisCode.NON_FINITE, diagnosis.code());
      assertEquals("layers.1.ffn_down.weight", diagnosis.subject());
      assertNull(diagnosis.side());
      assertEquals(new Coverage.Count(30, 33), report.coverage().points());
      assertNotNull(report.logits());
      assertNull(report.continuation());
      assertTrue(
          report.checks().stream()
              .anyMatch(
                  c -> c.name().equals("continuation") && c.outcome() == Check.Outcome.NOT_RUN));
      String text = TextReport.plain().render(report);
      assertTrue(text.contains("Logits: KL and top-1 agreement not measured: NaN"), text);
      assertTrue(text.contains("LOGITS not compared: layers.1.ffn_out is finite on neither"), text);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Q8_0", "Q4_0"})
  void aScaleThatIsInfiniteIsToldOfTheQuantisedFile(String name) {
    ElementType type = ElementType.valueOf(name);
    TinyDecoder tiny = TinyDecoder.of("llama", 5);
    List<TensorEntry> sound = new ArrayList<>();
    List<TensorEntry> damaged = new ArrayList<>();
    for (TensorEntry entry : TinyFiles.entries(tiny.ggufTensors())) {
      float[] values = tiny.ggufTensors().get(entry.name()).values();
      TensorEntry written = entry;
      TensorEntry wrong = entry;
      if (entry.dims().size() == 2) {
        byte[] bytes = new byte[(int) type.byteSize(values.length)];
        ElementEncoder.of(type).orElseThrow().encode(values, 0, values.length, bytes, 0);
        written = TensorEntry.of(entry.name(), type, entry.dims(), bytes.clone());
        bytes[5 * type.blockBytes()] = 0;
        bytes[5 * type.blockBytes() + 1] = 0x7C;
        boolean here = entry.name().equals("blk.1.ffn_up.weight");
        wrong = here ? TensorEntry.of(entry.name(), type, entry.dims(), bytes) : written;
      }
      sound.add(written);
      damaged.add(wrong);
    }
    Path wrong = files.gguf("wrong", tiny, damaged, Map.of());
    for (Path right :
        List.of(files.gguf("right", tiny, sound, Map.of()), files.gguf("exact", tiny))) {
      for (Side side : Side.values()) {
        ComparisonReport report = side == Side.A ? compare(wrong, right) : compare(right, wrong);
        Diagnosis first = errors(report).getFirst();
        assertEquals(DiagnosisCode.NON_FINITE, first.code());
        assertEquals("layers.1.ffn_up.weight", first.subject());
        assertEquals(side, first.side());
        assertEquals(report.points().size(), report.coverage().points().compared());
      }
    }
  }

  @Test
  void eachSideMayHaveLostAnotherWeight() {
    TinyDecoder tiny = TinyDecoder.of("llama", 5);
    String key = "model.layers.0.self_attn.k_proj.weight";
    Path a = faulty("a", tiny, with(tiny, key, 3, Float.NaN));
    Path b = faulty("b", tiny, with(tiny, DOWN, 3, Float.NaN));
    for (Side side : Side.values()) {
      ComparisonReport report = side == Side.A ? compare(a, b) : compare(b, a);
      assertEquals(
          List.of("layers.0.k.weight", "layers.1.ffn_down.weight"),
          errors(report).stream().map(Diagnosis::subject).toList());
      assertEquals(side, errors(report).getFirst().side());
      assertNotEquals(side, errors(report).getLast().side());
      assertTrue(errors(report).stream().allMatch(d -> d.proof() == Proof.PROVEN));
      assertEquals(report.points().size(), report.coverage().points().compared());
    }
  }

  @Test
  void aWeightThatIsLostOnBothSidesIsToldBesideAnotherFault() {
    TinyDecoder tiny = TinyDecoder.of("llama", 5);
    Map<String, Tensor> lost = with(tiny, DOWN, 700, Float.NaN);
    Map<String, Tensor> more = new LinkedHashMap<>(lost);
    more.replaceAll(
        (name, tensor) -> {
          float[] values = tensor.values().clone();
          for (int i = 0; i < values.length; i++) {
            values[i] *= name.equals("model.layers.0.mlp.up_proj.weight") ? 3 : 1;
          }
          return new Tensor(tensor.dims(), values);
        });
    Path a = faulty("a", tiny, lost);
    Path b = faulty("b", tiny, more);
    for (ComparisonReport report : List.of(compare(a, b), compare(b, a))) {
      assertEquals(
          List.of("SCALE_FACTOR layers.0.ffn_up.weight", "NON_FINITE layers.1.ffn_down.weight"),
          errors(report).stream()
              .map(d -> d.code() + " " + d.subject())
              .sorted()
              .toList()
              .reversed());
    }
  }

  @Test
  void logitsThatAreAllNaNAreNull() {
    TinyDecoder tiny = TinyDecoder.of("llama", 5);
    Map<String, Tensor> tensors = new LinkedHashMap<>(tiny.tensors());
    tensors.replaceAll(
        (name, tensor) -> {
          float[] values = tensor.values().clone();
          if (name.equals("lm_head.weight")) {
            java.util.Arrays.fill(values, Float.NaN);
          }
          return new Tensor(tensor.dims(), values);
        });
    Path right = files.gguf("right", tiny);
    Path wrong = faulty("wrong", tiny, tensors);
    for (ComparisonReport report : List.of(compare(wrong, right), compare(right, wrong))) {
      assertEquals(Verdict.DIVERGED, report.verdict());
      assertEquals(
          List.of("output.weight"), errors(report).stream().map(Diagnosis::subject).toList());
      Map<?, ?> logits = (Map<?, ?>) JsonText.object(JsonReport.render(report, 1)).get("logits");
      assertTrue(logits.containsKey("kl") && logits.containsKey("top1Agreement"));
      assertNull(logits.get("kl"));
      assertNull(logits.get("top1Agreement"));
      assertEquals(true, logits.get("nonFinite"));
    }
  }
}
