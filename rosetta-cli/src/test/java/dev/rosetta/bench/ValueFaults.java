package dev.rosetta.bench;

import static dev.rosetta.DiagnosisCode.*;

import dev.rosetta.bench.Fault.Expected;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Mistakes made on the values themselves, before they are encoded: biases, norms, scale, damage.
 */
final class ValueFaults {
  private static final Part[] MATRICES = {
    Part.Q, Part.K, Part.V, Part.ATTN_OUT, Part.FFN_GATE, Part.FFN_UP, Part.FFN_DOWN
  };

  private ValueFaults() {}

  static List<Fault> all() {
    return List.of(
        new Fault("bias all zero", ValueFaults::zeroBias),
        new Fault("bias shuffled", ValueFaults::shuffledBias),
        new Fault("bias of other values", ValueFaults::otherBias),
        Fault.plain("norm +1", (d, o, r) -> offset(d, r, 1)),
        Fault.plain("norm -1", (d, o, r) -> offset(d, r, -1)),
        Fault.plain("all norms +1", ValueFaults::allNorms),
        new Fault("scaled by 1 %, five bits or more", ValueFaults::slightlyScaled),
        new Fault("scaled by 3 %", (d, o, r) -> scaled(d, r, r.nextBoolean() ? 1.03 : 0.97)),
        new Fault("scaled by a half", (d, o, r) -> scaled(d, r, r.nextBoolean() ? 0.5 : 2)),
        Fault.plain("embedding times sqrt(h)", ValueFaults::scaledEmbedding),
        new Fault("Q times 1/sqrt(d)", ValueFaults::scaledQueries),
        Fault.plain("sign flipped", ValueFaults::negated),
        Fault.plain("shifted by elements", ValueFaults::shifted),
        new Fault("shifted by a row", ValueFaults::shiftedRow),
        new Fault("first row repeated", ValueFaults::repeatedRow),
        new Fault("rolled inside rows", ValueFaults::rolled),
        new Fault("rows padded", ValueFaults::padded),
        Fault.plain("tensor zero", ValueFaults::zeroTensor),
        Fault.plain("rows zero", ValueFaults::zeroRows),
        new Fault("tail zero", ValueFaults::zeroTail),
        new Fault("block zero", ValueFaults::zeroBlock),
        new Fault("isolated values", ValueFaults::isolated),
        Fault.plain("unrelated values", ValueFaults::unrelated),
        new Fault("other checkpoint", ValueFaults::otherCheckpoint),
        Fault.plain("head repeats embedding", ValueFaults::repeatedHead));
  }

  static int layer(Draft draft, Random random) {
    return random.nextInt(draft.shape().layers());
  }

  static TensorRole matrix(Draft draft, Random random) {
    return TensorRole.weight(MATRICES[random.nextInt(MATRICES.length)], layer(draft, random));
  }

  private static void change(Draft draft, TensorRole role, Matrix.Change change) {
    draft.put(role, draft.value(role).map(change));
  }

  static @Nullable TensorRole bias(Draft draft, Random random) {
    if (!draft.shape().hasBias()) {
      return null;
    }
    Part[] parts = {Part.Q, Part.K, Part.V};
    TensorRole role = TensorRole.bias(parts[random.nextInt(3)], layer(draft, random));
    return draft.has(role) ? role : null; // Another fault may have taken it away.
  }

  private static @Nullable Expected zeroBias(Draft draft, ElementType opposite, Random random) {
    TensorRole role = bias(draft, random);
    if (role == null) {
      return null;
    }
    change(draft, role, (r, c, v) -> 0);
    return Expected.of(role, BIAS_MISSING, ZEROED_REGION).lost();
  }

  private static @Nullable Expected shuffledBias(Draft draft, ElementType opposite, Random random) {
    TensorRole role = bias(draft, random);
    if (role == null) {
      return null;
    }
    Matrix bias = draft.value(role);
    draft.put(role, bias.takeRows(Orders.shuffled(bias.columns(), random)));
    return Expected.of(role, BIAS_WRONG);
  }

