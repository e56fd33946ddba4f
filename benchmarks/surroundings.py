"""What a measured program runs in: an interpreter, a package, an environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Surroundings:
    """An interpreter and what it is told.

    Args:
        python: the interpreter.
        package: that the program is a module of.
        environment: variables, besides those of the house.
    """

    python: str = sys.executable
    package: str = "benchmarks.programs"
    environment: Mapping[str, str] = field(default_factory=dict)


OURS = Surroundings()
"""This project's own environment."""
