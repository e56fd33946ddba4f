"""Being told of new files, instead of looking for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Told:
    """What was told since the last time.

    Attributes:
        paths: files that are new or have changed; a path may be told twice, or be gone again.
        complete: whether that is all. Where it is not, only a listing finds the rest.
    """

    paths: tuple[str, ...]
    complete: bool = True


class Notifications(Protocol):
    """Where news of files comes from: the operating system, or the queue of an object store.

    News only say where to look. Whether a file is new is said by the ledger, so what is told twice,
    late or not at all does no harm: the next listing finds it.
    """

    def told(self) -> Told:
        """What came since the last call; does not wait."""
        ...

    def acknowledge(self) -> None:
        """What was told is in the ledger, or noted: a queue need not tell it again."""
        ...

    def close(self) -> None:
        """Want no more news."""
        ...
