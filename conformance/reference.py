"""Every capture point of a llama model in transformers, eager attention, in float32 or float64.

transformers computes norms, rotary angles and the softmax in float32 whatever the model's type is; in
float64 these three are replaced, so that nothing is rounded to less.

  reference.py FOLDER 1,2,3 float32|float64 OUT.npz
"""

import sys

import numpy as np
import torch
from transformers import LlamaForCausalLM
from transformers.models.llama import modeling_llama

MODULES = {
    "input_layernorm": ("", "attn_norm"),
    "self_attn.q_proj": ("", "q"),
    "self_attn.k_proj": ("", "k"),
    "self_attn.v_proj": ("", "v"),
    "self_attn.o_proj": ("attn_context", "attn_out"),
    "post_attention_layernorm": ("attn_residual", "ffn_norm"),
    "mlp.gate_proj": ("", "ffn_gate"),
    "mlp.up_proj": ("", "ffn_up"),
    "mlp.down_proj": ("ffn_act", "ffn_out"),
    "": ("", "output"),
}


def norm(self, hidden):
    return self.weight * (
        hidden * torch.rsqrt(hidden.square().mean(-1, keepdim=True) + self.variance_epsilon)
    )


def attention(module, query, key, value, mask, scaling, dropout=0.0, **_):
    key = modeling_llama.repeat_kv(key, module.num_key_value_groups)
    value = modeling_llama.repeat_kv(value, module.num_key_value_groups)
    scores = query @ key.transpose(2, 3) * scaling
    length = query.shape[2]
    future = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
    weights = scores.masked_fill(future, float("-inf")).softmax(-1)
    return (weights @ value).transpose(1, 2).contiguous(), weights


def rotary(self, hidden, position_ids):
    width = self.config.hidden_size // self.config.num_attention_heads
    theta = float(self.config.rope_parameters["rope_theta"])
    frequencies = theta ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = position_ids[..., None].double() * frequencies
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def trace(folder: str, ids: list[int], kind: str) -> dict[str, np.ndarray]:
    dtype = {"float32": torch.float32, "float64": torch.float64}[kind]
    model = LlamaForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    if kind == "float64":
        modeling_llama.LlamaRMSNorm.forward = norm
        modeling_llama.LlamaRotaryEmbedding.forward = rotary
        modeling_llama.eager_attention_forward = attention
    points = {}

    def keep(name, value):
        value = value[0] if isinstance(value, tuple) else value
        points[name] = value.detach()[0].reshape(len(ids), -1).double().numpy()

    def hook(layer, before, after):
        def see(_, inputs, output):
            if before:
                keep(f"layers.{layer}.{before}", inputs[0])
            keep(f"layers.{layer}.{after}", output)

        return see

    for layer, block in enumerate(model.model.layers):
        for name, (before, after) in MODULES.items():
            block.get_submodule(name).register_forward_hook(hook(layer, before, after))
    model.model.embed_tokens.register_forward_hook(lambda _, __, output: keep("embedding", output))
    model.model.norm.register_forward_hook(lambda _, __, output: keep("final_norm", output))
    rope, calls = modeling_llama.apply_rotary_pos_emb, []

    def apply(*arguments, **options):
        q, k = rope(*arguments, **options)
        for name, value in (("q_rope", q), ("k_rope", k)):
            keep(f"layers.{len(calls)}.{name}", value.transpose(1, 2))
        calls.append(1)
        return q, k

    modeling_llama.apply_rotary_pos_emb = apply
    with torch.no_grad():
        keep("logits", model(torch.tensor([ids]), use_cache=False).logits)
    return points


if __name__ == "__main__":
    np.savez(
        sys.argv[4], **trace(sys.argv[1], [int(t) for t in sys.argv[2].split(",")], sys.argv[3])
    )
