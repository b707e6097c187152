"""Part c: what `rosetta trace` captures against transformers and llama.cpp, on real prompts.

The distance of two captures of a point is the L2 norm of their difference over that of the reference.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from transformers import AutoTokenizer

import command
import llama
from files import Files, Unavailable
from settings import Checks, Settings
from smollm import half_split

PROMPTS = {
    "prose": "The lighthouse keeper wrote in his log that the storm of 1907 had lasted three days.",
    "code": "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n",
    "chat": "<|im_start|>user\nWhat is 17 + 25?<|im_end|>\n<|im_start|>assistant\n",
}
BOUND = 1e-5
# llama.cpp rounds the activations that it multiplies with a weight to that weight's own type: to float16
# (2^-11) for F16, to bfloat16 (2^-8) for BF16. Such errors of each operation are independent and add up
# over 30 layers of 7 multiplications as a root: about 15 times one. For quantised weights it rounds
# them to 8 bits in blocks, which one outlier in a block makes coarse without a bound that says anything.
LLAMA = {"f32": BOUND, "f16": 15 * 2.0**-11, "bf16": 15 * 2.0**-8}


def relative(ours: np.ndarray, reference: np.ndarray) -> float:
    ours, reference = ours.astype(np.float64), reference.astype(np.float64)
    return float(np.linalg.norm(ours - reference) / np.linalg.norm(reference))


def worst(ours: dict, reference: dict) -> tuple[float, str, int]:
    """The largest distance, where it is and how many points were compared."""
    shared = [name for name in reference if name in ours]
    distances = {name: relative(ours[name], reference[name]) for name in shared}
    where = max(distances, key=distances.get)
    return distances[where], where, len(shared)


def un_permute(points: dict) -> dict:
    """llama.cpp's Q and K have the two halves of a head interleaved; ours are brought to one order."""
    heads = {"q": 9, "k": 3, "q_rope": 9, "k_rope": 3}
    return {
        name: half_split(value.T, heads[kind]).T
        if (kind := name.split(".")[-1]) in heads
        else value
        for name, value in points.items()
    }


def ours(settings: Settings, model: Path, ids: list[int], target: Path) -> dict:
    done = command.run(
        settings,
        "trace",
        model,
        "--tokens",
        ",".join(map(str, ids)),
        "-o",
        target,
        "--quiet",
        "--no-progress",
    )
    if done.returncode:
        raise Unavailable(f"rosetta trace: exit {done.returncode}: {done.stderr.strip()[-300:]}")
    return load_file(target)


def run(settings: Settings) -> None:
    checks = Checks(settings, "activations")
    files = Files(settings)
    folder = files.get("noisy-f32")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    traces = settings.work / "traces"
    traces.mkdir(exist_ok=True)

    def judge(name, mine, theirs, bound):
        distance, where, count = worst(mine, theirs)
        detail = f"{distance:.1e} of {bound:.1e} at {where}, {count} points"
        checks.add(
            name,
            "pass" if distance <= bound else "fail",
            detail,
            distance=distance,
            bound=bound,
            point=where,
            points=count,
        )

    for prompt, text in PROMPTS.items():
        ids = tokenizer(text).input_ids
        mine = ours(settings, folder, ids, traces / "ours.safetensors")
        for kind in ("float64", "float32"):
            name = f"transformers {kind}, {prompt}"
            if not checks.wants(name):
                continue
            target = traces / f"transformers-{kind}-{prompt}.npz"
            script = Path(__file__).with_name("reference.py")
            subprocess.run(
                [sys.executable, script, folder, ",".join(map(str, ids)), kind, target],
                check=True,
                capture_output=True,
            )
            judge(name, mine, dict(np.load(target)), BOUND)
        for kind, bound in LLAMA.items():
            name = f"llama.cpp {kind}, {prompt}"
            if not checks.wants(name):
                continue
            try:
                if "llama-cpp-python" in settings.missing:
                    raise Unavailable(settings.missing["llama-cpp-python"])
                model = files.get(f"convert:noisy-f32:{kind}")
                target = traces / f"llama-{kind}-{prompt}.npz"
                llama.call("trace", model, ",".join(map(str, ids)), target)
                judge(
                    name,
                    ours(settings, model, ids, traces / "ours.safetensors"),
                    un_permute(dict(np.load(target))),
                    bound,
                )
            except (Unavailable, RuntimeError) as reason:
                checks.add(name, "not run", str(reason))
