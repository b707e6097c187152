"""llama.cpp through llama-cpp-python's bindings; one process a call, because a failed assertion of
its C++ code ends the process.

  llama.py quantize IN.gguf OUT.gguf TYPE [IMPORTANCE.npz]
  llama.py trace MODEL.gguf 1,2,3 OUT.npz
  llama.py greedy MODEL.gguf 1,2,3 COUNT
"""

import ctypes
import subprocess
import sys
from pathlib import Path

# Types of the quantiser by llama_ftype; the second set needs an importance matrix. Ternary types
# are for models trained so, and are left out.
TYPES = {
    "q4_0": 2,
    "q4_1": 3,
    "q5_0": 8,
    "q5_1": 9,
    "q8_0": 7,
    "q2_k": 10,
    "q3_k_s": 11,
    "q3_k_m": 12,
    "q3_k_l": 13,
    "q4_k_s": 14,
    "q4_k_m": 15,
    "q5_k_s": 16,
    "q5_k_m": 17,
    "q6_k": 18,
    "iq4_nl": 25,
    "iq4_xs": 30,
    "iq3_s": 26,
    "iq3_m": 27,
    "f16": 1,
    "bf16": 32,
}
IMPORTANCE_TYPES = {
    "iq3_xxs": 23,
    "iq3_xs": 22,
    "iq2_xxs": 19,
    "iq2_xs": 20,
    "iq2_s": 28,
    "iq2_m": 29,
    "q2_k_s": 21,
    "iq1_s": 24,
    "iq1_m": 31,
}


