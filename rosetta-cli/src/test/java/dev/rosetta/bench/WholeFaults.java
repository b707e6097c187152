package dev.rosetta.bench;

import static dev.rosetta.DiagnosisCode.*;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.bench.Draft.Format;
import dev.rosetta.bench.Fault.Expected;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Mistakes of a converter's code rather than of one tensor: made in every layer, or on layers. */
final class WholeFaults {
  private WholeFaults() {}

  static List<Fault> all() {
    return List.of(
        Fault.plain("Q and K in other order, all layers", WholeFaults::otherOrder),
        Fault.plain("one matrix transposed, all layers", WholeFaults::transposed),
        Fault.plain("every matrix transposed", WholeFaults::allTransposed),
        Fault.plain("gate and up exchanged, all layers", WholeFaults::gateAndUp),
        Fault.plain("QKV fused by group, all layers", WholeFaults::fusedByGroup),
        Fault.plain("biases missing, all layers", WholeFaults::missingBiases),
        Fault.plain("two layers exchanged", WholeFaults::exchangedLayers),
        Fault.plain("layer written twice", WholeFaults::repeatedLayer),
        Fault.plain("QKV fused and transposed", WholeFaults::fusedTransposed),
        new Fault("gate and up fused row by row", WholeFaults::interleavedGateUp));
  }

  private static int layers(Draft draft) {
    return draft.shape().layers();
  }

  private static Expected everywhere(
      List<TensorRole> roles, DiagnosisCode first, DiagnosisCode... more) {
    return Expected.of(roles, first, more).inAnyLayer();
  }

  private static Expected otherOrder(Draft draft, ElementType opposite, Random random) {
    boolean forth = random.nextBoolean();
    List<TensorRole> roles = new ArrayList<>();
    for (int layer = 0; layer < layers(draft); layer++) {
      for (Part part : new Part[] {Part.Q, Part.K}) {
        roles.add(OrderFaults.otherOrder(draft, TensorRole.weight(part, layer), forth));
      }
    }
    return everywhere(roles, QK_PERMUTED);
  }

  private static Expected transposed(Draft draft, ElementType opposite, Random random) {
    Part part = ValueFaults.matrix(draft, random).part();
    List<TensorRole> roles = new ArrayList<>();
    for (int layer = 0; layer < layers(draft); layer++) {
      roles.add(TensorRole.weight(part, layer));
    }
    roles.forEach(role -> draft.put(role, draft.value(role).transposedData()));
    return everywhere(roles, WEIGHT_TRANSPOSED, WEIGHT_RESHAPED);
  }

  private static Expected allTransposed(Draft draft, ElementType opposite, Random random) {
    List<TensorRole> roles = draft.roles().stream().filter(r -> draft.value(r).rows() > 1).toList();
    roles.forEach(role -> draft.put(role, draft.value(role).transposedData()));
    return everywhere(roles, WEIGHT_TRANSPOSED, WEIGHT_RESHAPED);
  }

  private static Expected gateAndUp(Draft draft, ElementType opposite, Random random) {
    List<TensorRole> roles = new ArrayList<>();
    for (int layer = 0; layer < layers(draft); layer++) {
      TensorRole gate = TensorRole.weight(Part.FFN_GATE, layer);
      TensorRole up = TensorRole.weight(Part.FFN_UP, layer);
      exchange(draft, gate, up);
      roles.add(gate);
      roles.add(up);
    }
    return everywhere(roles, TENSORS_SWAPPED);
  }

  private static void exchange(Draft draft, TensorRole one, TensorRole other) {
    Matrix kept = draft.value(one);
    draft.put(one, draft.value(other));
    draft.put(other, kept);
  }

