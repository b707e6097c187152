package dev.rosetta.bench;

import static dev.rosetta.DiagnosisCode.*;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.bench.Fault.Expected;
import dev.rosetta.bench.Fault.Planting;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Mistakes on tensors that are not a layer's matrices: embedding, output head, norms, biases. */
final class TableFaults {
  private TableFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.plain("embedding rows moved by one", TableFaults::movedEmbedding),
        Fault.plain("head rows moved by one", head(m -> moved(m), DATA_SHIFTED, ROWS_PERMUTED)),
        Fault.plain(
            "head transposed", head(Matrix::transposedData, WEIGHT_TRANSPOSED, WEIGHT_RESHAPED)),
        Fault.plain("head zero", TableFaults::zeroHead),
        new Fault("head scaled", head(m -> m.map((r, c, v) -> v * 0.25), SCALE_FACTOR)),
        new Fault("norm negated", norm(m -> m.map((r, c, v) -> -v), SIGN_FLIPPED)),
        new Fault("norm scaled", norm(m -> m.map((r, c, v) -> v * 2.5), SCALE_FACTOR)),
        new Fault("norm zero", TableFaults::zeroNorm),
        new Fault("bias negated", TableFaults::negatedBias));
  }

  /** Entry r holds row r - 1, and the first the last. */
  private static Matrix moved(Matrix matrix) {
    int rows = matrix.outputs();
    int[] order = new int[rows];
    for (int i = 0; i < rows; i++) {
      order[i] = (i + rows - 1) % rows;
    }
    return matrix.takeRows(order);
  }

  private static Expected movedEmbedding(Draft draft, ElementType opposite, Random random) {
    TensorRole role = TensorRole.weight(Part.EMBEDDING);
    draft.put(role, moved(draft.value(role)));
    return Expected.of(role, DATA_SHIFTED, ROWS_PERMUTED);
  }

  private static Planting head(
      UnaryOperator<Matrix> change, DiagnosisCode first, DiagnosisCode... more) {
    return (draft, opposite, random) -> {
      TensorRole role = TensorRole.weight(Part.OUTPUT);
      if (!draft.has(role)) {
        return null;
      }
      draft.put(role, change.apply(draft.value(role)));
      return Expected.of(role, first, more);
    };
  }

  private static @Nullable Expected zeroHead(Draft draft, ElementType opposite, Random random) {
    Expected expected =
        head(m -> m.map((r, c, v) -> 0), ZEROED_REGION).plant(draft, opposite, random);
    return expected == null ? null : expected.lost();
  }

  private static Planting norm(UnaryOperator<Matrix> change, DiagnosisCode code) {
    return (draft, opposite, random) -> {
      TensorRole role = ValueFaults.norm(draft, random);
      draft.put(role, change.apply(draft.value(role)));
      return Expected.of(role, code);
    };
  }

  private static @Nullable Expected zeroNorm(Draft draft, ElementType opposite, Random random) {
    Expected expected =
        norm(m -> m.map((r, c, v) -> 0), ZEROED_REGION).plant(draft, opposite, random);
    return expected == null ? null : expected.lost();
  }

  private static @Nullable Expected negatedBias(Draft draft, ElementType opposite, Random random) {
    TensorRole role = ValueFaults.bias(draft, random);
    if (role == null) {
      return null;
    }
    draft.put(role, draft.value(role).map((r, c, v) -> -v));
    return Expected.of(role, SIGN_FLIPPED, BIAS_WRONG);
  }
}
