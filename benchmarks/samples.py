"""Measured numbers: one run, and the median of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Sample:
    """One run of one process.

    Attributes:
        wall_seconds: from the start of the process to its end.
        cpu_seconds: of the process and all it started.
        peak_bytes: the most resident memory of the whole process tree at one time.
        parts: seconds by part, one after the other; together the wall time.
        facts: whatever else the program counted.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    parts: Mapping[str, float]
    facts: Mapping[str, float]


@dataclass(frozen=True)
class Measured:
    """The runs of one variant."""

    name: str
    samples: tuple[Sample, ...]

    @property
    def wall(self) -> float:
        """Median seconds of the whole process."""
        return median(sample.wall_seconds for sample in self.samples)

    @property
    def fastest(self) -> float:
        """Seconds of the fastest run."""
        return min(sample.wall_seconds for sample in self.samples)

    @property
    def slowest(self) -> float:
        """Seconds of the slowest run."""
        return max(sample.wall_seconds for sample in self.samples)

    @property
    def cpu(self) -> float:
        """Median processor seconds."""
        return median(sample.cpu_seconds for sample in self.samples)

    @property
    def peak(self) -> float:
        """Median of the peak memory, in bytes."""
        return median(sample.peak_bytes for sample in self.samples)

    @property
    def parts(self) -> dict[str, float]:
        """Median seconds by part."""
        return {name: self.part(name) for name in self.samples[0].parts}

    def part(self, *names: str) -> float:
        """Median seconds of some parts together."""
        return median(sum(s.parts.get(name, 0.0) for name in names) for s in self.samples)

    def fact(self, name: str) -> float:
        """Median of something the program counted."""
        return median(sample.facts[name] for sample in self.samples)
