"""Part a: every healthy pair of real files is MATCH, whatever wrote them."""

import json
from itertools import pairwise

import command
import llama
from files import Files, Unavailable
from settings import Checks, Settings


def pairs() -> list[tuple[str, str]]:
    result = [
        ("level-f32", "package"),
        ("convert:level-f32:f32", "package"),
        ("package", "llama:level:q4_0"),
        ("package", "llama:level:q4_1"),
        ("package", "llama:level:q4_k_m"),
    ]
    for source in ("level", "noisy"):
        f32, bf16, f16 = (f"{source}-{dtype}" for dtype in ("f32", "bf16", "f16"))
        quantised = [f"llama:{source}:{kind}" for kind in llama.TYPES]
        weighted = [
            f"llama:{source}:{kind}:importance"
            for kind in [*llama.TYPES, *llama.IMPORTANCE_TYPES]
            if kind not in ("f16", "bf16", "q8_0")
        ]
        converted = [f"convert:{f32}:{kind}" for kind in ("f32", "f16", "bf16", "q8_0")]
        result += [(f32, bf16), (f16, f32), (bf16, f16)]
        result += [(f32, file) for file in converted]
        result += [(f"convert:{bf16}:{kind}", bf16) for kind in ("bf16", "f16", "q8_0")]
        result += [(f32, file) for file in quantised + weighted]
        if source == "noisy":
            # another precision of the original; quantised against quantised: neighbours in the list,
            # and with importance against without
            result += [(file, bf16) for file in quantised + weighted[-9:]]
            result += list(pairwise(quantised))
            result += [
                (f"llama:{source}:{kind}", f"llama:{source}:{kind}:importance")
                for kind in llama.TYPES
                if kind not in ("f16", "bf16", "q8_0")
            ]
            result += [(file, f"convert:{f32}:q8_0") for file in weighted]
        for kind in ("q4_0", "q4_k_m", "q5_k_m", "q6_k", "q2_k"):
            again = f"llama:{source}:{kind}:again"
            result += [
                (f32, again),
                (again, f"llama:{source}:{kind}"),
                (f"convert:{f32}:q8_0", again),
            ]
        # our own writer against llama.cpp's, and APR against what it was made from
        for kind in ("q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_k", "q4_k_m", "q5_k_m", "q6_k"):
            result += [
                (f"rosetta:{source}:{kind}.gguf", f"llama:{source}:{kind}"),
                (f"rosetta:{source}:{kind}.apr", f32),
            ]
        for kind in ("q8_0", "q4_k_m", "q6_k"):
            result += [
                (f"copy:{source}:{kind}.apr", f"llama:{source}:{kind}"),
                (f"copy:{source}:{kind}.apr", bf16),
            ]
    return result


def run(settings: Settings) -> None:
    checks = Checks(settings, "healthy")
    files = Files(settings)
    reports = settings.work / "reports" / "healthy"
    reports.mkdir(parents=True, exist_ok=True)
    for number, (a, b) in enumerate(pairs()):
        name = f"{a} | {b}"
        if not checks.wants(name):
            continue
        try:
            paths = files.get(a), files.get(b)
        except Unavailable as reason:
            checks.add(name, "not run", str(reason))
            continue
        report = command.compare(settings, *paths)
        good = report["verdict"] == "MATCH"
        if not good:
            (reports / f"{number}.json").write_text(json.dumps(report))
        checks.add(
            name,
            "pass" if good else "fail",
            "" if good else command.told(report),
            a=str(paths[0]),
            b=str(paths[1]),
            verdict=report["verdict"],
            seconds=report["seconds"],
            proven=[d["code"] for d in command.causes(report) if d["proof"] == "PROVEN"],
        )
