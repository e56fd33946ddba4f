"""Files that may still be written are given time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from medallion_assets.lakehouse.autoloader.discovery.landed_file import LandedFile

_WAITING = 100_000


@dataclass
class Settling:
    """Tells files that are whole from those that are still being written.

    A file that was modified less than `seconds` ago is looked at again once it is that old: with
    the same size and time it is whole. Young files are waited for together, after all others: the
    listing costs one pause of `seconds`, however many chunks it has. Who looks again and again need
    not wait: a file is whole once it has been the same for `seconds`.

    Attributes:
        seconds: how long a file must have stayed as it is.
        now: seconds since the epoch.
        sleep: waits.
        wait: whether young files are waited for, rather than left for the next look.
        left: the files that the last look has left, as they are young or have changed meanwhile.
    """

    seconds: float
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    wait: bool = True
    left: list[LandedFile] = field(default_factory=list)
    _since: dict[str, tuple[LandedFile, float]] = field(default_factory=dict, init=False)

    def is_young(self, file: LandedFile, now: float) -> bool:
        """Whether the file may still be written, as far as its time tells.

        The clock that a file from the future was written by tells nothing of its age.
        """
        return 0 <= now - file.modified_ns / 1e9 < self.seconds

    def whole(self, chunks: Iterable[Sequence[LandedFile]]) -> Iterator[list[LandedFile]]:
        """The chunks without files that are still being written, which end up in `left`."""
        self.left, young = [], list[LandedFile]()
        before, self._since = self._since, {}
        for chunk in chunks:
            now = self.now()
            old: list[LandedFile] = []
            for file in chunk:
                from_the_future = file.modified_ns / 1e9 > now and self.seconds > 0
                if not (from_the_future or self.is_young(file, now)):
                    old.append(file)
                elif self.wait:
                    young.append(file)
                else:
                    (old if self._has_stayed(file, before, now) else self.left).append(file)
            if old:
                yield old
            if len(young) >= _WAITING:
                yield self._settled(young)
                young = []
        if young:
            yield self._settled(young)

    def _has_stayed(
        self, file: LandedFile, before: dict[str, tuple[LandedFile, float]], now: float
    ) -> bool:
        seen, since = before.get(file.path, (file, now))
        if seen != file:
            since = now
        self._since[file.path] = (file, since)
        return now - since >= self.seconds

    def _settled(self, young: list[LandedFile]) -> list[LandedFile]:
        youngest = max(file.modified_ns for file in young) / 1e9
        self.sleep(max(0.0, min(self.seconds, self.seconds - (self.now() - youngest))))
        settled: list[LandedFile] = []
        for file in young:
            try:
                seen = os.stat(file.path)
            except FileNotFoundError:
                continue
            except OSError:
                # What it is now is for the next look to say.
                self.left.append(file)
                continue
            same = (seen.st_size, seen.st_mtime_ns) == (file.size, file.modified_ns)
            (settled if same else self.left).append(file)
        return settled