def call(*arguments) -> str:
    """Runs this file as a process of its own; an error tells the end of what llama.cpp said."""
    command = [sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"llama.cpp: exit {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


def quantize(source: str, target: str, kind: str, importance: str | None = None) -> None:
    import llama_cpp
    import numpy as np

    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = (TYPES | IMPORTANCE_TYPES)[kind]
    params.nthread = 1
    params.allow_requantize = True
    if importance:
        values = {
            name: np.ascontiguousarray(array, np.float32)
            for name, array in np.load(importance).items()
        }
        rows = (llama_cpp.llama_model_imatrix_data * (len(values) + 1))()  # ends with a null name
        for row, (name, array) in zip(rows, values.items()):
            row.name = name.encode()
            row.data = array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
            row.size = array.size
        params.imatrix = rows
    part = target + ".part"
    if llama_cpp.llama_model_quantize(source.encode(), part.encode(), ctypes.byref(params)):
        raise RuntimeError(f"llama_model_quantize refused {kind}")
    Path(part).rename(target)


class Node:
    """What the evaluation callback is given: a ggml_tensor, read through ggml's own functions."""

    def __init__(self, libraries: Path):
        self.ggml = ctypes.CDLL(str(libraries / "libggml-base.so"))
        self.ggml.ggml_get_name.restype = self.ggml.ggml_op_desc.restype = ctypes.c_char_p
        self.ggml.ggml_nbytes.restype = ctypes.c_size_t
        self.ggml.ggml_is_contiguous.restype = ctypes.c_bool
        for function in ("ggml_get_name", "ggml_op_desc", "ggml_nbytes", "ggml_is_contiguous"):
            getattr(self.ggml, function).argtypes = [ctypes.c_void_p]
        self.ggml.ggml_backend_tensor_get.argtypes = [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_size_t,
        ]

    def name(self, tensor) -> str:
        return self.ggml.ggml_get_name(tensor).decode()

    def operation(self, tensor) -> str:
        return self.ggml.ggml_op_desc(tensor).decode()

    def values(self, tensor, tokens: int):
        """[tokens, width] float32; None for another type or a view with gaps."""
        import numpy as np

        kind = ctypes.c_int.from_address(tensor).value
        if kind != 0 or not self.ggml.ggml_is_contiguous(tensor):
            return None
        buffer = np.empty(self.ggml.ggml_nbytes(tensor) // 4, np.float32)
        self.ggml.ggml_backend_tensor_get(tensor, buffer.ctypes.data, 0, buffer.nbytes)
        return buffer.reshape(tokens, -1) if buffer.size % tokens == 0 else None


POINTS = {
    "inp_embd": "embedding",
    "attn_norm": "attn_norm",
    "kqv_out": "attn_context",
    "attn_out": "attn_out",
    "ffn_inp": "attn_residual",
    "ffn_norm": "ffn_norm",
    "ffn_gate": "ffn_gate",
    "ffn_up": "ffn_up",
    "ffn_swiglu": "ffn_act",
    "ffn_gate_par": "ffn_act",
    "ffn_out": "ffn_out",
    "l_out": "output",
    "result_norm": "final_norm",
    "result_output": "logits",
}


def point(name: str, operation: str) -> str | None:
    """Our name of a node of llama.cpp's graph."""
    base, _, layer = name.rpartition("-")
    if not layer.isdigit():
        base, layer = name, ""
    if base in ("Qcur", "Kcur", "Vcur"):
        base = base[0].lower() + ("_rope" if operation.startswith("ROPE") else "")
    elif base in POINTS:
        base = POINTS[base]
    else:
        return None
    return f"layers.{layer}.{base}" if layer else base


def context(model_path: str, callback=None, count: int = 512):
    """Model and context in float32 wherever the engine can be told to: the cache, no flash attention."""
    import llama_cpp

    llama_cpp.llama_backend_init()
    model_params = llama_cpp.llama_model_default_params()
    model_params.n_gpu_layers = 0
    model = llama_cpp.llama_model_load_from_file(model_path.encode(), model_params)
    if not model:
        raise RuntimeError(f"llama.cpp cannot load {model_path}")
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = count
    params.n_threads = params.n_threads_batch = 1  # its threads wait busily; others work here too
    params.type_k = params.type_v = 0
    params.flash_attn_type = 0
    if callback:
        params.cb_eval = callback
    ctx = llama_cpp.llama_init_from_model(model, params)
    if not ctx:
        raise RuntimeError("llama.cpp makes no context")
    return model, ctx


def decode(ctx, ids: list[int], start: int) -> None:
    import llama_cpp

    batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids):
        batch.token[i], batch.pos[i] = token, start + i
        batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        batch.logits[i] = True
    if llama_cpp.llama_decode(ctx, batch):
        raise RuntimeError("llama_decode failed")
    llama_cpp.llama_batch_free(batch)


def trace(model_path: str, tokens: str, target: str) -> None:
    import llama_cpp
    import numpy as np

    ids = [int(t) for t in tokens.split(",")]
    node = Node(Path(llama_cpp.__file__).parent / "lib")
    captured = {}

    @llama_cpp.ggml_backend_sched_eval_callback
    def callback(tensor, ask, _):
        where = point(node.name(tensor), node.operation(tensor))
        if ask:
            return where is not None
        values = node.values(tensor, len(ids))
        if values is not None:
            captured[where] = values
        return True

    _, ctx = context(model_path, callback)
    decode(ctx, ids, 0)
    np.savez(target, **captured)


def greedy(model_path: str, tokens: str, count: str) -> None:
    import llama_cpp
    import numpy as np

    ids = [int(t) for t in tokens.split(",")]
    model, ctx = context(model_path)
    width = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    decode(ctx, ids, 0)
    place, length, out = len(ids) - 1, len(ids), []
    for _ in range(int(count)):
        logits = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(ctx, place), (width,))
        out.append(int(logits.argmax()))
        decode(ctx, out[-1:], length)
        place, length = 0, length + 1
    print(",".join(map(str, out)))


if __name__ == "__main__":
    {"quantize": quantize, "trace": trace, "greedy": greedy}[sys.argv[1]](*sys.argv[2:])
