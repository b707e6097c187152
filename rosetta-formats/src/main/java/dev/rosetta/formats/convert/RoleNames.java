package dev.rosetta.formats.convert;

import static java.util.Map.entry;

import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tensor names of GGUF and of Hugging Face, which APR shares. */
final class RoleNames {
  private static final Pattern LAYER =
      Pattern.compile("(?:model\\.layers|layers|blk)\\.(\\d{1,5})\\.(.+)");

  private static final Map<Part, String> GGUF =
      Map.ofEntries(
          entry(Part.EMBEDDING, "token_embd"),
          entry(Part.FINAL_NORM, "output_norm"),
          entry(Part.OUTPUT, "output"),
          entry(Part.ROPE_FREQS, "rope_freqs"),
          entry(Part.ATTN_NORM, "attn_norm"),
          entry(Part.Q, "attn_q"),
          entry(Part.K, "attn_k"),
          entry(Part.V, "attn_v"),
          entry(Part.Q_NORM, "attn_q_norm"),
          entry(Part.K_NORM, "attn_k_norm"),
          entry(Part.ATTN_OUT, "attn_output"),
          entry(Part.FFN_NORM, "ffn_norm"),
          entry(Part.FFN_GATE, "ffn_gate"),
          entry(Part.FFN_UP, "ffn_up"),
          entry(Part.FFN_DOWN, "ffn_down"));

  private static final Map<Part, String> HUGGING_FACE =
      Map.ofEntries(
          entry(Part.EMBEDDING, "model.embed_tokens"),
          entry(Part.FINAL_NORM, "model.norm"),
          entry(Part.OUTPUT, "lm_head"),
          entry(Part.ROPE_FREQS, "rope_freqs"),
          entry(Part.ATTN_NORM, "input_layernorm"),
          entry(Part.Q, "self_attn.q_proj"),
          entry(Part.K, "self_attn.k_proj"),
          entry(Part.V, "self_attn.v_proj"),
          entry(Part.Q_NORM, "self_attn.q_norm"),
          entry(Part.K_NORM, "self_attn.k_norm"),
          entry(Part.ATTN_OUT, "self_attn.o_proj"),
          entry(Part.FFN_NORM, "post_attention_layernorm"),
          entry(Part.FFN_GATE, "mlp.gate_proj"),
          entry(Part.FFN_UP, "mlp.up_proj"),
          entry(Part.FFN_DOWN, "mlp.down_proj"));

  private static final Map<String, Part> PARTS = parts();

  private RoleNames() {}

  private static Map<String, Part> parts() {
    Map<String, Part> parts = new HashMap<>();
    GGUF.forEach((part, name) -> parts.put(name, part));
    HUGGING_FACE.forEach((part, name) -> parts.put(name, part));
    parts.put("attn_qkv", Part.QKV);
    parts.put("self_attn.qkv_proj", Part.QKV);
    parts.put("mlp.gate_up_proj", Part.GATE_UP);
    parts.put("embed_tokens", Part.EMBEDDING);
    parts.put("norm", Part.FINAL_NORM);
    return Map.copyOf(parts);
  }

  static String gguf(TensorRole role) {
    String layer = role.layer() >= 0 ? "blk." + role.layer() + "." : "";
    return layer + name(GGUF, role);
  }

  static String huggingFace(TensorRole role) {
    String layer = role.layer() >= 0 ? "model.layers." + role.layer() + "." : "";
    return layer + name(HUGGING_FACE, role);
  }

  /** The role of a tensor; empty if neither format uses the name. */
  static Optional<TensorRole> role(String name) {
    boolean bias = name.endsWith(".bias");
    if (!bias && !name.endsWith(".weight")) {
      return Optional.empty();
    }
    String stem = name.substring(0, name.lastIndexOf('.'));
    Matcher layer = LAYER.matcher(stem);
    boolean inLayer = layer.matches();
    Part part = PARTS.get(inLayer ? layer.group(2) : stem);
    if (part == null || part.isPerLayer() != inLayer || bias && !inLayer) {
      return Optional.empty();
    }
    int number = inLayer ? Integer.parseInt(layer.group(1)) : TensorRole.NO_LAYER;
    return Optional.of(new TensorRole(part, number, bias));
  }

  private static String name(Map<Part, String> names, TensorRole role) {
    String name = names.get(role.part());
    if (name == null) {
      throw new IllegalArgumentException("no name for " + role);
    }
    return name + (role.bias() ? ".bias" : ".weight");
  }
}
