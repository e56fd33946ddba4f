"""What an engine says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from medallion_assets.lakehouse.session.engine.memory import Memory


@dataclass(frozen=True)
class Attached:
    """A run that uses an engine.

    Args:
        process: of the run.
        since: when it attached, in seconds since 1970.
    """

    process: int
    since: float


@dataclass(frozen=True)
class State:
    """An engine that runs.

    Args:
        process: of the engine.
        java: the process of its JVM.
        since: when it was started, in seconds since 1970.
        idle_since: since when no run uses it; None while one does.
        idle_seconds: after how long without a run it ends.
        runs: those that use it.
        memory: what its JVM holds.
    """

    process: int
    java: int
    since: float
    idle_since: float | None
    idle_seconds: float
    runs: tuple[Attached, ...]
    memory: Memory

    @classmethod
    def of(cls, answer: dict[str, Any]) -> State:
        """Of its answer."""
        runs = tuple(Attached(**run) for run in answer["runs"])
        return cls(**{**answer, "runs": runs, "memory": Memory(**answer["memory"])})
