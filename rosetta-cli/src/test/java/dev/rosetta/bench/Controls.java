package dev.rosetta.bench;

import dev.rosetta.bench.Draft.Format;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

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
        new Control("head_dim not stated", Controls::noHeadDim),
        new Control("ggml names in APR", Controls::ggmlNames),
        new Control("mixed element types", Controls::mixedTypes),
        new Control("quantised from BF16", (d, o, r) -> from16Bits(d, Rounding::bf16)),
        new Control("quantised from F16", (d, o, r) -> from16Bits(d, Rounding::f16)),
        new Control("rounded to four bits before", Controls::quantisedBefore),
        new Control("no vocabulary", Controls::noVocabulary),
        new Control("vocabulary padded", Controls::paddedVocabulary),
        new Control(
            "another padding token",
            (d, o, r) -> withTokenizer(d, s -> s.padding = r.nextInt(200))),
        new Control(
            "line break behind the template",
            (d, o, r) -> withTokenizer(d, s -> s.chatTemplate += "\n")),
        new Control(
            "another name of the pre-tokenizer",
            (d, o, r) -> withTokenizer(d, s -> s.preTokenizer = "deepseek-r1-qwen")),
        new Control("unused tensors", Controls::unusedTensors),
        new Control("config stated in another order", Controls::otherConfigOrder));
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

  /** Another format's order of dims; the data stays. */
  private static boolean reversedDims(Draft draft, ElementType opposite, Random random) {
    TensorRole role = TensorRole.weight(Part.FFN_DOWN, ValueFaults.layer(draft, random));
    if (draft.storedType(role).isQuantized()) {
      return false;
    }
    draft.edit(role, t -> t.withDims(t.dims().reversed()));
    return true;
  }

  private static boolean fused(Draft draft, ElementType opposite, Random random) {
    if (!draft.canFuse()) {
      return false;
    }
    for (int layer = 0; layer < draft.shape().layers(); layer++) {
      draft.fuseQkv(
          layer, Orders.identity(OrderFaults.qkvRows(draft)), List.of(Part.Q, Part.K, Part.V));
    }
    return true;
  }

  private static boolean fusedGateUp(Draft draft, ElementType opposite, Random random) {
    if (!draft.canFuse()) {
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

  private static boolean ggmlNames(Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.APR) {
      return false;
    }
    draft.useGgmlNames();
    return true;
  }

  /** As converters do: some kinds of matrices in a wider type than the rest. */
  private static boolean mixedTypes(Draft draft, ElementType opposite, Random random) {
    ElementType wider =
        switch (draft.format()) {
          case GGUF, APR -> random.nextBoolean() ? ElementType.Q6_K : ElementType.F16;
          case SAFETENSORS -> ElementType.F32;
        };
    for (TensorRole role : draft.roles()) {
      switch (role.part()) {
        case V, FFN_DOWN, OUTPUT, EMBEDDING -> draft.store(role, wider);
        default -> {}
      }
    }
    return true;
  }

  /** The usual way: a model is published in 16 bits and quantised from those. */
  private static boolean from16Bits(Draft draft, UnaryOperator<Float> rounding) {
    for (TensorRole role : draft.roles()) {
      if (draft.value(role).rows() > 1) {
        ElementType type = draft.storedType(role);
        if (!type.isQuantized() || draft.format() != Format.GGUF) {
          return false;
        }
      }
    }
    for (TensorRole role : draft.roles()) {
      if (draft.value(role).rows() > 1) {
        draft.put(role, draft.value(role).map((r, c, v) -> rounding.apply(v)));
      }
    }
    return true;
  }

  /** A wide type that went through a narrow one: the same model, with less of it left. */
  private static boolean quantisedBefore(Draft draft, ElementType opposite, Random random) {
    boolean any = false;
    for (TensorRole role : draft.roles()) {
      if (draft.value(role).rows() > 1 && draft.value(role).columns() % 32 == 0) {
        if (!isWide(draft.storedType(role)) || !isWide(opposite)) {
          return false;
        }
        any = true;
      }
    }
    for (TensorRole role : draft.roles()) {
      if (draft.value(role).rows() > 1 && draft.value(role).columns() % 32 == 0) {
        draft.put(role, Rounding.symmetric4(draft.value(role)));
      }
    }
    return any;
  }

  private static boolean isWide(ElementType type) {
    return switch (type) {
      case F32, F16, BF16, Q8_0 -> true;
      default -> false;
    };
  }

  private static boolean noVocabulary(Draft draft, ElementType opposite, Random random) {
    if (!draft.settings().hasTokenizer()) {
      return false;
    }
    draft.settings().dropTokenizer();
    return true;
  }

  /** To a multiple of 64 rows, of zeros where no vocabulary tells that they are no tokens'. */
  private static boolean paddedVocabulary(Draft draft, ElementType opposite, Random random) {
    int rows = draft.shape().vocabulary();
    int padded = (rows / 64 + 1) * 64;
    for (Part part : new Part[] {Part.EMBEDDING, Part.OUTPUT}) {
      TensorRole role = TensorRole.weight(part);
      if (draft.has(role)) {
        Matrix table = draft.value(role);
        Matrix more =
            new Matrix(
                padded - rows, table.columns(), new float[(padded - rows) * table.columns()]);
        double rms = draft.settings().hasTokenizer() ? table.rms() : 0;
        draft.put(role, table.above(more.map((r, c, v) -> rms * random.nextGaussian())));
      }
    }
    draft.settings().set("vocab_size", (long) padded);
    return true;
  }

  private static boolean withTokenizer(Draft draft, Consumer<Settings> change) {
    if (!draft.settings().hasTokenizer()) {
      return false;
    }
    change.accept(draft.settings());
    return true;
  }

  /** Buffers that training frameworks leave in their files. */
  private static boolean unusedTensors(Draft draft, ElementType opposite, Random random) {
    if (draft.format() != Format.SAFETENSORS) {
      return false;
    }
    draft.editAll(
        tensors -> {
          List<Stored> more = new ArrayList<>(tensors);
          String name = "model.layers.0.self_attn.rotary_emb.inv_freq";
          int size = draft.shape().headDim() / 2;
          more.add(
              new Stored(
                  TensorRole.weight(Part.ROPE_FREQS),
                  name,
                  ElementType.F32,
                  List.of((long) size),
                  new byte[4 * size]));
          return more;
        });
    return true;
  }

  private static boolean otherConfigOrder(Draft draft, ElementType opposite, Random random) {
    List<Map.Entry<String, Object>> entries = new ArrayList<>(draft.settings().values.entrySet());
    Collections.shuffle(entries, random);
    draft.settings().values.clear();
    entries.forEach(entry -> draft.settings().values.put(entry.getKey(), entry.getValue()));
    return true;
  }
}
