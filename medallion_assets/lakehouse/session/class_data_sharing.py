"""A class-data-sharing archive: the JVM maps the classes of an earlier run instead of loading them.

Spark loads some 20,000 classes before its first query; with the archive a cold run took 17.6 s
instead of 27 s. The first JVM of a machine writes the archive when it ends, later ones use it.
The JVM checks the archive against its class path and falls back to loading classes, so an archive
that does not fit costs time, never correctness. One whose JVM did little holds little, and goes
when a later one has loaded far more.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.session.jars import cache_directory

_KEPT = 4
"""Archives of other environments and settings, 200 MB each; the ones not used for longest go."""
_LOADED = ".loaded"
_QUIET = "-Xlog:disable -Xlog:all=error:stderr"
_DUMP_SECONDS = 60
_OUTGROWN = 1.3
"""A session alone loads some 14,000 classes, one that merges too 28,000."""


@dataclass(frozen=True)
class ClassArchive:
    """The archive for one Java and one class path."""

    path: Path

    @classmethod
    def for_class_path(cls, java_version: str, jars: Sequence[Path]) -> ClassArchive:
        """The archive that fits; it need not exist.

        Args:
            java_version: of the JVM.
            jars: all on the class path, Spark's own too: a JVM with the same ones elsewhere, as in
                another virtual environment, does not take the archive.
        """
        parts = [java_version, *(f"{jar}:{jar.stat().st_mtime_ns}" for jar in jars)]
        key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
        return cls(cache_directory() / "classes" / f"{key}.jsa")

    @property
    def exists(self) -> bool:
        """Whether an earlier JVM wrote it."""
        return self.path.is_file()

    def java_options(self) -> str:
        """Use the archive where there is one, else write it when this JVM ends."""
        if self.exists:
            with suppress(OSError):
                os.utime(self.path)
            return f"-XX:SharedArchiveFile={self.path} -Xshare:auto {_QUIET}"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return f"-XX:ArchiveClassesAtExit={self._unfinished} {_QUIET}"

    def outgrown_by(self, loaded: int) -> bool:
        """Whether a JVM has loaded far more classes than the one that wrote the archive."""
        try:
            return loaded > _OUTGROWN * int(self._loaded.read_text())
        except (FileNotFoundError, ValueError):
            return False

    def drop(self) -> None:
        """Let the next JVM write it anew."""
        self.path.unlink(missing_ok=True)

    def keep(self, jvm: subprocess.Popen[bytes], loaded: int) -> None:
        """Wait for the ended JVM to write the archive, then put it in place in one step.

        Args:
            jvm: the process.
            loaded: how many classes it has loaded.
        """
        with suppress(subprocess.TimeoutExpired, OSError):
            jvm.wait(timeout=_DUMP_SECONDS)
            self._loaded.write_text(str(loaded))
            self._unfinished.rename(self.path)
            self._drop_others()
        self._unfinished.unlink(missing_ok=True)

    def _drop_others(self) -> None:
        # One that a JVM has mapped stays until that ends.
        kept = self.path.parent.glob("*.jsa")
        for old in sorted(kept, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            old.unlink(missing_ok=True)
            old.with_suffix(_LOADED).unlink(missing_ok=True)

    @property
    def _loaded(self) -> Path:
        return self.path.with_suffix(_LOADED)

    @property
    def _unfinished(self) -> Path:
        return self.path.with_name(f".{self.path.stem}.{os.getpid()}")