  private static @Nullable Expected fusedByGroup(Draft draft, ElementType opposite, Random random) {
    if (!draft.canFuse()) {
      return null;
    }
    int[] order =
        Orders.qkvByGroup(draft.shape().heads(), draft.shape().kvHeads(), draft.shape().headDim());
    List<TensorRole> roles = new ArrayList<>();
    for (int layer = 0; layer < layers(draft); layer++) {
      draft.fuseQkv(layer, order, List.of(Part.Q, Part.K, Part.V));
      roles.addAll(fusedRoles(layer));
    }
    return everywhere(roles, FUSED_SPLIT_WRONG);
  }

  private static List<TensorRole> fusedRoles(int layer) {
    return List.of(
        TensorRole.weight(Part.QKV, layer),
        TensorRole.weight(Part.Q, layer),
        TensorRole.weight(Part.K, layer),
        TensorRole.weight(Part.V, layer));
  }

  private static @Nullable Expected missingBiases(
      Draft draft, ElementType opposite, Random random) {
    if (!draft.shape().hasBias()) {
      return null;
    }
    List<TensorRole> biases = draft.roles().stream().filter(TensorRole::bias).toList();
    biases.forEach(draft::remove);
    return everywhere(biases, BIAS_MISSING);
  }

  private static Expected exchangedLayers(Draft draft, ElementType opposite, Random random) {
    int first = random.nextInt(layers(draft) - 1);
    List<TensorRole> roles = new ArrayList<>();
    for (TensorRole role : draft.roles()) {
      if (role.layer() == first) {
        TensorRole other = new TensorRole(role.part(), first + 1, role.bias());
        exchange(draft, role, other);
        roles.add(role);
        roles.add(other);
      }
    }
    return everywhere(roles, TENSORS_SWAPPED);
  }

  private static Expected repeatedLayer(Draft draft, ElementType opposite, Random random) {
    int layer = ValueFaults.layer(draft, random);
    int next = (layer + 1) % layers(draft);
    List<TensorRole> roles = draft.roles().stream().filter(r -> r.layer() == layer).toList();
    roles.forEach(
        role -> draft.put(role, draft.value(new TensorRole(role.part(), next, role.bias()))));
    return Expected.of(roles, TENSORS_SWAPPED, TENSOR_DUPLICATED).lost();
  }

  /** The fused tensor as [in, out], dims and data; nothing is quantised across the wrong axis. */
  private static @Nullable Expected fusedTransposed(
      Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.APR
        || draft.storedType(TensorRole.weight(Part.Q, 0)).isQuantized()) {
      return null;
    }
    int layer = ValueFaults.layer(draft, random);
    draft.fuseQkv(
        layer, Orders.identity(OrderFaults.qkvRows(draft)), List.of(Part.Q, Part.K, Part.V));
    TensorRole fused = TensorRole.weight(Part.QKV, layer);
    draft.put(fused, draft.value(fused).transposedData());
    draft.edit(fused, t -> t.withDims(t.dims().reversed()));
    return Expected.of(fusedRoles(layer), WEIGHT_TRANSPOSED, WEIGHT_RESHAPED);
  }

  /** Rows gate 0, up 0, gate 1, up 1, … where all of gate is meant to come first. */
  private static @Nullable Expected interleavedGateUp(
      Draft draft, ElementType opposite, Random random) {
    if (!draft.canFuse()) {
      return null;
    }
    int layer = ValueFaults.layer(draft, random);
    draft.fuseGateUp(layer, Part.FFN_GATE, Part.FFN_UP);
    TensorRole fused = TensorRole.weight(Part.GATE_UP, layer);
    Matrix both = draft.value(fused);
    int half = both.rows() / 2;
    int[] order = new int[both.rows()];
    for (int i = 0; i < half; i++) {
      order[2 * i] = i;
      order[2 * i + 1] = half + i;
    }
    draft.put(fused, both.takeRows(order));
    return Expected.of(
        List.of(
            fused, TensorRole.weight(Part.FFN_GATE, layer), TensorRole.weight(Part.FFN_UP, layer)),
        FUSED_SPLIT_WRONG);
  }
}
