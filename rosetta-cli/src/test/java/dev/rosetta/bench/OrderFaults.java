package dev.rosetta.bench;

import static dev.rosetta.DiagnosisCode.*;
import static dev.rosetta.bench.ValueFaults.layer;
import static dev.rosetta.bench.ValueFaults.matrix;

import dev.rosetta.bench.Fault.Expected;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Mistakes that keep every value and put it in another place: layout, rows, heads, fused tensors,
 * exchanges. Made before values are encoded.
 */
final class OrderFaults {
  private OrderFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.plain("transposed data", OrderFaults::transposed),
        Fault.plain("reshaped data", OrderFaults::reshaped),
        Fault.plain("embedding [h, v]", OrderFaults::embeddingTransposed),
        Fault.plain("Q and K in other order", (d, o, r) -> otherOrder(d, r, Part.Q, Part.K)),
        Fault.plain("Q alone in other order", (d, o, r) -> otherOrder(d, r, Part.Q)),
        Fault.plain("K alone in other order", (d, o, r) -> otherOrder(d, r, Part.K)),
        new Fault("K permuted with n_head", OrderFaults::wrongHeadCount),
        new Fault("Q bias in other order", OrderFaults::biasOrder),
        Fault.plain("query heads exchanged", (d, o, r) -> heads(d, r, Part.Q)),
        Fault.plain("query heads reversed", OrderFaults::reversedHeads),
        Fault.plain("key heads moved by one", OrderFaults::movedHeads),
        Fault.plain("value heads exchanged", (d, o, r) -> heads(d, r, Part.V)),
        Fault.plain("rows shuffled", OrderFaults::shuffled),
        new Fault("row blocks exchanged", OrderFaults::rowBlocks),
        Fault.plain("QKV fused in other order", OrderFaults::fusedOrder),
        Fault.plain("QKV fused by group", OrderFaults::fusedByGroup),
        Fault.plain("up before gate", OrderFaults::upBeforeGate),
        Fault.plain("gate and up exchanged", (d, o, r) -> swap(d, r, Part.FFN_GATE, Part.FFN_UP)),
        Fault.plain("K and V exchanged", (d, o, r) -> swap(d, r, Part.K, Part.V)),
        Fault.plain("norms exchanged", (d, o, r) -> swap(d, r, Part.ATTN_NORM, Part.FFN_NORM)),
        Fault.plain("layers exchanged", OrderFaults::swapLayers),
        Fault.plain("tensor of another layer", OrderFaults::copied),
        new Fault("biases exchanged", OrderFaults::swapBiases));
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
      roles.add(otherOrder(draft, TensorRole.weight(part, layer), forth));
    }
    return Expected.of(roles, QK_PERMUTED);
  }

  /**
   * Puts rows of Q or K into the other rotary order.
   *
   * @param forth whether as if for adjacent pairs, or as if for halves
   * @return {@code role}
   */
  static TensorRole otherOrder(Draft draft, TensorRole role, boolean forth) {
    Matrix matrix = draft.value(role);
    int headDim = draft.shape().headDim();
    draft.put(
        role,
        matrix.takeRows(
            forth
                ? Orders.halvesToPairs(matrix.rows(), headDim)
                : Orders.pairsToHalves(matrix.rows(), headDim)));
    return role;
  }

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
}