  private static @Nullable Expected otherBias(Draft draft, ElementType opposite, Random random) {
    TensorRole role = bias(draft, random);
    if (role == null) {
      return null;
    }
    change(draft, role, (r, c, v) -> 0.3 * random.nextGaussian());
    return Expected.of(role, BIAS_WRONG).lost();
  }

  static TensorRole norm(Draft draft, Random random) {
    int layer = layer(draft, random);
    return switch (random.nextInt(draft.shape().hasQkNorm() ? 5 : 3)) {
      case 0 -> TensorRole.weight(Part.ATTN_NORM, layer);
      case 1 -> TensorRole.weight(Part.FFN_NORM, layer);
      case 2 -> TensorRole.weight(Part.FINAL_NORM);
      case 3 -> TensorRole.weight(Part.Q_NORM, layer);
      default -> TensorRole.weight(Part.K_NORM, layer);
    };
  }

  private static Expected offset(Draft draft, Random random, int by) {
    TensorRole role = norm(draft, random);
    change(draft, role, (r, c, v) -> v + by);
    return Expected.of(role, NORM_OFFSET);
  }

  private static Expected allNorms(Draft draft, ElementType opposite, Random random) {
    List<TensorRole> norms = draft.roles().stream().filter(r -> r.part().isVector()).toList();
    norms.forEach(role -> change(draft, role, (r, c, v) -> v + 1));
    Expected expected = Expected.of(norms, NORM_OFFSET);
    return expected.inAnyLayer();
  }

  private static Expected scaled(Draft draft, Random random, double factor) {
    TensorRole role = matrix(draft, random);
    change(draft, role, (r, c, v) -> v * factor);
    return Expected.of(role, SCALE_FACTOR);
  }

  /** Quantisers of four bits shrink by as much themselves, so that it cannot be seen there. */
  private static @Nullable Expected slightlyScaled(
      Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    if (isFourBit(draft.storedType(role)) || isFourBit(opposite)) {
      return null;
    }
    double factor = random.nextBoolean() ? 1.01 : 0.99;
    change(draft, role, (r, c, v) -> v * factor);
    return Expected.of(role, SCALE_FACTOR);
  }

  private static boolean isFourBit(ElementType type) {
    return switch (type) {
      case Q4_0, Q4_1, Q4_K -> true;
      default -> false;
    };
  }

  private static Expected scaledEmbedding(Draft draft, ElementType opposite, Random random) {
    TensorRole role = TensorRole.weight(Part.EMBEDDING);
    double factor = Math.sqrt(draft.shape().hidden());
    change(draft, role, (r, c, v) -> v * factor);
    return Expected.of(role, SCALE_FACTOR);
  }

  private static Expected scaledQueries(Draft draft, ElementType opposite, Random random) {
    TensorRole role = TensorRole.weight(Part.Q, layer(draft, random));
    change(draft, role, (r, c, v) -> v / Math.sqrt(draft.shape().headDim()));
    return Expected.of(role, SCALE_FACTOR);
  }

  private static Expected negated(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    change(draft, role, (r, c, v) -> -v);
    return Expected.of(role, SIGN_FLIPPED);
  }

  private static Expected shifted(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    return shift(draft, role, (1 + random.nextInt(64)) * (random.nextBoolean() ? 1 : -1), random);
  }

  private static Expected shiftedRow(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    int columns = draft.value(role).columns();
    return shift(draft, role, random.nextBoolean() ? columns : -columns, random);
  }

  /** What runs in from the neighbouring tensor is unrelated. */
  private static Expected shift(Draft draft, TensorRole role, int by, Random random) {
    Matrix matrix = draft.value(role);
    float[] values = matrix.values();
    float[] moved = new float[values.length];
    double rms = matrix.rms();
    for (int i = 0; i < moved.length; i++) {
      int from = i + by;
      moved[i] =
          from >= 0 && from < values.length ? values[from] : (float) (rms * random.nextGaussian());
    }
    draft.put(role, new Matrix(matrix.rows(), matrix.columns(), moved));
    return Expected.of(role, DATA_SHIFTED).lost();
  }

