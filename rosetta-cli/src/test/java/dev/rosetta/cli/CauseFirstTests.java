package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Proof;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Side;
import dev.rosetta.Verdict;
import dev.rosetta.model.Severity;
import dev.rosetta.testing.TinyDecoder;
import dev.rosetta.testing.TinyDecoder.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A fault is told once, and what follows from it is not told as another. */
final class CauseFirstTests {
  @TempDir Path folder;
  private TinyFiles files;

  @BeforeEach
  void prepare() {
    files = new TinyFiles(folder);
  }

  private static List<Diagnosis> errors(Path a, Path b) {
    return compare(a, b).diagnoses().stream().filter(d -> d.severity() == Severity.ERROR).toList();
  }

  private static ComparisonReport compare(Path a, Path b) {
    ComparisonReport report =
        RosettaComparator.create()
            .compare(ComparisonRequest.of(a, b).withThreads(2).withTokens(List.of(3, 1, 4, 1, 5)));
    assertEquals(Verdict.DIVERGED, report.verdict());
    return report;
  }

  @ParameterizedTest
  @CsvSource({
    "llama, 0.99, false",
    "llama, 0.8, true",
    "llama, 0.5, true",
    "qwen2, 0.6, true",
    "qwen3, 0.3, true",
  })
  void aFileThatWasCutOffIsOneFaultInEitherOrder(String family, double share, boolean many)
      throws IOException {
    TinyDecoder tiny = TinyDecoder.of(family, 5);
    Path whole = files.gguf("whole", tiny);
    byte[] bytes = Files.readAllBytes(whole);
    Path cut = folder.resolve("cut.gguf");
    Files.write(cut, Arrays.copyOf(bytes, (int) (bytes.length * share)));
    for (Side side : Side.values()) {
      List<Diagnosis> found = side == Side.A ? errors(cut, whole) : errors(whole, cut);
      assertEquals(1, found.size(), found::toString);
      Diagnosis diagnosis = found.getFirst();
      assertEquals(DiagnosisCode.FILE_TRUNCATED, diagnosis.code());
      assertEquals(side, diagnosis.side());
      assertEquals(
          many, diagnosis.evidence().get("tensors") instanceof List<?> lost && lost.size() > 1);
    }
  }

  @Test
  void aHeadThatWasCutOffIsNotTakenForTheEmbedding() throws IOException {
    TinyDecoder tiny = TinyDecoder.of("llama", 5);
    Path whole = files.gguf("whole", tiny);
    byte[] bytes = Files.readAllBytes(whole);
    Path cut = folder.resolve("cut.gguf");
    Files.write(cut, Arrays.copyOf(bytes, bytes.length - 40));
    for (ComparisonReport report : List.of(compare(cut, whole), compare(whole, cut))) {
      assertEquals("output.weight", report.diagnoses().getFirst().subject());
      assertNull(report.firstDivergence());
      assertEquals(Status.SKIPPED, report.points().getLast().status());
      assertEquals(1, report.points().size() - report.coverage().points().compared());
    }
  }

  @Test
  void aLossDoesNotHideAnotherFaultOfTheOtherSide() throws IOException {
    TinyDecoder tiny = TinyDecoder.of("llama", 5);
    byte[] bytes = Files.readAllBytes(files.gguf("whole", tiny));
    Path cut = folder.resolve("cut.gguf");
    Files.write(cut, Arrays.copyOf(bytes, (int) (bytes.length * 0.8)));
    Map<String, Tensor> tensors = new LinkedHashMap<>(tiny.tensors());
    tensors.replaceAll(
        (name, tensor) -> {
          float[] values = tensor.values().clone();
          for (int i = 0; i < values.length; i++) {
            values[i] *= name.equals("model.layers.0.mlp.up_proj.weight") ? -1 : 1;
          }
          return new Tensor(tensor.dims(), values);
        });
    Path flipped = files.safeTensors("flipped", tiny, TinyFiles.entries(tensors));
    List<Diagnosis> found = errors(cut, flipped);
    assertEquals(
        List.of(DiagnosisCode.FILE_TRUNCATED, DiagnosisCode.SIGN_FLIPPED),
        found.stream().map(Diagnosis::code).toList());
    assertEquals(Proof.PROVEN, found.getLast().proof());
  }

  @ParameterizedTest
  @CsvSource({"llama", "qwen2"})
  void aLayerThatIsNotThereIsOneMissingLayer(String family) {
    TinyDecoder tiny = TinyDecoder.of(family, 5);
    Map<String, Tensor> tensors = new LinkedHashMap<>(tiny.tensors());
    tensors.keySet().removeIf(name -> name.startsWith("model.layers.1."));
    Path without = files.safeTensors("without", tiny, TinyFiles.entries(tensors));
    Path whole = files.gguf("whole", tiny);
    for (Side side : Side.values()) {
      List<Diagnosis> found = side == Side.A ? errors(without, whole) : errors(whole, without);
      List<Diagnosis> missing =
          found.stream().filter(d -> d.code() == DiagnosisCode.TENSOR_MISSING).toList();
      assertEquals(1, missing.size(), found::toString);
      assertEquals(1, missing.getFirst().layer());
      assertEquals(side, missing.getFirst().side());
      assertEquals(Proof.PROVEN, missing.getFirst().proof());
      assertEquals(
          tiny.tensors().size() - tensors.size(),
          ((List<?>) missing.getFirst().evidence().get("tensors")).size());
      assertTrue(found.size() <= 2, found::toString);
    }
  }

  @Test
  void whatIsProvenStandsInFrontOfDamageElsewhere() {
    TinyDecoder tiny = TinyDecoder.of("llama", 5);
    Map<String, Tensor> tensors = new LinkedHashMap<>(tiny.tensors());
    tensors.replaceAll(
        (name, tensor) -> {
          float[] values = tensor.values().clone();
          if (name.equals("model.embed_tokens.weight")) {
            values[40] += 0.5f;
          } else if (name.equals("model.layers.1.mlp.up_proj.weight")) {
            for (int i = 0; i < values.length; i++) {
              values[i] *= -1;
            }
          }
          return new Tensor(tensor.dims(), values);
        });
    Path wrong = files.safeTensors("wrong", tiny, TinyFiles.entries(tensors));
    Path right = files.gguf("right", tiny);
    for (List<Diagnosis> found : List.of(errors(wrong, right), errors(right, wrong))) {
      assertEquals(
          List.of(DiagnosisCode.SIGN_FLIPPED, DiagnosisCode.VALUES_CORRUPTED),
          found.stream().map(Diagnosis::code).toList());
    }
  }
}
