package dev.rosetta.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Verdict;
import dev.rosetta.bench.Draft.Format;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An import that prints garbage looks like a transposed matrix when its dims are listed the other
 * way round, while the cause may be a type code that writer and reader take for different types.
 * Each of these is told from the others.
 */
final class DimsAndTypesTests {
  private static final TensorRole FUSED = TensorRole.weight(Part.QKV, 1);

  @TempDir private Path folder;

  /** A GGUF model in F16 against its import, in which Q, K and V of layer 1 are one tensor. */
  private ComparisonReport compare(Consumer<Draft> mistake) throws IOException {
    TinyModel model = Models.of(7).getFirst();
    Draft source = new Draft(model, Format.GGUF, ElementType.F16);
    Draft imported = new Draft(model, Format.APR, ElementType.F16);
    imported.fuseQkv(
        1, Orders.identity(OrderFaults.qkvRows(imported)), List.of(Part.Q, Part.K, Part.V));
    mistake.accept(imported);
    return RosettaComparator.create()
        .compare(
            ComparisonRequest.of(source.write(folder, "a"), imported.write(folder, "b"))
                .withTokens(List.of(5, 17, 3, 90, 41, 8)));
  }

  private static void reverseDims(Draft draft) {
    draft.edit(FUSED, t -> t.withDims(t.dims().reversed()));
  }

  private static void transpose(Draft draft) {
    draft.put(FUSED, draft.value(FUSED).transposedData());
  }

  private static void mislabel(Draft draft) {
    draft.edit(FUSED, t -> t.withType(ElementType.BF16));
  }

  private static void assertCause(DiagnosisCode code, ComparisonReport report) {
    assertEquals(Verdict.DIVERGED, report.verdict());
    assertEquals(
        List.of(code),
        report.diagnoses().stream()
            .filter(d -> d.severity() == Severity.ERROR)
            .map(d -> d.code())
            .toList(),
        report.diagnoses()::toString);
    assertEquals("layers.1.qkv.weight", report.diagnoses().getFirst().subject());
    assertEquals("layers.1.q", report.firstDivergence().point().name());
  }

  @Test
  void reversedDimsOfRightDataAreAMatchWithAWarning() throws IOException {
    ComparisonReport report = compare(DimsAndTypesTests::reverseDims);
    assertEquals(Verdict.MATCH, report.verdict(), report.diagnoses()::toString);
    assertTrue(
        report.diagnoses().stream()
            .anyMatch(
                d ->
                    d.code() == DiagnosisCode.DIMS_REVERSED
                        && d.severity() == Severity.WARNING
                        && "layers.1.qkv.weight".equals(d.subject())),
        report.diagnoses()::toString);
  }

  @Test
  void aConfusedTypeIsNoTransposeWhateverTheDimsSay() throws IOException {
    assertCause(DiagnosisCode.DTYPE_CONFUSED, compare(DimsAndTypesTests::mislabel));
    assertCause(
        DiagnosisCode.DTYPE_CONFUSED,
        compare(
            draft -> {
              mislabel(draft);
              reverseDims(draft);
            }));
  }

  @Test
  void transposedDataIsATransposeWhateverTheDimsSay() throws IOException {
    assertCause(DiagnosisCode.WEIGHT_TRANSPOSED, compare(DimsAndTypesTests::transpose));
    assertCause(
        DiagnosisCode.WEIGHT_TRANSPOSED,
        compare(
            draft -> {
              transpose(draft);
              reverseDims(draft);
            }));
  }
}