  /** Copying began one row late. */
  private static Expected repeatedRow(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    Matrix matrix = draft.value(role);
    int[] order = new int[matrix.rows()];
    for (int i = 1; i < order.length; i++) {
      order[i] = i - 1;
    }
    draft.put(role, matrix.takeRows(order));
    return Expected.of(role, DATA_SHIFTED, ROWS_PERMUTED).lost();
  }

  /** Every row begins 32 elements late and wraps round. */
  private static @Nullable Expected rolled(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    Matrix matrix = draft.value(role);
    int columns = matrix.columns();
    if (columns <= 64) {
      return null;
    }
    int[] from = new int[matrix.values().length];
    for (int i = 0; i < from.length; i++) {
      from[i] = i / columns * columns + (i % columns + columns - 32) % columns;
    }
    draft.put(role, matrix.gather(from));
    return Expected.of(role, DATA_SHIFTED);
  }

  /** Rows at a longer stride; what does not fit any more is cut off. */
  private static Expected padded(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    Matrix matrix = draft.value(role);
    int stride = matrix.columns() + 1 + random.nextInt(40);
    float[] values = new float[matrix.values().length];
    for (int row = 0; row * stride < values.length; row++) {
      int length = Math.min(matrix.columns(), values.length - row * stride);
      System.arraycopy(matrix.values(), row * matrix.columns(), values, row * stride, length);
    }
    draft.put(role, new Matrix(matrix.rows(), matrix.columns(), values));
    return Expected.of(role, ROW_PADDING).lost();
  }

  private static Expected zeroTensor(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    change(draft, role, (r, c, v) -> 0);
    return Expected.of(role, ZEROED_REGION).lost();
  }

  private static Expected zeroRows(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    int rows = draft.value(role).rows();
    int first = random.nextInt(rows - 4);
    int last = first + random.nextInt(4);
    change(draft, role, (r, c, v) -> r >= first && r <= last ? 0 : v);
    return Expected.of(role, ZEROED_REGION).lost();
  }

  private static Expected zeroTail(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    int rows = draft.value(role).rows();
    int from = rows / 4 + random.nextInt(rows / 2);
    change(draft, role, (r, c, v) -> r >= from ? 0 : v);
    return Expected.of(role, ZEROED_REGION).lost();
  }

  private static Expected zeroBlock(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    Matrix matrix = draft.value(role);
    int row = random.nextInt(matrix.rows());
    int blocks = matrix.columns() / 32;
    int column = 32 * random.nextInt(Math.max(1, blocks));
    change(draft, role, (r, c, v) -> r == row && c >= column && c < column + 32 ? 0 : v);
    return Expected.of(role, ZEROED_REGION, VALUES_CORRUPTED).lost();
  }

  private static Expected isolated(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    Matrix matrix = draft.value(role);
    double size = (8 + 8 * random.nextDouble()) * matrix.rms();
    float[] values = matrix.values().clone();
    for (int i = 0; i < 3; i++) {
      values[random.nextInt(values.length)] = (float) (random.nextBoolean() ? size : -size);
    }
    draft.put(role, new Matrix(matrix.rows(), matrix.columns(), values));
    return Expected.of(role, VALUES_CORRUPTED).lost();
  }

  private static Expected unrelated(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    double rms = draft.value(role).rms();
    change(draft, role, (r, c, v) -> rms * random.nextGaussian());
    return Expected.of(role, UNEXPLAINED).lost();
  }

  private static Expected otherCheckpoint(Draft draft, ElementType opposite, Random random) {
    List<TensorRole> roles = draft.roles();
    for (TensorRole role : roles) {
      double rms = draft.value(role).rms();
      change(draft, role, (r, c, v) -> v + 0.35 * rms * random.nextGaussian());
    }
    return Expected.file(DIFFERENT_CHECKPOINT);
  }

  private static @Nullable Expected repeatedHead(Draft draft, ElementType opposite, Random random) {
    TensorRole head = TensorRole.weight(Part.OUTPUT);
    if (draft.headIsEmbedding()) {
      return null;
    }
    draft.put(head, draft.value(TensorRole.weight(Part.EMBEDDING)));
    return Expected.of(head, TENSOR_DUPLICATED);
  }
}
