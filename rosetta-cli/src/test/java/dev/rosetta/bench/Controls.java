package dev.rosetta.bench;

import dev.rosetta.bench.Draft.Format;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** What healthy files may differ in without being another model. */
final class Controls {
  private Controls() {}

  /** A harmless difference. */
  record Control(String name, Making making) {}

  /** Makes a harmless difference. */
  @FunctionalInterface
  interface Making {

    /** Whether it can be made; the draft is as it was where it cannot. */
    boolean make(Draft draft, ElementType opposite, Random random);
  }

  static List<Control> all() {
    return List.of(
        new Control("twin", (d, o, r) -> true),
        new Control("tensors in another order", Controls::reordered),
        new Control("tied head written out", Controls::tiedHead),
        new Control("dims reversed", Controls::reversedDims),
        new Control("QKV fused", Controls::fused),
        new Control("gate and up fused", Controls::fusedGateUp),
        new Control("another rounding", Controls::otherRounding),
        new Control("head_dim not stated", Controls::noHeadDim));
  }

  private static boolean reordered(Draft draft, ElementType opposite, Random random) {
    draft.editAll(
        tensors -> {
          List<Stored> shuffled = new ArrayList<>(tensors);
          Collections.shuffle(shuffled, random);
          return shuffled;
        });
    return true;
  }

  private static boolean tiedHead(Draft draft, ElementType opposite, Random random) {
    if (!draft.shape().tied()) {
      return false;
    }
    draft.put(TensorRole.weight(Part.OUTPUT), draft.value(TensorRole.weight(Part.EMBEDDING)));
    return true;
  }

  /** GGUF's order of dims in an APR file; the data stays. */
  private static boolean reversedDims(Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.APR) {
      return false;
    }
    TensorRole role = TensorRole.weight(Part.FFN_DOWN, ValueFaults.layer(draft, random));
    if (draft.storedType(role).isQuantized()) {
      return false;
    }
    draft.edit(role, t -> t.withDims(t.dims().reversed()));
    return true;
  }

  private static boolean fused(Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.APR) {
      return false;
    }
    for (int layer = 0; layer < draft.shape().layers(); layer++) {
      draft.fuseQkv(
          layer, Orders.identity(ValueFaults.qkvRows(draft)), List.of(Part.Q, Part.K, Part.V));
    }
    return true;
  }

  private static boolean fusedGateUp(Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.APR) {
      return false;
    }
    draft.fuseGateUp(ValueFaults.layer(draft, random), Part.FFN_GATE, Part.FFN_UP);
    return true;
  }

  /** Q4_0 as another program rounds it: the same type from the same source, other bytes. */
  private static boolean otherRounding(Draft draft, ElementType opposite, Random random) {
    if (opposite != ElementType.Q4_0) {
      return false;
    }
    boolean any = false;
    for (TensorRole role : draft.roles()) {
      boolean rowsMayMove = role.part() == Part.Q || role.part() == Part.K;
      if (!rowsMayMove
          && draft.value(role).rows() > 1
          && draft.storedType(role) == ElementType.Q4_0) {
        byte[] bytes = Rounding.q4(draft.value(role));
        draft.edit(role, t -> t.withBytes(bytes));
        any = true;
      }
    }
    return any;
  }

  private static boolean noHeadDim(Draft draft, ElementType opposite, Random random) {
    if (draft.format() == Format.GGUF) {
      return false;
    }
    draft.settings().values.remove("head_dim");
    return true;
  }
}
