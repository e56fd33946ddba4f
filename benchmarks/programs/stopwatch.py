"""Seconds by part, told to the process that measures."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Stopwatch:
    """The parts of one process's time, one after the other, from its very start.

    Args:
        report: the file that the measuring process reads.
        last: when the part that is going on began.
    """

    report: Path
    last: float
    parts: dict[str, float] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Stopwatch:
        """Begin at the moment the measuring process started this one."""
        return cls(Path(arguments.report), float(arguments.started))

    def lap(self, part: str) -> float:
        """End a part; a part that is named again goes on.

        Returns:
            The seconds since the last lap.
        """
        now = time.time()
        seconds, self.last = now - self.last, now
        self.parts[part] = self.parts.get(part, 0.0) + seconds
        return seconds

    def count(self, fact: str, number: float) -> None:
        """Add to a fact, such as that of a layer with several tables."""
        self.facts[fact] = self.facts.get(fact, 0) + number

    def tell(self) -> None:
        """Write the report."""
        told = {"parts": self.parts, "facts": self.facts, "ended": self.last}
        self.report.write_text(json.dumps(told))


def parser(description: str | None) -> argparse.ArgumentParser:
    """A program's command line, with what every program is told."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--report", required=True)
    made.add_argument("--started", required=True, type=float)
    return made
