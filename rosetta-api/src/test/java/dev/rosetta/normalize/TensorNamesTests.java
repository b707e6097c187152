package dev.rosetta.normalize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.TensorRole;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TensorNamesTests {

  @ParameterizedTest
  @CsvSource({
    "token_embd.weight, embedding.weight",
    "model.embed_tokens.weight, embedding.weight",
    "tok_embeddings.weight, embedding.weight",
    "transformer.wte.weight, embedding.weight",
    "output_norm.weight, final_norm.weight",
    "model.norm.weight, final_norm.weight",
    "norm.weight, final_norm.weight",
    "output.weight, output.weight",
    "lm_head.weight, output.weight",
    "rope_freqs.weight, rope_freqs.weight",
    "blk.0.attn_norm.weight, layers.0.attn_norm.weight",
    "blk.31.attn_q.weight, layers.31.q.weight",
    "blk.31.attn_q.bias, layers.31.q.bias",
    "blk.3.attn_q_norm.weight, layers.3.q_norm.weight",
    "blk.3.attn_qkv.weight, layers.3.qkv.weight",
    "blk.3.attn_output.weight, layers.3.attn_out.weight",
    "blk.3.ffn_down.weight, layers.3.ffn_down.weight",
    "model.layers.12.self_attn.k_proj.weight, layers.12.k.weight",
    "model.layers.12.self_attn.k_proj.bias, layers.12.k.bias",
    "model.layers.12.self_attn.k_norm.weight, layers.12.k_norm.weight",
    "model.layers.12.self_attn.o_proj.weight, layers.12.attn_out.weight",
    "model.layers.12.self_attn.qkv_proj.weight, layers.12.qkv.weight",
    "model.layers.12.input_layernorm.weight, layers.12.attn_norm.weight",
    "model.layers.12.post_attention_layernorm.weight, layers.12.ffn_norm.weight",
    "model.layers.12.mlp.gate_up_proj.weight, layers.12.gate_up.weight",
    "model.layers.12.mlp.down_proj.weight, layers.12.ffn_down.weight",
    "layers.7.attention.wq.weight, layers.7.q.weight",
    "layers.7.attention.wo.weight, layers.7.attn_out.weight",
    "layers.7.feed_forward.w1.weight, layers.7.ffn_gate.weight",
    "layers.7.feed_forward.w2.weight, layers.7.ffn_down.weight",
    "layers.7.feed_forward.w3.weight, layers.7.ffn_up.weight",
    "layers.7.self_attn.v_proj.weight, layers.7.v.weight",
    "_orig_mod.model.layers.2.mlp.up_proj.weight, layers.2.ffn_up.weight",
    "model.layers.2._orig_mod.mlp.up_proj.weight, layers.2.ffn_up.weight",
    "model.layers.2._fsdp_wrapped_module._checkpoint_wrapped_module.mlp.up_proj.weight,"
        + " layers.2.ffn_up.weight",
    "base_model.model.model.embed_tokens.weight, embedding.weight",
    "base_model.model.lm_head.weight, output.weight",
    "model.language_model.layers.2.self_attn.k_proj.bias, layers.2.k.bias",
    "model.language_model.norm.weight, final_norm.weight",
    "language_model.model.layers.2.self_attn.k_proj.weight, layers.2.k.weight",
    "language_model.lm_head.weight, output.weight",
    "model.text_model.layers.2.input_layernorm.weight, layers.2.attn_norm.weight",
    "transformer.model.norm.weight, final_norm.weight",
    "module.model.layers.2.mlp.down_proj.weight, layers.2.ffn_down.weight",
    "module._orig_mod.language_model.model.layers.2.mlp.down_proj.weight,"
        + " layers.2.ffn_down.weight",
  })
  void namesOfEveryConventionHaveTheirRole(String name, String role) {
    assertEquals(TensorRole.parse(role), TensorNames.role(name));
    assertTrue(TensorRole.parse(role).isPresent());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".weight",
        "weight",
        "blk.0.attn_q",
        "blk.0.attn_q.weight.weight",
        "blk.0.attn_q.scale",
        "blk.-1.attn_q.weight",
        "blk.123456.attn_q.weight",
        "blk.99999999999999999999.attn_q.weight",
        "xblk.0.attn_q.weight",
        "blk.0.ffn_gate_exps.weight",
        "blk.0.ssm_in.weight",
        "lm_head.bias",
        "model.layers.0.self_attn.q_proj.lora_A.weight",
        "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
        "vision_tower.vision_model.encoder.layers.0.self_attn.q_proj.weight",
        "model.visual.blocks.0.attn.qkv.weight",
        "x_orig_mod.model.norm.weight",
        "module.",
      })
  void otherNamesHaveNone(String name) {
    assertEquals(Optional.empty(), TensorNames.role(name));
  }

  @Test
  void wrappersWithoutEndAreNoName() {
    assertEquals(Optional.empty(), TensorNames.role("module.".repeat(1 << 20) + "norm.weight"));
    assertEquals(
        TensorRole.parse("final_norm.weight"),
        TensorNames.role("_orig_mod.".repeat(1 << 16) + "norm.weight"));
  }

  @Test
  void theReadingSaysWhatWasTakenAway() {
    TensorNames.Reading reading =
        TensorNames.read("module._orig_mod.model.norm.weight").orElseThrow();
    assertEquals("model.norm.weight", reading.own());
    assertEquals("_orig_mod.module.", reading.wrapper());
    assertEquals("", TensorNames.read("model.norm.weight").orElseThrow().wrapper());
  }

  @Test
  void buffersAndTrainingStateAreNoPartOfAModel() {
    assertTrue(TensorNames.isIrrelevant("model.layers.0.self_attn.rotary_emb.inv_freq"));
    assertTrue(TensorNames.isIrrelevant("__training__.step"));
    assertTrue(TensorNames.isIrrelevant("h.0.attn.bias"));
    assertTrue(!TensorNames.isIrrelevant("blk.0.attn_q.bias"));
  }
}
