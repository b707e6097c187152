"""make_folders.py OUT: tiny quantised folders and what their owners decode from them.

Writes OUT/<kind>/ with model.safetensors (or two shards and an index), config.json, and
expected.safetensors: every weight as float32, decoded by the library that owns the format. Codes,
scales and zero points are random, so that every code and every edge occurs. Needs torch,
safetensors, transformers, compressed-tensors, bitsandbytes and mlx; AutoAWQ's packing_utils.py is
taken from the folder that AUTOAWQ names (its source package, unpacked). GPTQ has no library that
installs without its kernels: its formula is written out below, as in TorchLinear.dequantize_weight
and convert_gptq_v1_to_v2_format_module of GPTQModel.

The libraries decode to the type of the scales. Scales are widened to float32 first, which is exact,
so that their own code gives the value without its last rounding.
"""

import importlib.util
import json
import os
import sys

import numpy as np
import torch
from safetensors.torch import save_file

OUT = sys.argv[1]
G = torch.Generator().manual_seed(20261201)
NAMES = ["model.layers.0.self_attn.q_proj", "model.layers.0.mlp.down_proj"]


def ints(low, high, *shape, dtype=torch.int32):
    return torch.randint(low, high, shape, generator=G, dtype=torch.int64).to(dtype)


def scales(*shape, dtype=torch.float32):
    """Positive, over several powers of two."""
    return (torch.exp(torch.randn(shape, generator=G)) * 0.02).to(dtype)


def fp8(*shape, dtype=torch.float8_e4m3fn):
    """Every finite code."""
    codes = ints(0, 256, *shape, dtype=torch.uint8)
    finite = torch.isfinite(codes.view(dtype).float())
    return torch.where(finite, codes, torch.zeros_like(codes)).view(dtype)


def write(kind, config, tensors, expected, shards=None):
    folder = os.path.join(OUT, kind)
    os.makedirs(folder, exist_ok=True)
    tensors = {k: v.contiguous() for k, v in tensors.items()}
    if shards is None:
        save_file(tensors, f"{folder}/model.safetensors")
    else:
        index = {"metadata": {}, "weight_map": {}}
        for i, belongs in enumerate(shards, 1):
            file = f"model-{i:05d}-of-{len(shards):05d}.safetensors"
            part = {k: v for k, v in tensors.items() if belongs(k)}
            index["weight_map"].update({k: file for k in part})
            save_file(part, f"{folder}/{file}")
        with open(f"{folder}/model.safetensors.index.json", "w") as f:
            json.dump(index, f)
    with open(f"{folder}/config.json", "w") as f:
        json.dump(config, f)
    save_file(
        {k: v.float().contiguous() for k, v in expected.items()}, f"{folder}/expected.safetensors"
    )


# Eight-bit floats -------------------------------------------------------------------------------


def transformers_dequantize(weight, scale):
    from transformers.integrations.finegrained_fp8 import Fp8Dequantize

    op = Fp8Dequantize.__new__(Fp8Dequantize)
    return op._dequantize_one(weight, scale, output_dtype=torch.float32)


