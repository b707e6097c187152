package dev.rosetta.bench;

import static dev.rosetta.DiagnosisCode.*;

import dev.rosetta.bench.Fault.Expected;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Mistakes made on values, before they are encoded: layout, order, exchange, scale, damage. */
final class ValueFaults {
  private static final Part[] MATRICES = {
    Part.Q, Part.K, Part.V, Part.ATTN_OUT, Part.FFN_GATE, Part.FFN_UP, Part.FFN_DOWN
  };

  private ValueFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.plain("transposed data", ValueFaults::transposed),
        Fault.plain("reshaped data", ValueFaults::reshaped),
        Fault.plain("embedding [h, v]", ValueFaults::embeddingTransposed),
        Fault.plain("Q and K in other order", (d, o, r) -> otherOrder(d, r, Part.Q, Part.K)),
        Fault.plain("Q alone in other order", (d, o, r) -> otherOrder(d, r, Part.Q)),
        Fault.plain("K alone in other order", (d, o, r) -> otherOrder(d, r, Part.K)),
        new Fault("K permuted with n_head", ValueFaults::wrongHeadCount),
        new Fault("Q bias in other order", ValueFaults::biasOrder),
        Fault.plain("query heads exchanged", (d, o, r) -> heads(d, r, Part.Q)),
        Fault.plain("query heads reversed", ValueFaults::reversedHeads),
        Fault.plain("key heads moved by one", ValueFaults::movedHeads),
        Fault.plain("value heads exchanged", (d, o, r) -> heads(d, r, Part.V)),
        Fault.plain("rows shuffled", ValueFaults::shuffled),
        new Fault("row blocks exchanged", ValueFaults::rowBlocks),
        Fault.plain("QKV fused in other order", ValueFaults::fusedOrder),
        Fault.plain("QKV fused by group", ValueFaults::fusedByGroup),
        Fault.plain("up before gate", ValueFaults::upBeforeGate),
        Fault.plain("gate and up exchanged", (d, o, r) -> swap(d, r, Part.FFN_GATE, Part.FFN_UP)),
        Fault.plain("K and V exchanged", (d, o, r) -> swap(d, r, Part.K, Part.V)),
        Fault.plain("norms exchanged", (d, o, r) -> swap(d, r, Part.ATTN_NORM, Part.FFN_NORM)),
        Fault.plain("layers exchanged", ValueFaults::swapLayers),
        Fault.plain("tensor of another layer", ValueFaults::copied),
        new Fault("biases exchanged", ValueFaults::swapBiases),
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
        new Fault("quantised twice", ValueFaults::quantisedTwice),
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

  private static Expected transposed(Draft draft, ElementType opposite, Random random) {
    return transpose(draft, matrix(draft, random));
  }

  private static Expected embeddingTransposed(Draft draft, ElementType opposite, Random random) {
    return transpose(draft, TensorRole.weight(Part.EMBEDDING));
  }

  private static Expected transpose(Draft draft, TensorRole role) {
    draft.put(role, draft.value(role).transposedData());
    return Expected.of(role, WEIGHT_TRANSPOSED, WEIGHT_RESHAPED);
  }

  /** W taken as [in, out] without moving anything, and then transposed. */
  private static Expected reshaped(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    Matrix matrix = draft.value(role);
    int[] from = new int[matrix.values().length];
    for (int row = 0; row < matrix.rows(); row++) {
      for (int column = 0; column < matrix.columns(); column++) {
        from[row * matrix.columns() + column] = column * matrix.rows() + row;
      }
    }
    draft.put(role, matrix.gather(from));
    return Expected.of(role, WEIGHT_RESHAPED, WEIGHT_TRANSPOSED);
  }

  private static Expected otherOrder(Draft draft, Random random, Part... parts) {
    int layer = layer(draft, random);
    boolean forth = random.nextBoolean();
    List<TensorRole> roles = new ArrayList<>();
    for (Part part : parts) {
      TensorRole role = TensorRole.weight(part, layer);
      Matrix matrix = draft.value(role);
      int headDim = draft.shape().headDim();
      draft.put(
          role,
          matrix.takeRows(
              forth
                  ? Orders.halvesToPairs(matrix.rows(), headDim)
                  : Orders.pairsToHalves(matrix.rows(), headDim)));
      roles.add(role);
    }
    return Expected.of(roles, QK_PERMUTED);
  }

