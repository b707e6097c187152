"""Part e: APR files that aprender writes are read; files that we write are loaded by aprender, and
GGUF files that we write by llama.cpp, and give the same tokens.
"""

import json
import subprocess
from pathlib import Path

from safetensors.numpy import load_file
from tokenizers import Tokenizer

import command
import llama
from files import Files, Unavailable
from settings import Checks, Settings

PROMPT = "The lighthouse keeper wrote in his log that"
COUNT = 16
# How aprender imports: name, source, options.
IMPORTS = [
    ("f32", "noisy-f32", []),
    ("bf16 source", "noisy-bf16", []),
    ("fp16", "noisy-f32", ["--quantize", "fp16"]),
    ("int8", "noisy-f32", ["--quantize", "int8"]),
    ("int4", "noisy-f32", ["--quantize", "int4"]),
    ("GGUF f16", "convert:noisy-f32:f16", []),
    ("GGUF q8_0", "llama:noisy:q8_0", []),
    ("GGUF q4_k_m", "llama:noisy:q4_k_m", []),
    ("GGUF q4_k_m kept", "llama:noisy:q4_k_m", ["--preserve-q4k"]),
]
# Both other engines round activations to 8 bits before they multiply them with quantised weights; ours does not.
# Two tokens whose logits are nearer than this may then change places.
EIGHT_BITS = 0.5
WRITTEN = ["f32", "f16", "q8_0", "q4_0", "q4_k_m", "q6_k"]


def gaps(settings: Settings, model: Path, ids: list[int], theirs: list[int]) -> list[float]:
    """By how much, at each step, our logit of the token that the other engine chose is below our largest."""
    target = settings.work / "traces" / "tokens.safetensors"
    target.parent.mkdir(exist_ok=True)
    read = ",".join(map(str, ids + theirs[:-1]))
    done = command.run(
        settings, "trace", model, "--tokens", read, "-o", target, "--quiet", "--no-progress"
    )
    if done.returncode:
        raise Unavailable(f"rosetta trace: {said(done)}")
    logits = load_file(target)["logits"][len(ids) - 1 :]
    return [float(row.max() - row[token]) for row, token in zip(logits, theirs, strict=True)]


def said(done: subprocess.CompletedProcess) -> str:
    lines = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()
    return f"exit {done.returncode}: {lines[-1][:200]}"


def by_apr(settings: Settings, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [settings.apr, *map(str, arguments)], capture_output=True, text=True, timeout=1800
    )


def imported(settings: Settings, checks: Checks, files: Files) -> None:
    folder = settings.work / "apr-files"
    folder.mkdir(exist_ok=True)
    for kind, source, options in IMPORTS:
        name = f"aprender's import of {source} ({kind}) is read and MATCH"
        if not checks.wants(name):
            continue
        if settings.apr is None:
            checks.add(name, "not run", settings.missing.get("apr-cli", "apr is not installed"))
            continue
        try:
            path = files.get(source)
        except Unavailable as reason:
            checks.add(name, "not run", str(reason))
            continue
        target = folder / f"{kind.replace(' ', '-')}.apr"
        target.unlink(missing_ok=True)
        origin = path / "model.safetensors" if path.is_dir() else path
        done = by_apr(settings, "import", origin, "-o", target, *options)
        if done.returncode or not target.exists():
            checks.add(name, "not run", f"apr import: {said(done)}")
            continue
        report = command.compare(settings, target, path)
        checks.add(
            name,
            "pass" if report["verdict"] == "MATCH" else "fail",
            command.told(report),
            a=str(target),
            b=str(path),
        )


def written(settings: Settings, checks: Checks, files: Files) -> None:
    ids = Tokenizer.from_file(str(files.get("noisy-f32") / "tokenizer.json")).encode(PROMPT).ids
    for kind in WRITTEN:
        for engine, suffix in (("aprender", "apr"), ("llama.cpp", "gguf")):
            name = f"our {kind}.{suffix} in {engine} gives our tokens"
            if not checks.wants(name):
                continue
            if engine == "aprender" and settings.apr is None:
                checks.add(name, "not run", settings.missing.get("apr-cli", "apr is not installed"))
                continue
            if engine == "llama.cpp" and "llama-cpp-python" in settings.missing:
                checks.add(name, "not run", settings.missing["llama-cpp-python"])
                continue
            try:
                model = files.get(f"rosetta:noisy:{kind}.{suffix}")
                if engine == "aprender":
                    done = by_apr(
                        settings,
                        "run",
                        model,
                        "--prompt",
                        PROMPT,
                        "-n",
                        COUNT,
                        "--no-gpu",
                        "--json",
                        "--offline",
                    )
                    if done.returncode:
                        raise RuntimeError(f"apr run: {said(done)}")
                    theirs = json.loads(done.stdout[done.stdout.index("{") :])["tokens"]
                else:
                    theirs = [
                        int(t)
                        for t in llama.call("greedy", model, ",".join(map(str, ids)), COUNT).split(
                            ","
                        )
                    ]
            except Unavailable as reason:
                checks.add(name, "not run", str(reason))
                continue
            except (RuntimeError, ValueError, KeyError) as refused:
                checks.add(name, "fail", str(refused))
                continue
            theirs = theirs[len(ids) :] if theirs[: len(ids)] == ids else theirs
            if len(theirs) != COUNT:
                checks.add(name, "fail", f"{engine} gave {len(theirs)} tokens of {COUNT}: {theirs}")
                continue
            below = gaps(settings, model, ids, theirs)
            allowed = 0.0 if kind in ("f32", "f16") else EIGHT_BITS
            detail = f"{sum(gap == 0 for gap in below)} of {COUNT} steps choose the same token, the widest gap is {max(below):.2g}"
            checks.add(name, "pass" if max(below) <= allowed else "fail", detail, gaps=below)


def run(settings: Settings) -> None:
    checks = Checks(settings, "apr")
    files = Files(settings)
    imported(settings, checks, files)
    written(settings, checks, files)