def fp8_block():
    """Edge blocks are partial; the scales are in another shard."""
    from compressed_tensors.entrypoints.convert import FP8BlockDequantizer

    tensors, expected = {}, {}
    converter = FP8BlockDequantizer(
        targets=["re:.*proj$"], weight_block_size=(16, 16), dtype=torch.float32
    )
    for name, (rows, columns) in zip(NAMES, [(24, 40), (32, 16)]):
        own = {
            f"{name}.weight": fp8(rows, columns),
            f"{name}.weight_scale_inv": scales(-(-rows // 16), -(-columns // 16)),
        }
        tensors.update(own)
        expected.update(converter.process(dict(own)))
    tensors[NAMES[0] + ".input_scale"] = torch.tensor(0.5)
    config = {"quantization_config": {"quant_method": "fp8", "weight_block_size": [16, 16]}}
    write(
        "fp8_block",
        config,
        tensors,
        expected,
        [lambda k: k.endswith(".weight"), lambda k: not k.endswith(".weight")],
    )


def fp8_e8m0():
    """Scales that are powers of two; the size of the blocks is that of the grid."""
    tensors, expected = {}, {}
    for name, dtype in zip(NAMES, [torch.float8_e8m0fnu, torch.uint8]):
        weight, scale = fp8(24, 32), ints(110, 130, 3, 4, dtype=torch.uint8)
        tensors[f"{name}.weight"] = weight
        tensors[f"{name}.weight_scale_inv"] = scale.view(dtype)
        expected[f"{name}.weight"] = transformers_dequantize(weight, scale.view(dtype))
    write("fp8_e8m0", {"quantization_config": {"quant_method": "fp8"}}, tensors, expected)


def fp8_e5m2():
    tensors, expected = {}, {}
    for name, shape in zip(NAMES, [(1, 1), (1,)]):
        weight, scale = fp8(8, 24, dtype=torch.float8_e5m2), scales(*shape)
        tensors[f"{name}.weight"], tensors[f"{name}.weight_scale"] = weight, scale
        expected[f"{name}.weight"] = transformers_dequantize(weight, scale.reshape(1, 1))
    write("fp8_e5m2", {"quantization_config": {"quant_method": "fp8"}}, tensors, expected)


# compressed-tensors -----------------------------------------------------------------------------


def scheme(format, **weights):
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme

    args = QuantizationArgs(**weights)
    config = {
        "quantization_config": {
            "quant_method": "compressed-tensors",
            "format": format,
            "config_groups": {"group_0": {"targets": ["Linear"], "weights": args.model_dump()}},
        }
    }
    return QuantizationScheme(targets=["Linear"], weights=args), json.loads(
        json.dumps(config, default=str)
    )


def decompress(format, state, scheme):
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.compressors.nvfp4.helpers import unpack_fp4_from_uint8
    from compressed_tensors.quantization.lifecycle.forward import dequantize

    if format == "nvfp4-pack-quantized":
        rows, packed = state["weight_packed"].shape
        return dequantize(
            x_q=unpack_fp4_from_uint8(
                state["weight_packed"], rows, 2 * packed, dtype=torch.float32
            ),
            scale=state["weight_scale"].float(),
            args=scheme.weights,
            global_scale=state["weight_global_scale"],
            dtype=torch.float32,
        )
    wide = {
        k: v.float() if v.is_floating_point() and k.endswith("_scale") and v.element_size() > 1 else v
        for k, v in state.items()
    }
    return BaseCompressor.get_value_from_registry(format).decompress(wide, scheme)["weight"]


def compressed(kind, format, make, **weights):
    """`make` gives the state of each of the two modules."""
    tensors, expected = {}, {}
    args, config = scheme(format, **weights)
    for name, state in zip(NAMES, make()):
        tensors.update({f"{name}.{k}": v for k, v in state.items()})
        expected[f"{name}.weight"] = decompress(format, state, args)
    write(kind, config, tensors, expected)


def pack(codes, bits, zeros=None):
    from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32

    state = {"weight_packed": pack_to_int32(codes, bits), "weight_shape": torch.tensor(codes.shape)}
    if zeros is not None:
        state["weight_zero_point"] = pack_to_int32(zeros, bits, packed_dim=0).contiguous()
    return state


def signed(bits, *shape):
    half = 1 << bits - 1
    return ints(-half, half, *shape, dtype=torch.int8)


def packed(kind, bits, group, dtype, symmetric, shapes):
    def make():
        for rows, columns in shapes:
            groups = columns // group if group else 1
            zeros = None if symmetric else signed(bits, rows, groups)
            yield {
                **pack(signed(bits, rows, columns), bits, zeros),
                "weight_scale": scales(rows, groups, dtype=dtype),
            }

    compressed(
        kind,
        "pack-quantized",
        make,
        num_bits=bits,
        type="int",
        symmetric=symmetric,
        strategy="group" if group else "channel",
        **({"group_size": group} if group else {}),
    )


def compressed_tensors():
    compressed(
        "fp8_tensor",
        "float-quantized",
        lambda: (
            {"weight": fp8(16, 24), "weight_scale": scales(1, dtype=torch.bfloat16)}
            for _ in NAMES
        ),
        num_bits=8,
        type="float",
        strategy="tensor",
    )
    compressed(
        "fp8_channel",
        "float-quantized",
        lambda: (
            {"weight": fp8(16, 24), "weight_scale": scales(16, 1, dtype=torch.float16)}
            for _ in NAMES
        ),
        num_bits=8,
        type="float",
        strategy="channel",
    )
    compressed(
        "int8_channel",
        "int-quantized",
        lambda: (
            {
                "weight": signed(8, 16, 24),
                "weight_scale": scales(16, 1, dtype=torch.bfloat16),
                "weight_zero_point": signed(8, 16, 1),
            }
            for _ in NAMES
        ),
        num_bits=8,
        type="int",
        symmetric=False,
        strategy="channel",
    )
    shapes = [(12, 64), (10, 96)]
    packed("int4_group", 4, 32, torch.bfloat16, True, shapes)
    packed("int4_group_zeros", 4, 32, torch.float16, False, shapes)
    packed("int4_channel", 4, 0, torch.float32, True, [(12, 52), (10, 96)])
    packed("int8_group", 8, 32, torch.bfloat16, False, shapes)
    packed("int3_group_zeros", 3, 32, torch.float16, False, shapes)
    compressed(
        "nvfp4",
        "nvfp4-pack-quantized",
        lambda: (
            {
                "weight_packed": ints(0, 256, 12, 24, dtype=torch.uint8),
                "weight_scale": fp8(12, 3).float().abs().clamp(min=0.25).to(torch.float8_e4m3fn),
                "weight_global_scale": torch.tensor([37.5]),
            }
            for _ in NAMES
        ),
        num_bits=4,
        type="float",
        strategy="tensor_group",
        group_size=16,
    )
    compressed(
        "mxfp4",
        "mxfp4-pack-quantized",
        lambda: (
            {
                "weight_packed": ints(0, 256, 12, 32, dtype=torch.uint8),
                "weight_scale": ints(115, 130, 12, 2, dtype=torch.uint8),
            }
            for _ in NAMES
        ),
        num_bits=4,
        type="float",
        strategy="group",
        group_size=32,
    )


# GPTQ and AWQ -----------------------------------------------------------------------------------


def words(codes, bits, axis):
    """Packs unsigned codes along an axis, the first in the lowest bits of a word."""
    codes = np.moveaxis(codes.astype(np.uint64), axis, 0)
    codes = codes.reshape(-1, 32 // bits, *codes.shape[1:])
    shifts = np.arange(32 // bits, dtype=np.uint64) * np.uint64(bits)
    packed = (codes << shifts.reshape(1, -1, *[1] * (codes.ndim - 2))).sum(1)
    return np.moveaxis(packed.astype(np.uint32), 0, axis)


def gptq(kind, bits, version, ordered, group=32):
    tensors, expected = {}, {}
    for name, (rows, columns) in zip(NAMES, [(16, 64), (32, 96)]):
        groups = columns // group
        codes = ints(0, 1 << bits, columns, rows).numpy()
        # The first version cannot keep a zero point of 0.
        zeros = ints(1 if version == 1 else 0, 1 << bits, groups, rows).numpy()
        scale = scales(groups, rows, dtype=torch.float16)
        index = np.arange(columns) // group
        if ordered:
            index = index[torch.randperm(columns, generator=G).numpy()]
        stored = words(zeros, bits, 1)
        if version == 1:
            stored = stored - np.uint32(0xFFFFFFFF // ((1 << bits) - 1))
        tensors[f"{name}.qweight"] = torch.from_numpy(words(codes, bits, 0).view(np.int32))
        tensors[f"{name}.qzeros"] = torch.from_numpy(stored.view(np.int32))
        tensors[f"{name}.scales"] = scale
        tensors[f"{name}.g_idx"] = torch.from_numpy(index.astype(np.int32))
        value = scale.float().numpy()[index] * (codes - zeros[index]).astype(np.float32)
        expected[f"{name}.weight"] = torch.from_numpy(value.T.copy())
    config = {
        "quantization_config": {
            "quant_method": "gptq",
            "bits": bits,
            "group_size": group,
            "desc_act": ordered,
            "checkpoint_format": "gptq" if version == 1 else "gptq_v2",
        }
    }
    write(kind, config, tensors, expected)


def awq():
    path = os.path.join(os.environ["AUTOAWQ"], "awq/utils/packing_utils.py")
    spec = importlib.util.spec_from_file_location("packing_utils", path)
    utils = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(utils)
    tensors, expected = {}, {}
    for name, (rows, columns) in zip(NAMES, [(16, 64), (24, 96)]):
        codes = ints(-(1 << 31), 1 << 31, columns, rows // 8)
        zeros = ints(-(1 << 31), 1 << 31, columns // 32, rows // 8)
        scale = scales(columns // 32, rows, dtype=torch.float16)
        tensors[f"{name}.qweight"] = codes
        tensors[f"{name}.qzeros"] = zeros
        tensors[f"{name}.scales"] = scale
        value = utils.dequantize_gemm(codes, zeros, scale.float(), 4, 32)
        expected[f"{name}.weight"] = value.T
    config = {
        "quantization_config": {
            "quant_method": "awq",
            "bits": 4,
            "group_size": 32,
            "zero_point": True,
            "version": "gemm",
        }
    }
    write("awq", config, tensors, expected)


# bitsandbytes -----------------------------------------------------------------------------------


def bitsandbytes():
    import bitsandbytes.functional as bnb

    def four(kind, quant_type, nested, storage=torch.uint8):
        tensors, expected = {}, {}
        for name, shape in zip(NAMES, [(16, 72), (12, 40)]):
            weight = torch.randn(shape, generator=G)
            codes, state = bnb.quantize_4bit(
                weight,
                blocksize=64,
                quant_type=quant_type,
                compress_statistics=nested,
                quant_storage=storage,
            )
            tensors[f"{name}.weight"] = codes
            for key, value in state.as_dict(packed=True).items():
                tensors[f"{name}.weight.{key}"] = value
            expected[f"{name}.weight"] = bnb.dequantize_4bit(codes, state)
        config = {
            "quantization_config": {
                "quant_method": "bitsandbytes",
                "load_in_4bit": True,
                "bnb_4bit_quant_type": quant_type,
                "bnb_4bit_use_double_quant": nested,
            }
        }
        write(kind, config, tensors, expected)

    four("bnb_nf4", "nf4", False)
    four("bnb_nf4_nested", "nf4", True)
    four("bnb_fp4", "fp4", False)
    four("bnb_nf4_bf16_storage", "nf4", True, torch.bfloat16)
    tensors, expected = {}, {}
    for name in NAMES:
        codes, largest = signed(8, 16, 24), scales(16)
        tensors[f"{name}.weight"] = codes
        tensors[f"{name}.SCB"] = largest
        tensors[f"{name}.weight_format"] = torch.tensor(0, dtype=torch.uint8)
        expected[f"{name}.weight"] = bnb.int8_vectorwise_dequant(codes, largest)
    config = {"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}}
    write("bnb_int8", config, tensors, expected)


# MLX --------------------------------------------------------------------------------------------


def mlx():
    import mlx.core as mx

    mx.set_default_device(mx.cpu)

    def torch_of(array):
        wide = np.array(array.astype(mx.float32) if array.dtype == mx.bfloat16 else array)
        return torch.from_numpy(wide.copy())

    def folder(kind, bits, mode, group, dtype):
        tensors, expected = {}, {}
        for name, shape in zip(NAMES, [(8, 128), (12, 64)]):
            weight = mx.array(torch.randn(shape, generator=G).numpy()).astype(dtype)
            parts = mx.quantize(weight, group_size=group, bits=bits, mode=mode)
            for key, part in zip(("weight", "scales", "biases"), parts):
                value = torch_of(part)
                tensors[f"{name}.{key}"] = (
                    value.to(torch.bfloat16) if part.dtype == mx.bfloat16 else value
                )
            wide = [parts[0]] + [
                p if p.dtype == mx.uint8 else p.astype(mx.float32) for p in parts[1:]
            ]
            value = mx.dequantize(
                *wide, group_size=group, bits=bits, mode=mode, dtype=mx.float32
            )
            expected[f"{name}.weight"] = torch_of(value)
        quantization = {"group_size": group, "bits": bits, "mode": mode}
        write(kind, {"quantization": quantization}, tensors, expected)

    folder("mlx_2", 2, "affine", 32, mx.float16)
    folder("mlx_3", 3, "affine", 64, mx.bfloat16)
    folder("mlx_4", 4, "affine", 64, mx.bfloat16)
    folder("mlx_6", 6, "affine", 32, mx.float16)
    folder("mlx_8", 8, "affine", 64, mx.float16)
    folder("mlx_mxfp4", 4, "mxfp4", 32, mx.bfloat16)
    folder("mlx_mxfp8", 8, "mxfp8", 32, mx.bfloat16)
    folder("mlx_nvfp4", 4, "nvfp4", 16, mx.bfloat16)


# gpt-oss ----------------------------------------------------------------------------------------


def gpt_oss():
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors

    name = "model.layers.0.mlp.experts.gate_up_proj"
    blocks = ints(0, 256, 2, 6, 2, 16, dtype=torch.uint8)
    scale = ints(115, 130, 2, 6, 2, dtype=torch.uint8)
    expected = convert_moe_packed_tensors(blocks, scale, dtype=torch.float32)
    write(
        "gpt_oss",
        {"quantization_config": {"quant_method": "mxfp4"}},
        {f"{name}_blocks": blocks, f"{name}_scales": scale},
        {name: expected},
    )


fp8_block()
fp8_e8m0()
fp8_e5m2()
compressed_tensors()
gptq("gptq_4_v1", 4, 1, False)
gptq("gptq_4_v2_ordered", 4, 2, True)
gptq("gptq_8_v1_ordered", 8, 1, True)
gptq("gptq_2_v2", 2, 2, False)
awq()
bitsandbytes()
mlx()
gpt_oss()
