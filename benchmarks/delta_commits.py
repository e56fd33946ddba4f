"""What commits of a Delta log wrote again: the price of a changed row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Action = Mapping[str, Any]


def rewritten_bytes(commits: Iterable[Sequence[Action]]) -> int:
    """The bytes of the files that commits replaced.

    A file that a commit both removes and adds again, with a deletion vector, was not written again:
    only the vector was.

    Args:
        commits: each with its actions.
    """
    return sum(_replaced(actions) for actions in commits)


def commits_since(table: Path, before: Path) -> list[list[Action]]:
    """The commits of a table that an earlier copy of it does not have.

    Args:
        table: the table's directory.
        before: the copy's; a table that is not there has none.
    """
    known = {entry.name for entry in _entries(before)}
    return [
        [json.loads(line) for line in entry.read_text(encoding="utf-8").splitlines()]
        for entry in _entries(table)
        if entry.name not in known
    ]


def _replaced(actions: Sequence[Action]) -> int:
    added = {action["add"]["path"]: action["add"] for action in actions if "add" in action}
    total = 0
    for action in actions:
        removed = action.get("remove")
        if removed is None:
            continue
        again = added.get(removed["path"])
        if again is None:
            total += int(removed["size"])
        else:
            total += int((again.get("deletionVector") or {}).get("sizeInBytes", 0))
    return total


def _entries(table: Path) -> list[Path]:
    return sorted(file for file in (table / "_delta_log").glob("*.json") if file.stem.isdigit())