  /** K went to pairs as if it had as many heads as Q, and comes back with its own count. */
  private static @Nullable Expected wrongHeadCount(
      Draft draft, ElementType opposite, Random random) {
    int rows = draft.shape().keys();
    int wrong = rows / draft.shape().heads();
    if (rows % draft.shape().heads() != 0 || wrong % 2 != 0 || wrong < 4) {
      return null;
    }
    TensorRole role = TensorRole.weight(Part.K, layer(draft, random));
    draft.put(
        role,
        draft
            .value(role)
            .takeRows(
                Orders.then(
                    Orders.halvesToPairs(rows, wrong),
                    Orders.pairsToHalves(rows, draft.shape().headDim()))));
    return Expected.of(role, QK_PERMUTED);
  }

  private static @Nullable Expected biasOrder(Draft draft, ElementType opposite, Random random) {
    if (!draft.shape().hasBias()) {
      return null;
    }
    TensorRole role = TensorRole.bias(random.nextBoolean() ? Part.Q : Part.K, layer(draft, random));
    Matrix bias = draft.value(role);
    draft.put(role, bias.takeRows(Orders.halvesToPairs(bias.columns(), draft.shape().headDim())));
    return Expected.of(role, BIAS_WRONG, QK_PERMUTED);
  }

  private static Expected heads(Draft draft, Random random, Part part) {
    TensorRole role = TensorRole.weight(part, layer(draft, random));
    int rows = draft.value(role).rows();
    return reorder(draft, role, Orders.swapGroups(rows, draft.shape().headDim(), random));
  }

  private static Expected reversedHeads(Draft draft, ElementType opposite, Random random) {
    int heads = draft.shape().heads();
    int headDim = draft.shape().headDim();
    int[] order = new int[heads * headDim];
    for (int i = 0; i < order.length; i++) {
      order[i] = (heads - 1 - i / headDim) * headDim + i % headDim;
    }
    return reorder(draft, TensorRole.weight(Part.Q, layer(draft, random)), order);
  }

  private static Expected movedHeads(Draft draft, ElementType opposite, Random random) {
    int rows = draft.shape().keys();
    int[] order = new int[rows];
    for (int i = 0; i < rows; i++) {
      order[i] = (i + rows - draft.shape().headDim()) % rows;
    }
    return reorder(draft, TensorRole.weight(Part.K, layer(draft, random)), order);
  }

  /** Some orders of heads are what a wrong head count gives, and go by either name. */
  private static Expected reorder(Draft draft, TensorRole role, int[] order) {
    draft.put(role, draft.value(role).takeRows(order));
    boolean rope =
        (role.part() == Part.Q || role.part() == Part.K)
            && Orders.isOfWrongHeadCount(
                order, draft.shape().headDim(), draft.shape().heads(), draft.shape().kvHeads());
    return rope ? Expected.of(role, ROWS_PERMUTED, QK_PERMUTED) : Expected.of(role, ROWS_PERMUTED);
  }

  private static Expected shuffled(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    Matrix matrix = draft.value(role);
    draft.put(role, matrix.takeRows(Orders.shuffled(matrix.rows(), random)));
    return Expected.of(role, ROWS_PERMUTED);
  }

  private static Expected rowBlocks(Draft draft, ElementType opposite, Random random) {
    TensorRole role = TensorRole.weight(Part.FFN_UP, layer(draft, random));
    Matrix matrix = draft.value(role);
    draft.put(role, matrix.takeRows(Orders.swapGroups(matrix.rows(), 8, random)));
    return Expected.of(role, ROWS_PERMUTED);
  }

  private static @Nullable Expected fusedOrder(Draft draft, ElementType opposite, Random random) {
    if (!draft.canFuse()) {
      return null;
    }
    List<List<Part>> orders =
        List.of(
            List.of(Part.K, Part.Q, Part.V),
            List.of(Part.Q, Part.V, Part.K),
            List.of(Part.V, Part.K, Part.Q));
    List<Part> order = orders.get(random.nextInt(orders.size()));
    return fuse(draft, random, Orders.identity(qkvRows(draft)), order);
  }

