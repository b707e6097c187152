package dev.rosetta.model;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a tensor is for, independent of any format's names: {@code layers.3.ffn_gate.weight}.
 *
 * @param part the module it belongs to
 * @param layer 0-based layer, or {@link #NO_LAYER} for tensors of the whole model
 * @param bias whether it is the module's bias rather than its weight
 */
public record TensorRole(Part part, int layer, boolean bias) implements Comparable<TensorRole> {

  /** {@link #layer()} of a tensor that belongs to no layer. */
  public static final int NO_LAYER = -1;

  private static final Pattern CANONICAL =
      Pattern.compile("(?:layers\\.(\\d{1,6})\\.)?([a-z_]+)\\.(weight|bias)");

  /** The modules of a decoder, in the order in which a forward pass meets them. */
  public enum Part {
    EMBEDDING("embedding", false),
    ROPE_FREQS("rope_freqs", false),
    ATTN_NORM("attn_norm", true),
    QKV("qkv", true),
    Q("q", true),
    K("k", true),
    V("v", true),
    Q_NORM("q_norm", true),
    K_NORM("k_norm", true),
    ATTN_OUT("attn_out", true),
    FFN_NORM("ffn_norm", true),
    GATE_UP("gate_up", true),
    FFN_GATE("ffn_gate", true),
    FFN_UP("ffn_up", true),
    FFN_DOWN("ffn_down", true),
    FINAL_NORM("final_norm", false),
    OUTPUT("output", false);

    private final String word;
    private final boolean perLayer;

    Part(String word, boolean perLayer) {
      this.word = word;
      this.perLayer = perLayer;
    }

    /** The canonical word, as in {@code layers.0.ffn_gate.weight}. */
    public String word() {
      return word;
    }

    public boolean isPerLayer() {
      return perLayer;
    }

    /** Whether the weight is a vector rather than a matrix. */
    public boolean isVector() {
      return switch (this) {
        case ROPE_FREQS, ATTN_NORM, Q_NORM, K_NORM, FFN_NORM, FINAL_NORM -> true;
        default -> false;
      };
    }
  }

  public TensorRole {
    if (part.isPerLayer() != (layer >= 0)) {
      throw new IllegalArgumentException(part + " with layer " + layer);
    }
  }

  /** The weight of a whole-model module. */
  public static TensorRole weight(Part part) {
    return new TensorRole(part, NO_LAYER, false);
  }

  /** The weight of a module of layer {@code layer}. */
  public static TensorRole weight(Part part, int layer) {
    return new TensorRole(part, layer, false);
  }

  /** The bias of a module of layer {@code layer}. */
  public static TensorRole bias(Part part, int layer) {
    return new TensorRole(part, layer, true);
  }

  /** Parses the canonical form; empty if {@code name} is not one. */
  public static Optional<TensorRole> parse(String name) {
    Matcher matcher = CANONICAL.matcher(name);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    int layer = matcher.group(1) == null ? NO_LAYER : Integer.parseInt(matcher.group(1));
    for (Part part : Part.values()) {
      if (part.word.equals(matcher.group(2)) && part.perLayer == (layer >= 0)) {
        return Optional.of(new TensorRole(part, layer, matcher.group(3).equals("bias")));
      }
    }
    return Optional.empty();
  }

  /** Forward-pass order: embedding, layers one after the other, final norm, output. */
  @Override
  public int compareTo(TensorRole other) {
    int byStage = Integer.compare(stage(), other.stage());
    if (byStage != 0) {
      return byStage;
    }
    int byLayer = Integer.compare(layer, other.layer);
    if (byLayer != 0) {
      return byLayer;
    }
    int byPart = part.compareTo(other.part);
    return byPart != 0 ? byPart : Boolean.compare(bias, other.bias);
  }

  private int stage() {
    if (part.isPerLayer()) {
      return 1;
    }
    return part == Part.FINAL_NORM || part == Part.OUTPUT ? 2 : 0;
  }

  /** The canonical form, {@code layers.3.k.bias}. */
  @Override
  public String toString() {
    String prefix = layer >= 0 ? "layers." + layer + "." : "";
    return prefix + part.word + (bias ? ".bias" : ".weight");
  }
}
