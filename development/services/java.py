"""Java programs of the packages, started fast.

The first one of a kind writes an archive of its classes when it ends, which later ones map: a
broker starts in 0.9 s instead of 2.0 s. The JVM checks the archive against its class path and falls
back to loading classes, so an archive that does not fit costs time, never correctness.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from development.services.packages import Packages
from medallion_assets.lakehouse.session.preflight import find_java

_LOGGING = Path(__file__).with_name("log4j2.properties")


@dataclass(frozen=True)
class JavaProgram:
    """One main class of the packages.

    Attributes:
        packages: where its classes are.
        main_class: what to run.
        heap_megabytes: the largest heap.
    """

    packages: Packages
    main_class: str
    heap_megabytes: int

    def command(self, *arguments: str, unfinished_archive: Path | None = None) -> list[str]:
        """The command line.

        Args:
            arguments: of the program.
            unfinished_archive: where to write the class archive if there is none yet.

        Raises:
            MachineError: there is no Java, or it is too old.
        """
        java = find_java(os.environ.get("JAVA_HOME"), os.environ.get("PATH"))
        sharing = []
        if self.archive.is_file():
            sharing = [f"-XX:SharedArchiveFile={self.archive}", "-Xshare:auto"]
        elif unfinished_archive is not None:
            sharing = [f"-XX:ArchiveClassesAtExit={unfinished_archive}"]
        return [
            str(java.executable),
            f"-Xmx{self.heap_megabytes}m",
            # The best compiler pays only after minutes, and costs a second at each start.
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            *sharing,
            *(["-Xlog:disable", "-Xlog:all=error:stderr"] if sharing else []),
            f"-Dlog4j2.configurationFile={_LOGGING}",
            "-cp", os.pathsep.join(str(jar) for jar in self.packages.libraries),
            self.main_class,
            *arguments,
        ]  # fmt: skip

    @property
    def archive(self) -> Path:
        """The archive of its classes, for this Java; it need not exist."""
        java = find_java(os.environ.get("JAVA_HOME"), os.environ.get("PATH"))
        return self.packages.home / "classes" / f"{self.main_class}-{java.version}.jsa"

    def keep_archive(self, unfinished: Path) -> None:
        """Put an archive in place that was written by a program that has ended by itself."""
        with suppress(FileNotFoundError):
            self.archive.parent.mkdir(exist_ok=True)
            # It may be on another file system; what readers see changes in one step.
            copy = self.archive.with_name(f".{self.archive.name}.{os.getpid()}")
            copy.write_bytes(unfinished.read_bytes())
            copy.rename(self.archive)
            unfinished.unlink()
