"""Plants a fault of the shared data's mutate.py in a copy of a GGUF file or Hugging Face folder."""

import importlib.util
import json
import shutil
import struct
from pathlib import Path


def write_gguf(g, path: Path) -> None:
    """As mutate.py's own write, but without copying the file once for each tensor."""

    def text(s):
        raw = s.encode("utf8", "surrogateescape")
        return struct.pack("<Q", len(raw)) + raw

    head = [b"GGUF", struct.pack("<IQQ", g.ver, len(g.t), len(g.kv))]
    head += [text(key) + struct.pack("<I", kind) + value for key, kind, value in g.kv]
    offset = 0
    for name, dims, kind, raw in g.t:
        place = offset + g.offfix.get(name, 0)
        head.append(text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, place))
        offset += len(raw) + -len(raw) % g.align
    with open(path, "wb") as file:
        file.write(b"".join(head))
        file.write(b"\0" * (-file.tell() % g.align))
        for _, _, _, raw in g.t:
            file.write(raw)
            file.write(b"\0" * (-len(raw) % g.align))
        if g.trunc:
            file.truncate(file.tell() - g.trunc)


class Maker:
    """Plants a fault of mutate.py in a copy of a file."""

    def __init__(self, script: Path, folder: Path):
        spec = importlib.util.spec_from_file_location("mutate", script)
        self.mutate = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.mutate)
        self.folder = folder

    def gguf(self, fault: str, source: Path, layers: list[int]) -> tuple[Path, list[str]] | None:
        """In the first of the layers where the fault can be."""
        g = self.mutate.G(str(source))
        if fault.startswith(("q4k", "q5k")):
            # Rows of 576 are no multiple of 256: of this model, ffn_down alone is in K-quants.
            get = g.get
            g.get = lambda name: get(name.replace("ffn_gate", "ffn_down"))
        for layer in layers:
            try:
                changed = self.mutate.M[fault][2](g, layer)
            except (KeyError, TypeError, AttributeError):  # no such type, tensor or layer
                changed = None
            if changed is not None:
                target = self.folder / "mutant.gguf"
                write_gguf(g, target)
                return target, changed
        return None

    def hf(self, fault: str, source: Path, layers: list[int]) -> tuple[Path, list[str]] | None:
        tensors = self.mutate.st_load(str(source))
        config = json.loads((source / "config.json").read_text())
        changed = self.mutate.st_mut(fault, tensors, config, layers[0])
        if changed is None:
            return None
        target = self.folder / "mutant"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        names = sorted(tensors)
        head, offset = {}, 0
        for name in names:
            dtype, shape, raw = tensors[name]
            head[name] = {
                "dtype": dtype,
                "shape": shape,
                "data_offsets": [offset, offset + len(raw)],
            }
            offset += len(raw)
        text = json.dumps(head).encode()
        text += b" " * (-len(text) % 8)
        with open(target / "model.safetensors", "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for name in names:
                file.write(tensors[name][2])
            if fault == "truncated_data":
                file.truncate(file.tell() - 1000)
        (target / "config.json").write_text(json.dumps(config))
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(source / name, target)
        return target, changed
