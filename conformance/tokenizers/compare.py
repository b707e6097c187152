#!/usr/bin/env python3
"""Compares Rosetta's tokenizer with Hugging Face's on generated lines of mixed scripts.

usage: compare.py ROSETTA FOLDER... [--lines 10000] [--seed 1]

ROSETTA is the command `rosetta`; each FOLDER holds a tokenizer.json beside a model. Ends with 1 if
any line has other ids, with 2 if a folder could not be compared. Needs the package `tokenizers`.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import tokenizers

RANGES = [
    (0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0x30, 0x39), (0xA1, 0xFF), (0x100, 0x17F),
    (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x5FF), (0x600, 0x6FF),
    (0x900, 0x97F), (0xE00, 0xE7F), (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
    (0x2000, 0x206F), (0x1F300, 0x1F64F), (0x1F3FB, 0x1F3FF), (0xFF01, 0xFF5E),
]
PIECES = [
    "I'm", "WE'LL", "don't", "'s", "'S", "  ", "    ", "\t", "1234567", "3.14", "=>", "!=", "//",
    "def f(x):", "the", "quick", "brown", "HTTPServer", "caf\u00e9", "cafe\u0301", "\u200d",
    "\U0001F469\u200D\U0001F4BB", "<|im_end|>", "<|endoftext|>", "</s>", "...", "\u00a0",
]


def line(rng):
    """One text without a line break."""
    parts = []
    for _ in range(rng.randrange(1, 12)):
        if rng.random() < 0.5:
            parts.append(rng.choice(PIECES))
        else:
            low, high = rng.choice(RANGES)
            parts.append("".join(chr(rng.randint(low, high)) for _ in range(rng.randrange(1, 9))))
        if rng.random() < 0.6:
            parts.append(" ")
    # What ends a line for a reader of the file is left out.
    return "".join(c for c in "".join(parts) if c not in "\n\r\u2028\u2029\u0085\x0b\x0c")


def rosetta(command, folder, lines):
    with tempfile.TemporaryDirectory() as scratch:
        file = pathlib.Path(scratch, "lines.txt")
        file.write_text("".join(text + "\n" for text in lines), encoding="utf-8")
        run = subprocess.run(
            [command, "tokenize", str(folder), "--file", str(file), "--bos", "off"],
            capture_output=True, text=True, encoding="utf-8")
    if run.returncode != 0:
        raise RuntimeError(run.stderr.strip())
    return [json.loads(row) for row in run.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rosetta")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    lines = [line(rng) for _ in range(args.lines)]
    status = 0
    for folder in args.folders:
        try:
            ours = rosetta(args.rosetta, folder, lines)
            theirs = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as e:  # the library raises plain Exception
            print(f"{folder}: not compared: {e}")
            status = 2
            continue
        if len(ours) != len(lines):
            print(f"{folder}: not compared: {len(ours)} answers to {len(lines)} lines")
            status = 2
            continue
        other = [
            (text, mine, ids)
            for text, mine, ids in zip(
                lines, ours, (theirs.encode(t, add_special_tokens=False).ids for t in lines))
            if mine != ids
        ]
        print(f"{folder}: {len(lines) - len(other)} of {len(lines)} lines have the same ids"
              f" (seed {args.seed}, tokenizers {tokenizers.__version__})")
        for text, mine, ids in other[:5]:
            print(f"  {text!r}\n    rosetta      {mine}\n    Hugging Face {ids}")
        if other:
            status = max(status, 1)
    return status


if __name__ == "__main__":
    sys.exit(main())
