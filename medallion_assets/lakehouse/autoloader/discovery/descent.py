"""Which directories below a landing directory belong to it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from medallion_assets.lakehouse.autoloader.discovery.selection import Selection, is_ignored


@dataclass(frozen=True)
class Descent:
    """The way from a landing directory to those below it.

    Args:
        root: the landing directory.
        selection: which files are taken.
    """

    root: str
    selection: Selection

    def leads_on(self, directory: str, *, is_link: bool) -> bool:
        """Whether there may be files to take in a directory."""
        return (
            not is_ignored(directory[directory.rfind("/") + 1 :])
            and self.selection.may_hold(directory)
            and not (is_link and self._leads_back(directory))
        )

    def _leads_back(self, link: str) -> bool:
        """Whether the link is to a directory on the way to it: following it would not end."""
        target = os.path.realpath(link)
        here = os.path.dirname(link)
        if os.path.commonpath([target, os.path.realpath(here)]) == target:
            return True
        while len(here) > len(self.root):
            here = os.path.dirname(here)
            if os.path.realpath(here) == target:
                return True
        return False


def is_directory(entry: os.DirEntry[str]) -> bool:
    """Whether it is a directory, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:
        # A link that leads round in a circle; what is wrong with it is said when it is looked at.
        return False
