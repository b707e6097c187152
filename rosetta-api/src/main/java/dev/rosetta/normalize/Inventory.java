package dev.rosetta.normalize;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.List;

/** The tensors that an architecture needs, and the shape that the config gives to each role. */
public final class Inventory {
  private Inventory() {}

  /** Roles without which the architecture cannot run, in forward-pass order. */
  public static List<TensorRole> required(ModelConfig config) {
    List<TensorRole> roles = new ArrayList<>();
    roles.add(TensorRole.weight(Part.EMBEDDING));
    boolean qkNorm = config.architecture().equals("qwen3");
    boolean qkvBias = config.architecture().equals("qwen2");
    for (int layer = 0; layer < config.layers(); layer++) {
      roles.add(TensorRole.weight(Part.ATTN_NORM, layer));
      for (Part part : List.of(Part.Q, Part.K, Part.V)) {
        roles.add(TensorRole.weight(part, layer));
        if (qkvBias) {
          roles.add(TensorRole.bias(part, layer));
        }
      }
      if (qkNorm) {
        roles.add(TensorRole.weight(Part.Q_NORM, layer));
        roles.add(TensorRole.weight(Part.K_NORM, layer));
      }
      for (Part part :
          List.of(Part.ATTN_OUT, Part.FFN_NORM, Part.FFN_GATE, Part.FFN_UP, Part.FFN_DOWN)) {
        roles.add(TensorRole.weight(part, layer));
      }
    }
    roles.add(TensorRole.weight(Part.FINAL_NORM));
    if (!config.tiedEmbeddings()) {
      roles.add(TensorRole.weight(Part.OUTPUT));
    }
    return roles;
  }

  /**
   * {@code [out, in]} of a weight, {@code [n]} of a vector or bias.
   *
   * @throws ArithmeticException if a product does not fit a {@code long}
   */
  public static List<Long> shape(TensorRole role, ModelConfig config) {
    long hidden = config.hiddenSize();
    long ffn = config.intermediateSize();
    long q = Math.multiplyExact((long) config.heads(), config.headDim());
    long kv = Math.multiplyExact((long) config.kvHeads(), config.headDim());
    long vocab = (long) config.field(ConfigField.VOCAB_SIZE).value();
    List<Long> weight =
        switch (role.part()) {
          case EMBEDDING, OUTPUT -> List.of(vocab, hidden);
          case ATTN_NORM, FFN_NORM, FINAL_NORM -> List.of(hidden);
          case ROPE_FREQS -> List.of(config.headDim() / 2L);
          case Q_NORM, K_NORM -> List.of((long) config.headDim());
          case QKV -> List.of(q + 2 * kv, hidden);
          case Q -> List.of(q, hidden);
          case K, V -> List.of(kv, hidden);
          case ATTN_OUT -> List.of(hidden, q);
          case GATE_UP -> List.of(2 * ffn, hidden);
          case FFN_GATE, FFN_UP -> List.of(ffn, hidden);
          case FFN_DOWN -> List.of(hidden, ffn);
        };
    return role.bias() ? weight.subList(0, 1) : weight;
  }
}
