"""Part d: our tokenizer against Hugging Face's on 10,000 lines.

Half of the lines are those of the text files that the Python packages bring with them, half are drawn,
seeded, from what pre-tokenizers branch on. They are tokenised in pieces of about 60 kB, line ends
included, so that few processes are needed. `tokenizers/compare.py`, where it is there, goes further.
"""

import json
import random
import subprocess
import sys
import sysconfig
from pathlib import Path

from tokenizers import Tokenizer

import command
from files import Files
from settings import Checks, Settings

LINES = 10_000
SEED = 20261201
# fmt: off
DRAWN = [
    "the", " The", "don't", "we'LL", "I'm", "12345", "3.14", "1e-9", "½", "٣٤", "  ", "   ",
    "\t", "\u00a0", "\u3000", "naïve", "nai\u0308ve", "Straße", "ÉCOLE", "Привет", "мир", "你好",
    "世界", "こんにちは", "カタカナ", "한국어", "한", "עברית", "العربية", "हिन्दी", "ไทย", "👍", "👩‍👩‍👧", "🏳️‍🌈",
    "\u200d", "\ufeff", "…", "—", "“", "”", "$", "€", "{", "}", "()", "->", "==", "!=", "//",
    "#", "\\n", "<br/>", "@", "_", "__init__", "camelCase", "x_y", "http://a.b/c?d=e&f=%20", ".",
    ",", "!", "?!", "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|im_start", "\x01", "\x7f",
    "\U0001d54f", "\U00010348",
]
# fmt: on


def lines() -> list[str]:
    result = []
    packages = Path(sysconfig.get_paths()["purelib"])
    for path in sorted(packages.glob("*/**/*.py"), key=lambda p: (p.stat().st_size % 1009, str(p))):
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        result += [
            line
            for line in text.split("\n")
            if 0 < len(line) < 200 and "\0" not in line and "\r" not in line
        ][:40]
        if len(result) >= LINES // 2:
            break
    draw = random.Random(SEED)
    result = result[: LINES // 2]
    while len(result) < LINES:
        result.append(
            "".join(
                draw.choice(DRAWN) + draw.choice(["", "", " "]) for _ in range(draw.randint(1, 12))
            )
        )
    return result


def pieces(text: list[str]) -> list[str]:
    result, piece = [], ""
    for line in text:
        piece += line + "\n"
        if len(piece.encode()) > 60_000:
            result.append(piece)
            piece = ""
    return [*result, piece] if piece else result


def first_difference(piece: str, ours: list[int], theirs) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs.ids)) if a != b),
        min(len(ours), len(theirs.ids)),
    )
    if at >= len(theirs.ids):
        return "ours has more ids"
    start = theirs.offsets[at][0]
    line = piece.count("\n", 0, start)
    return f"first in {piece.splitlines()[line]!r}: ours {ours[at : at + 4]}, theirs {theirs.ids[at : at + 4]}"


def run(settings: Settings) -> None:
    checks = Checks(settings, "tokens")
    folder = Files(settings).get("noisy-f32")
    reference = Tokenizer.from_file(str(folder / "tokenizer.json"))
    every = lines()
    for model, path in (
        ("Hugging Face folder", folder),
        ("published GGUF", Files(settings).get("package")),
    ):
        name = f"SmolLM2, {model}"
        if not checks.wants(name):
            continue
        done, wrong, total = 0, [], pieces(every)
        for piece in total:
            said = command.run(
                settings, "tokenize", path, "--format", "json", "--bos", "off", "--", piece
            )
            ids = json.loads(said.stdout).get("ids", []) if said.returncode == 0 else []
            theirs = reference.encode(piece, add_special_tokens=False)
            done += len(theirs.ids)
            if ids != theirs.ids:
                wrong.append(
                    first_difference(piece, ids, theirs) if ids else said.stderr.strip()[-200:]
                )
        detail = f"{len(every)} lines, {done} ids; {len(wrong)} of {len(total)} pieces differ" + (
            f", {wrong[0]}" if wrong else ""
        )
        checks.add(name, "fail" if wrong else "pass", detail, differences=wrong)
    further = Path(__file__).with_name("tokenizers") / "compare.py"
    name = "every tokenizer family (tokenizers/compare.py)"
    if not checks.wants(name):
        return
    if not further.exists():
        checks.add(name, "not run", "conformance/tokenizers/compare.py is not there")
        return
    done = subprocess.run(
        [
            sys.executable,
            further,
            "--rosetta",
            settings.rosetta,
            "--work",
            settings.work / "tokenizers",
        ],
        capture_output=True,
        text=True,
    )
    last = ((done.stdout + done.stderr).strip().splitlines() or ["no output"])[-1]
    checks.add(name, "fail" if done.returncode else "pass", last)
