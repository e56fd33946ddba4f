"""Which of the files in a landing directory a stream takes."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from functools import cached_property

from medallion_assets.lakehouse.autoloader.discovery.glob import literal_part, translate
from medallion_assets.lakehouse.autoloader.discovery.landed_file import LandedFile
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions

_HIDDEN = ("_", ".")
_UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart", "._copying_")


def is_ignored(name: str) -> bool:
    """Whether a file or directory of this name is not data, or not yet.

    Names that begin with `_` or `.` are left alone as Spark leaves them, and so are the names under
    which common tools write a file before they rename it.
    """
    return name.startswith(_HIDDEN) or name.lower().endswith(_UNFINISHED)


@dataclass(frozen=True)
class Selection:
    """What is discovered; a file that is left out has no entry in the ledger, so it can come later.

    Args:
        path_pattern: the path to load, where it is a glob. By default a prefix that `*` may extend
            over directories; a `/` at its end says nothing.
        strict: `cloudFiles.useStrictGlobber`: `*` stays within one directory, and a pattern names
            files and directories whole.
        name_pattern: `pathGlobFilter`: a glob for names of files.
        modified_after: only later files are taken.
        modified_before: only earlier files are taken.

    Raises:
        OptionError: a pattern is malformed.
    """

    path_pattern: str | None = None
    strict: bool = False
    name_pattern: str | None = None
    modified_after: datetime.datetime | None = None
    modified_before: datetime.datetime | None = None
    _path: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    _name: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        path = name = None
        if self.path_pattern is not None:
            glob = self.path_pattern.rstrip("/")
            below = r"(?:/.*)?\Z" if self.strict else ""
            path = re.compile(translate(glob, across_directories=not self.strict) + below, re.S)
        if self.name_pattern is not None:
            name = re.compile(translate(self.name_pattern) + r"\Z", re.S)
        object.__setattr__(self, "_path", path)
        object.__setattr__(self, "_name", name)

    @classmethod
    def of(cls, options: CloudFilesOptions, path_pattern: str | None = None) -> Selection:
        """The selection of a stream.

        Args:
            options: the stream's.
            path_pattern: the path to load, where it is a glob.
        """
        return cls(
            path_pattern=path_pattern,
            strict=options.use_strict_globber,
            name_pattern=options.path_glob_filter,
            modified_after=options.modified_after,
            modified_before=options.modified_before,
        )

    def takes_path(self, path: str) -> bool:
        """Whether a file of this path is taken, as far as its path says."""
        name = path[path.rfind("/") + 1 :]
        return (
            not is_ignored(name)
            and (self._name is None or self._name.match(name) is not None)
            and (self._path is None or self._path.match(path) is not None)
        )

    def takes_file(self, file: LandedFile) -> bool:
        """Whether a file is taken, as far as its time says."""
        after, before = self._times
        return (after is None or file.modified_ns > after) and (
            before is None or file.modified_ns < before
        )

    def may_hold(self, directory: str) -> bool:
        """Whether there may be files to take below a directory."""
        start = self._start
        return directory.startswith(start) or start.startswith(f"{directory}/")

    @cached_property
    def _start(self) -> str:
        return "" if self.path_pattern is None else literal_part(self.path_pattern)

    @cached_property
    def _times(self) -> tuple[int | None, int | None]:
        return _nanoseconds(self.modified_after), _nanoseconds(self.modified_before)


def _nanoseconds(time: datetime.datetime | None) -> int | None:
    if time is None:
        return None
    since = time - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (since // datetime.timedelta(microseconds=1)) * 1000
