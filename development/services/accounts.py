"""The user that a program runs as which refuses to run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from medallion_assets.lakehouse.errors import MachineError


class PopenUser(TypedDict):
    """The arguments of a subprocess that say whom it runs as."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


@dataclass(frozen=True)
class Account:
    """A user of the machine that root can act as."""

    user: int
    group: int
    home: Path

    @classmethod
    def for_postgresql(cls) -> Account | None:
        """Whom PostgreSQL's programs run as: its own user for root, else oneself (none).

        Raises:
            MachineError: the user is missing.
        """
        if os.geteuid() != 0:
            return None
        try:
            entry = pwd.getpwnam("postgres")
        except KeyError:
            raise MachineError(
                "PostgreSQL does not run as root, and there is no user postgres to run it as. Run "
                "as another user, or install PostgreSQL (Debian, Ubuntu: apt-get install "
                "postgresql)."
            ) from None
        return cls(entry.pw_uid, entry.pw_gid, Path(entry.pw_dir))

    def can_enter(self, directory: Path) -> bool:
        """Whether the way to a directory is open for it."""
        command = ["test", "-x", str(directory)]
        return subprocess.run(command, cwd="/", check=False, **popen_user(self)).returncode == 0


def popen_user(account: Account | None) -> PopenUser:
    """The arguments by which a subprocess becomes a user; none for oneself."""
    if account is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": account.user, "group": account.group, "extra_groups": []}