  private static @Nullable Expected fusedByGroup(Draft draft, ElementType opposite, Random random) {
    if (!draft.canFuse()) {
      return null;
    }
    int[] order =
        Orders.qkvByGroup(draft.shape().heads(), draft.shape().kvHeads(), draft.shape().headDim());
    return fuse(draft, random, order, List.of(Part.Q, Part.K, Part.V));
  }

  static int qkvRows(Draft draft) {
    return draft.shape().queries() + 2 * draft.shape().keys();
  }

  private static Expected fuse(Draft draft, Random random, int[] rows, List<Part> order) {
    int layer = layer(draft, random);
    draft.fuseQkv(layer, rows, order);
    List<TensorRole> roles = new ArrayList<>(List.of(TensorRole.weight(Part.QKV, layer)));
    order.forEach(part -> roles.add(TensorRole.weight(part, layer)));
    return Expected.of(roles, FUSED_SPLIT_WRONG);
  }

  private static @Nullable Expected upBeforeGate(Draft draft, ElementType opposite, Random random) {
    if (!draft.canFuse()) {
      return null;
    }
    int layer = layer(draft, random);
    draft.fuseGateUp(layer, Part.FFN_UP, Part.FFN_GATE);
    return Expected.of(
        List.of(
            TensorRole.weight(Part.GATE_UP, layer),
            TensorRole.weight(Part.FFN_GATE, layer),
            TensorRole.weight(Part.FFN_UP, layer)),
        FUSED_SPLIT_WRONG,
        TENSORS_SWAPPED);
  }

  private static Expected swap(Draft draft, Random random, Part one, Part other) {
    int layer = layer(draft, random);
    return swap(draft, TensorRole.weight(one, layer), TensorRole.weight(other, layer));
  }

  private static Expected swap(Draft draft, TensorRole one, TensorRole other) {
    Matrix kept = draft.value(one);
    draft.put(one, draft.value(other));
    draft.put(other, kept);
    return Expected.of(List.of(one, other), TENSORS_SWAPPED);
  }

  /** One kind of tensor of two layers; the first of them is to be named. */
  private static Expected swapLayers(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    int next = (role.layer() + 1) % draft.shape().layers();
    TensorRole other = TensorRole.weight(role.part(), next);
    return role.layer() < next ? swap(draft, role, other) : swap(draft, other, role);
  }

  private static Expected copied(Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    int next = (role.layer() + 1) % draft.shape().layers();
    draft.put(role, draft.value(TensorRole.weight(role.part(), next)));
    return Expected.of(role, TENSORS_SWAPPED, TENSOR_DUPLICATED).lost();
  }

  private static @Nullable Expected swapBiases(Draft draft, ElementType opposite, Random random) {
    if (!draft.shape().hasBias()) {
      return null;
    }
    int layer = layer(draft, random);
    Expected swapped = swap(draft, TensorRole.bias(Part.K, layer), TensorRole.bias(Part.V, layer));
    swapped.codes().add(BIAS_WRONG);
    return swapped;
  }

  static @Nullable TensorRole bias(Draft draft, Random random) {
    Part[] parts = {Part.Q, Part.K, Part.V};
    return draft.shape().hasBias()
        ? TensorRole.bias(parts[random.nextInt(3)], layer(draft, random))
        : null;
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

  /** A wide type that went through a narrow one; to be seen, it must not be narrow itself. */
  private static @Nullable Expected quantisedTwice(
      Draft draft, ElementType opposite, Random random) {
    TensorRole role = matrix(draft, random);
    if (!isWide(draft.storedType(role)) || !isWide(opposite)) {
      return null;
    }
    List<TensorRole> matrices =
        draft.roles().stream()
            .filter(r -> draft.value(r).rows() > 1 && draft.value(r).columns() % 32 == 0)
            .toList();
    if (matrices.isEmpty()) {
      return null;
    }
    matrices.forEach(r -> draft.put(r, Rounding.symmetric4(draft.value(r))));
    Expected expected = Expected.of(matrices, DOUBLE_QUANTIZED, DIFFERENT_CHECKPOINT);
    return new Expected(expected.codes(), expected.subjects(), -1, false);
  }

  private static boolean isWide(ElementType type) {
    return switch (type) {
      case F32, F16, BF16, Q8_0 -> true;
      default -> false;
    };
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
