package dev.rosetta.normalize;

import static java.util.Map.entry;

import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.WrappedNames.Unwrapped;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a tensor is for, from its name: GGUF ({@code blk.0.attn_q}), Hugging Face ({@code
 * model.layers.0.self_attn.q_proj}), Meta ({@code layers.0.attention.wq}) and bare names in one
 * table.
 */
final class TensorNames {
  private static final Pattern LAYER =
      Pattern.compile("(?:model\\.layers|layers|transformer\\.h|h|blk)\\.(\\d{1,5})\\.(.+)");

  private static final Pattern ORIGINAL =
      Pattern.compile("layers\\.\\d{1,5}\\.attention\\.w[qk]\\.weight");

  private static final Map<String, Part> GLOBAL =
      Map.ofEntries(
          entry("token_embd", Part.EMBEDDING),
          entry("model.embed_tokens", Part.EMBEDDING),
          entry("embed_tokens", Part.EMBEDDING),
          entry("transformer.wte", Part.EMBEDDING),
          entry("embeddings.word_embeddings", Part.EMBEDDING),
          entry("tok_embeddings", Part.EMBEDDING),
          entry("wte", Part.EMBEDDING),
          entry("output_norm", Part.FINAL_NORM),
          entry("model.norm", Part.FINAL_NORM),
          entry("norm", Part.FINAL_NORM),
          entry("transformer.ln_f", Part.FINAL_NORM),
          entry("output", Part.OUTPUT),
          entry("lm_head", Part.OUTPUT),
          entry("rope_freqs", Part.ROPE_FREQS));

  private static final Map<String, Part> IN_LAYER =
      Map.ofEntries(
          entry("attn_norm", Part.ATTN_NORM),
          entry("input_layernorm", Part.ATTN_NORM),
          entry("attention_norm", Part.ATTN_NORM),
          entry("attn_q", Part.Q),
          entry("self_attn.q_proj", Part.Q),
          entry("attention.wq", Part.Q),
          entry("attn_k", Part.K),
          entry("self_attn.k_proj", Part.K),
          entry("attention.wk", Part.K),
          entry("attn_v", Part.V),
          entry("self_attn.v_proj", Part.V),
          entry("attention.wv", Part.V),
          entry("attn_qkv", Part.QKV),
          entry("self_attn.qkv_proj", Part.QKV),
          entry("attn.c_attn", Part.QKV),
          entry("attention.query_key_value", Part.QKV),
          entry("self_attention.query_key_value", Part.QKV),
          entry("attention.wqkv", Part.QKV),
          entry("attn_q_norm", Part.Q_NORM),
          entry("self_attn.q_norm", Part.Q_NORM),
          entry("attn_k_norm", Part.K_NORM),
          entry("self_attn.k_norm", Part.K_NORM),
          entry("attn_output", Part.ATTN_OUT),
          entry("self_attn.o_proj", Part.ATTN_OUT),
          entry("attention.wo", Part.ATTN_OUT),
          entry("ffn_norm", Part.FFN_NORM),
          entry("post_attention_layernorm", Part.FFN_NORM),
          entry("ffn_gate", Part.FFN_GATE),
          entry("mlp.gate_proj", Part.FFN_GATE),
          entry("feed_forward.w1", Part.FFN_GATE),
          entry("ffn_up", Part.FFN_UP),
          entry("mlp.up_proj", Part.FFN_UP),
          entry("feed_forward.w3", Part.FFN_UP),
          entry("ffn_gate_up", Part.GATE_UP),
          entry("mlp.gate_up_proj", Part.GATE_UP),
          entry("ffn_down", Part.FFN_DOWN),
          entry("mlp.down_proj", Part.FFN_DOWN),
          entry("feed_forward.w2", Part.FFN_DOWN));

  private TensorNames() {}

  /**
   * What a name says.
   *
   * @param own the name without what wraps it
   * @param wrapper what was taken away, empty for most
   */
  record Reading(TensorRole role, String own, String wrapper) {}

  /** The role of the tensor called {@code name}; empty if the table does not know it. */
  static Optional<TensorRole> role(String name) {
    return read(name).map(Reading::role);
  }

  /** As {@link #role}, with the wrapper that had to be looked through. */
  static Optional<Reading> read(String name) {
    Optional<TensorRole> direct = tableRole(name);
    if (direct.isPresent()) {
      return Optional.of(new Reading(direct.get(), name, ""));
    }
    Optional<Unwrapped> next = WrappedNames.within(name).or(() -> WrappedNames.outermost(name));
    StringBuilder wrapper = new StringBuilder();
    for (int depth = 0; depth < WrappedNames.most() && next.isPresent(); depth++) {
      String rest = next.get().rest();
      wrapper.append(next.get().wrapper());
      Optional<TensorRole> role = tableRole(rest);
      if (role.isPresent()) {
        return Optional.of(new Reading(role.get(), rest, wrapper.toString()));
      }
      next = WrappedNames.outermost(rest);
    }
    return Optional.empty();
  }

  private static Optional<TensorRole> tableRole(String name) {
    boolean bias = name.endsWith(".bias");
    if (!bias && !name.endsWith(".weight")) {
      return Optional.empty();
    }
    String stem = name.substring(0, name.lastIndexOf('.'));
    Part global = GLOBAL.get(stem);
    if (global != null) {
      return bias ? Optional.empty() : Optional.of(TensorRole.weight(global));
    }
    Matcher matcher = LAYER.matcher(stem);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    Part part = IN_LAYER.get(matcher.group(2));
    return part == null
        ? Optional.empty()
        : Optional.of(new TensorRole(part, Integer.parseInt(matcher.group(1)), bias));
  }

  /** Whether llama's Q/K rows come in ggml's interleaved order under such names. */
  static boolean isGgufStyle(String name) {
    return name.startsWith("blk.");
  }

  /**
   * Whether Q and K are named as in the releases of Meta and Mistral themselves, whose code rotates
   * adjacent pairs. Others use {@code attention.wq} behind {@code model.}, with split halves.
   */
  static boolean isOriginalRelease(String name) {
    return ORIGINAL.matcher(name).matches();
  }

  /**
   * Whether the tensor belongs to training, buffers, masks or the rounding of activations, and
   * never to an exact forward pass.
   */
  static boolean isIrrelevant(String name) {
    return name.startsWith("__training__.")
        || name.equals("rope.freqs")
        || name.endsWith("rotary_emb.inv_freq")
        || name.endsWith("rotary_emb.cos_cached")
        || name.endsWith("rotary_emb.sin_cached")
        || name.endsWith(".input_scale")
        || name.endsWith(".attn.bias")
        || name.endsWith(".attn.masked_bias");
  }
}
