"""Part b: each fault of the shared data's mutate.py, planted in real files, is detected, named and
located. Each mutant is compared with the file it was made from and with another precision of the
same model, the sides in turn.
"""

import json
import random
import tempfile
from pathlib import Path

import command
from files import Files, Unavailable
from planting import Maker
from settings import Checks, Settings

GGUF = [
    "convert:noisy-f32:f32",
    "convert:noisy-bf16:bf16",
    "convert:noisy-f32:f16",
    "llama:noisy:q8_0",
    "llama:noisy:q4_0",
    "llama:noisy:iq4_nl",
    "llama:noisy:q4_k_s",
    "llama:noisy:q5_k_s",
    "llama:noisy:q6_k",
    "llama:noisy:q4_k_m:importance",
]
FOLDERS = ["noisy-f32", "noisy-bf16", "noisy-f16"]
OTHERS = {
    "gguf": ["noisy-f32", "noisy-bf16"],
    "folder": ["convert:noisy-f32:f16", "llama:noisy:q8_0"],
}

# The codes that name each fault; benign ones are MATCH.
CODES = {
    "truncated_data": "FILE_TRUNCATED TENSOR_OUT_OF_BOUNDS",
    "offset_shift": "TENSOR_OUT_OF_BOUNDS FILE_TRUNCATED DATA_SHIFTED",
    "missing_tensor": "TENSOR_MISSING",
    "nan_one_element": "NON_FINITE",
    "inf_one_element": "NON_FINITE",
    "drop_bias": "BIAS_MISSING TENSOR_MISSING",
    "zero_tensor": "ZEROED_REGION",
    "head_count_kv_wrong": "CONFIG_SHAPE_CONFLICT SHAPE_MISMATCH",
    "type_label_f16_as_bf16": "DTYPE_CONFUSED",
    "type_label_bf16_as_f16": "DTYPE_CONFUSED",
    "dtype_label_bf16_as_f16": "DTYPE_CONFUSED",
    "type_label_q4_0_as_iq4_nl": "DTYPE_CONFUSED",
    "transpose_data_square": "WEIGHT_TRANSPOSED WEIGHT_RESHAPED",
    "transpose_data_nonsquare": "WEIGHT_TRANSPOSED WEIGHT_RESHAPED",
    "qk_unpermute": "QK_PERMUTED",
    "q_only_unpermute": "QK_PERMUTED",
    "qk_permute_neox": "QK_PERMUTED",
    "qk_gguf_permuted": "QK_PERMUTED",
    "swap_gate_up": "TENSORS_SWAPPED",
    "swap_k_v": "TENSORS_SWAPPED",
    "swap_norms": "TENSORS_SWAPPED",
    "wrong_layer": "TENSORS_SWAPPED TENSOR_DUPLICATED",
    "layers_swapped": "TENSORS_SWAPPED",
    "off_by_one_row": "DATA_SHIFTED ROWS_PERMUTED",
    "embd_off_by_one": "DATA_SHIFTED ROWS_PERMUTED",
    "heads_reversed": "ROWS_PERMUTED",
    "kv_heads_swapped": "ROWS_PERMUTED",
    "block_roll": "DATA_SHIFTED",
    "one_block_zeroed": "ZEROED_REGION VALUES_CORRUPTED",
    "one_element_x2": "VALUES_CORRUPTED",
    "q4k_nibble_swap": "QUANT_NIBBLE_ORDER",
    "q4k_sequential_nibbles": "QUANT_NIBBLE_ORDER",
    "q4k_scale_packing": "QUANT_SCALE_PACKING",
    "q4k_scale_min_swapped": "QUANT_SCALE_PACKING",
    "q4k_dmin_zero": "QUANT_SCALE_PACKING",
    "q5k_high_bits_dropped": "QUANT_NIBBLE_ORDER",
    "q6k_high_bits_order": "QUANT_NIBBLE_ORDER",
    "q8_0_unsigned": "QUANT_NIBBLE_ORDER QUANT_SCALE_PACKING DTYPE_CONFUSED",
    "q4_0_interleaved": "QUANT_NIBBLE_ORDER",
    "endian_swapped": "BYTE_ORDER",
    "rope_theta": "CONFIG_MISMATCH",
    "rms_eps": "CONFIG_MISMATCH",
    "norm_plus_one": "NORM_OFFSET",
    "rope_freqs_dropped": "TENSOR_MISSING CONFIG_MISMATCH",
    "bias_permuted": "BIAS_WRONG QK_PERMUTED",
    "qk_norm_swapped": "TENSORS_SWAPPED",
    "lm_head_stale_untied": "CONFIG_MISMATCH DATA_SHIFTED ROWS_PERMUTED",
    "lm_head_replaced_by_embd": "TENSOR_DUPLICATED CONFIG_MISMATCH",
}
# Faults of one type's layout, by the beginning of their name: the files with such tensors.
TYPED = {
    "q4k": ("q4_k",),
    "q5k": ("q5_k",),
    "q6k": ("q6_k", "q4_k_m"),
    "q8_0": ("q8_0", "q6_k"),
    "q4_0": ("q4_0",),
    "type_label_q4_0": ("q4_0", "iq4_nl"),
    "type_label_f16": (":f16",),
    "type_label_bf16": (":bf16",),
    "dtype_label_bf16": ("bf16",),
    "transpose": ("f32", "f16"),
    "one_element": ("f32", "f16"),
    "endian": (":f32",),
    "control_f32": (":f32",),
}
BENIGN = ("control", "shape_swap_only")  # reversed dims over the right data are told, and MATCH
FIELDS = {
    "rope_theta": "rope_theta",
    "rms_eps": "rms_norm_eps",
    "head_count_kv_wrong": "num_kv_heads",
}
ROLES = {
    "attn_output": "attn_out",
    "attn_q": "q",
    "attn_k": "k",
    "attn_v": "v",
    "self_attn.q_proj": "q",
    "self_attn.k_proj": "k",
    "self_attn.v_proj": "v",
    "self_attn.o_proj": "attn_out",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def subjects(fault: str, changed: list[str]) -> list[str]:
    """What the first diagnosis may be about, in our names; a name that ends in '.' is a beginning."""
    if fault in FIELDS:
        return [FIELDS[fault]]
    if fault == "lm_head_stale_untied":
        return ["output.weight", "tied_embeddings"]
    result = []
    for name in changed:
        if name == "<tail>":
            return [""]
        whole = {
            "token_embd.weight": "embedding.weight",
            "model.embed_tokens.weight": "embedding.weight",
        }
        name = whole.get(name, name).removeprefix("model.")
        if name.startswith(("blk.", "layers.")):
            _, layer, rest = name.split(".", 2)
            kind, _, end = rest.rpartition(".")
            name = f"layers.{layer}.{ROLES.get(kind, kind)}.{end}" if kind else f"layers.{layer}."
        result.append(name)
    return result


def about(subject: str | None, wanted: list[str]) -> bool:
    return any(
        subject == name or name.endswith(".") and (subject or "").startswith(name) or not name
        for name in wanted
    )


def judge(fault: str, changed: list[str], report: dict) -> dict:
    found = command.causes(report)
    if fault.startswith(BENIGN):
        return {"benign": True, "right": report["verdict"] == "MATCH"}
    first = found[0] if found else {"code": None, "subject": None, "proof": None}
    codes, wanted = CODES[fault].split(), subjects(fault, changed)
    refused = report["verdict"] == "REFUSED"
    detected = report["verdict"] == "DIVERGED" or refused and first["code"] in codes
    named = detected and first["code"] in codes
    wrong = [
        f"{d['code']} {d['subject']}"
        for d in found
        if d["proof"] == "PROVEN" and not (d["code"] in codes and about(d["subject"], wanted))
    ]
    return {
        "benign": False,
        "detected": detected,
        "named": named,
        "located": named and (refused or about(first["subject"], wanted)),
        "proven": named and first["proof"] == "PROVEN",
        "wrongProven": wrong,
        "right": named,
    }


def fits(fault: str, file: str) -> bool:
    kinds = next((kinds for start, kinds in TYPED.items() if fault.startswith(start)), ("",))
    return any(kind in file for kind in kinds)


def run(settings: Settings) -> None:
    checks = Checks(settings, "faults")
    if settings.mutate is None:
        checks.add("all faults", "not run", "no mutate.py: give --mutate FILE or ROSETTA_SHARED")
        return
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=settings.work) as folder:
        plant(settings, checks, Maker(settings.mutate, Path(folder)))


