"""An importance matrix: the mean square of what each column of each weight is multiplied with,
over a few texts, as llama.cpp's own tool computes it. Measured with transformers.

  importance.py FOLDER OUT.npz
"""

import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer, LlamaForCausalLM

from smollm import gguf_name

TEXTS = [
    "The river that runs through the old town has been crossed by three bridges since the year 1348, "
    "and each of them was carried away by a flood.",
    "def mean(values):\n    total = 0.0\n    for value in values:\n        total += value\n    return total / len(values)\n",
    "Question: If a train leaves at 9:40 and arrives at 13:05, how long does it travel?\nAnswer: 3 hours and 25 minutes.",
    "Pour les enfants, l'été commence quand l'école est finie; für die Eltern beginnt dann die Arbeit.",
    "Water boils at 100 °C at sea level because its vapour pressure there equals that of the air above it.",
]


def measure(folder: Path) -> dict[str, np.ndarray]:
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    sums, rows = {}, 0

    def hook(name):
        def add(_, inputs, __):
            sums[name] = sums.get(name, 0) + inputs[0].double().square().sum(dim=(0, 1))

        return add

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and name.startswith("model.layers."):
            module.register_forward_hook(hook(gguf_name(name)))
    with torch.no_grad():
        for text in TEXTS:
            ids = tokenizer(text, return_tensors="pt").input_ids
            model(ids)
            rows += ids.shape[1]
    return {name: (total / rows).float().numpy() for name, total in sums.items()}


if __name__ == "__main__":
    np.savez(sys.argv[2], **measure(Path(sys.argv[1])))
