"""The locked environment of a peer: made once from its own lock file, by uv, and kept."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from benchmarks.errors import PeerUnavailableError

_LIMIT_SECONDS = 1200
_TOLD_LINES = 3


@dataclass(frozen=True)
class Environment:
    """A directory with an interpreter and exactly the packages of a lock file.

    Args:
        directory: where it is, or will be.
        lock: the lock file, with the packages' hashes.
    """

    directory: Path
    lock: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.directory / "bin" / "python"

    def ready(self) -> Path:
        """Make the environment, unless it was made from this very lock file.

        Returns:
            Its interpreter.

        Raises:
            PeerUnavailableError: it can't be made.
        """
        mark, wanted = self.directory / "made-from", self._fingerprint()
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.directory.with_suffix(".lock")):
            if not (mark.is_file() and mark.read_text() == wanted):
                self._make()
                mark.write_text(wanted)
        return self.python

    def _make(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
        self._uv("venv", "--quiet", "--python", sys.executable, str(self.directory))
        self._uv(
            *("pip", "install", "--quiet", "--python", str(self.python)),
            *("--require-hashes", "--requirement", str(self.lock)),
        )

    def _uv(self, *arguments: str) -> None:
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
        if uv is None:
            raise PeerUnavailableError("uv is not installed: run `make .venv/dev.stamp`.")
        try:
            done = subprocess.run(
                [uv, *arguments], capture_output=True, text=True, check=False,
                timeout=_LIMIT_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise PeerUnavailableError(
                f"uv {arguments[0]} took over {_LIMIT_SECONDS} s."
            ) from error
        if done.returncode != 0:
            told = " ".join(done.stderr.split("\n")[-_TOLD_LINES - 1 :]).strip()
            raise PeerUnavailableError(f"uv {arguments[0]} of {self.lock.name} failed: {told}")

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(self.lock.read_bytes()).hexdigest()
        return f"{digest} for Python {platform.python_version()}"
