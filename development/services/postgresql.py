"""Where PostgreSQL's programs are, and how they are run."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from development.services.accounts import Account, popen_user
from medallion_assets.lakehouse.errors import MachineError

_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class PostgreSQL:
    """The directory of one version's programs."""

    binaries: Path

    @classmethod
    def find(cls, debian: Path = _DEBIAN) -> PostgreSQL:
        """The newest of Debian's packages, which are not on the PATH; else what is there.

        Raises:
            MachineError: there is none.
        """
        packaged = [found.parent for found in debian.glob("*/bin/initdb")]
        if packaged:
            return cls(max(packaged, key=lambda found: _numbers(found.parent.name)))
        on_path = shutil.which("initdb")
        if on_path is None:
            raise MachineError(
                f"PostgreSQL's server is neither in {debian} nor on the PATH. Install it (Debian, "
                "Ubuntu: apt-get install postgresql)."
            )
        return cls(Path(on_path).resolve().parent)

    def run(
        self, program: str, *arguments: str, account: Account | None = None, told: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of it to its end; `told` is its standard input."""
        return subprocess.run(
            [self.binaries / program, *arguments], cwd="/", env=self.environment(), input=told,
            capture_output=True, text=True, encoding="utf-8", check=False, **popen_user(account),
        )  # fmt: skip

    @staticmethod
    def environment() -> dict[str, str]:
        """This process's environment without the PG variables, which would name another server."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {**kept, "PGCLIENTENCODING": "UTF8"}


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