def plant(settings: Settings, checks: Checks, maker: Maker) -> None:
    files = Files(settings)
    reports = settings.work / "reports" / "faults"
    reports.mkdir(parents=True, exist_ok=True)
    cases = [
        ("gguf", fault, file) for fault in maker.mutate.M for file in GGUF if fits(fault, file)
    ]
    cases += [
        ("folder", fault, file)
        for fault in maker.mutate.STM
        for file in FOLDERS
        if fits(fault, file)
    ]
    planted = set()
    for number, (kind, fault, file) in enumerate(cases):
        name = f"{fault} in {file}"
        if not checks.wants(name):
            continue
        layers = list(range(29))
        random.Random(number).shuffle(layers)
        try:
            source = files.get(file)
            other = files.get(OTHERS[kind][number % 2])
        except Unavailable as reason:
            checks.add(name, "not run", str(reason))
            continue
        made = (maker.gguf if kind == "gguf" else maker.hf)(fault, source, layers)
        if made is None:
            continue
        planted.add(fault)
        mutant, changed = made
        subtle = kind == "gguf" and maker.mutate.M[fault][1] == "subtle"
        for partner, path in (("origin", source), ("other precision", other)):
            if subtle and partner != "origin" and fault != "rms_eps":
                continue  # smaller than what the coarser type rounds off
            sides = (path, mutant) if number % 2 else (mutant, path)
            report = command.compare(settings, *sides)
            result = judge(fault, changed, report)
            if not result["right"] or result.get("wrongProven"):
                (reports / f"{number}-{partner.split()[0]}.json").write_text(json.dumps(report))
            checks.add(
                f"{name} against {partner}",
                "pass" if result["right"] else "fail",
                command.told(report) if not result["right"] or result.get("wrongProven") else "",
                fault=fault,
                kind=kind,
                changed=changed,
                seconds=report["seconds"],
                partner=str(path),
                **result,
            )
    for kind, names in (("gguf", maker.mutate.M), ("folder", maker.mutate.STM)):
        for fault in names:
            if not settings.match and settings.every == 1 and fault not in planted:
                checks.add(
                    f"{fault} ({kind})",
                    "not run",
                    "does not apply to this model: it has no such tensors",
                    fault=fault,
                )
                planted.add(fault)
