"""Runs the `rosetta` command, one process a comparison, and reads its JSON report."""

import json
import subprocess
import time
from pathlib import Path

from settings import TOKENS, Settings


PATIENCE = 900  # seconds


def run(settings: Settings, *arguments) -> subprocess.CompletedProcess:
    command = [str(settings.rosetta), *map(str, arguments)]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, -1, "", f"no answer in {PATIENCE} s")


def compare(settings: Settings, a: Path, b: Path, tokens=TOKENS, *options) -> dict:
    """The report, or the error object of a refused file; 'verdict' is then 'REFUSED'."""
    start = time.time()
    done = run(
        settings,
        "compare",
        a,
        b,
        "--tokens",
        ",".join(map(str, tokens)),
        "--format",
        "json",
        "--quiet",
        "--no-progress",
        *options,
    )
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        report = {
            "schema": "none",
            "verdict": "CRASHED",
            "code": f"exit {done.returncode}",
            "message": last,
            "exitCode": done.returncode,
        }
    if report["schema"].startswith("rosetta-error"):
        report["verdict"] = "REFUSED"
    report["seconds"] = round(time.time() - start, 2)
    return report


def causes(report: dict) -> list[dict]:
    """The diagnoses that say something is wrong, first cause first; a refusal is one."""
    if report["verdict"] in ("REFUSED", "CRASHED"):
        return [
            {
                "code": report["code"],
                "subject": report.get("subject"),
                "layer": None,
                "proof": None,
                "message": report.get("message", ""),
            }
        ]
    return [d for d in report["diagnoses"] if d["severity"] != "info"]


def told(report: dict, most: int = 3) -> str:
    """One line: what the report says."""
    words = [
        f"{d['code']} {d['subject'] or ''}{' PROVEN' if d['proof'] == 'PROVEN' else ''}".strip()
        for d in causes(report)
    ]
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return " ".join([report["verdict"], "; ".join(words[:most]) + more]).strip()
