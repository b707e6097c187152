"""What the parts share: where things lie, and how a check is recorded."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

TOKENS = [1, 4093, 198, 2683, 359, 253, 5356, 5646]


@dataclass
class Settings:
    """One run of the suite."""

    work: Path
    rosetta: Path
    mutate: Path | None
    apr: Path | None
    match: str = ""  # only checks whose name contains it
    every: int = 1  # and of these, each n-th
    versions: str = ""
    missing: dict[str, str] = field(default_factory=dict)  # what could not be had, and why


class Checks:
    """The checks of one part: each passed, failed or was not run, with the reason."""

    def __init__(self, settings: Settings, part: str):
        self.part, self.versions = part, settings.versions
        self.match, self.every, self.asked = settings.match, settings.every, 0
        self.results: list[dict] = []
        self.folder = settings.work / "results"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.save()

    def wants(self, name: str) -> bool:
        if self.match not in name:
            return False
        self.asked += 1
        return (self.asked - 1) % self.every == 0

    def add(self, name: str, outcome: str, detail: str = "", **more) -> None:
        if outcome not in ("pass", "fail", "not run"):
            raise ValueError(outcome)
        self.results.append({"check": name, "outcome": outcome, "detail": detail, **more})
        print(f"{time.strftime('%H:%M:%S')} {self.part} {outcome}: {name}  {detail}", flush=True)
        self.save()

    def save(self) -> None:
        path = self.folder / f"{self.part}.json"
        record = {
            "part": self.part,
            "date": time.strftime("%Y-%m-%d"),
            "versions": self.versions,
            "every": self.every,
            "match": self.match,
            "results": self.results,
        }
        path.write_text(json.dumps(record, indent=1))
