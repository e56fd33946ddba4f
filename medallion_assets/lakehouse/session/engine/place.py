"""Where engines are found: a directory that only its owner can look into.

```
<cache>/engine/<fingerprint>.sock   the engine listens here; nobody does when it has ended
<cache>/engine/<fingerprint>.lock   held by the engine as long as it lives: one a fingerprint
<cache>/engine/<fingerprint>.log    what it and its JVM said
```
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.session.jars import cache_directory

DIRECTORY = "MEDALLION_ENGINE_DIRECTORY"


class EngineUnavailableError(Exception):
    """The engine can't serve; the message says why. The run takes a session of its own."""


@dataclass(frozen=True)
class Place:
    """The files of one engine.

    Args:
        directory: of all engines of this user.
        fingerprint: what the engine was made for.
    """

    directory: Path
    fingerprint: str

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.directory / f"{self.fingerprint}.sock"

    @property
    def lock(self) -> Path:
        """What it holds while it lives."""
        return self.directory / f"{self.fingerprint}.lock"

    @property
    def log(self) -> Path:
        """What it said since it was started."""
        return self.directory / f"{self.fingerprint}.log"


def engine_directory() -> Path:
    """`MEDALLION_ENGINE_DIRECTORY`, or the one in the cache; need not exist."""
    chosen = os.environ.get(DIRECTORY)
    return Path(chosen).absolute() if chosen else cache_directory() / "engine"


def prepared(directory: Path) -> Path:
    """The directory, made where it is missing.

    Raises:
        EngineUnavailableError: others could look into it, or it is not ours.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_private(directory)
    return directory


def check_private(path: Path) -> None:
    """Check that nobody but its owner, who is us, can use a file.

    Raises:
        EngineUnavailableError: somebody else could have put it there, or can read it.
        FileNotFoundError: it is not there.
    """
    found = path.lstat()
    if found.st_uid != os.getuid():
        raise EngineUnavailableError(f"{path} belongs to another user (uid {found.st_uid})")
    if stat.S_ISLNK(found.st_mode):
        raise EngineUnavailableError(f"{path} is a symbolic link")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise EngineUnavailableError(f"{path} is open to other users (mode {mode:04o}): delete it")


def places(directory: Path) -> list[Place]:
    """Every engine that has been started here, those that have ended among them."""
    return [Place(directory, path.stem) for path in sorted(directory.glob("*.sock"))]
