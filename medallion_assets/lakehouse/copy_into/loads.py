"""What was loaded into a table, and who is loading now.

In a directory beside the table's data, `_copy_into/<table id>`, which neither Delta's readers nor
VACUUM look at, or where a bronze table keeps its stream's checkpoint:

- the file ledger: a load is one of its micro-batches, and in the table or not as a whole;
- `slots/<k>.json`: the load that slot holds or held; `slots/<k>.lock` is locked while it runs.

Whether a load is in the table is said by the table's own log alone: the rows come with the slot's
`txnAppId` and a `txnVersion` of twice the load's number. A load whose process died is looked up
there. Where it is missing, the slot is closed first, by an empty commit with the odd number after:
should what the dead process began still reach the table (its JVM outlives it for a moment, a
cluster for longer), Delta refuses it. So a file is taken anew only once it can't come twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.autoloader.discovery import KnownFiles, LandedFile
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import (
    FilesBeingLoadedError,
    MedallionError,
    TableLockedError,
)
from medallion_assets.lakehouse.json_file import write_whole
from medallion_assets.lakehouse.locks import hold
from medallion_assets.lakehouse.materialization import FailedFile
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint, ledger_directory

DIRECTORY = "_copy_into"
_CLAIM_SECONDS = 300.0
_ELSEWHERE = "elsewhere.json"
"""Names the directory of a bronze table's streams, one sub-directory a generation."""

_OWNER = "a COPY INTO"
_NAMED_FILES = 3

Close = Callable[[str, int], None]
"""Commits nothing but a `txnAppId` and its `txnVersion` to the table."""


@dataclass(frozen=True)
class Load:
    """One load while it runs.

    Attributes:
        number: of the micro-batch in the ledger.
        files: what it takes.
        application: the `txnAppId` its rows come with.
    """

    number: int
    files: tuple[LandedFile, ...]
    application: str

    @property
    def version(self) -> int:
        """The `txnVersion` its rows come with."""
        return 2 * self.number


@dataclass(frozen=True)
class Loads:
    """The loads of one table.

    Args:
        path: of the table.
        directory: where they are noted.
        name: of the loads in the table's log; begins each `txnAppId`.
        close: see `Close`; raises where the log has got a commit of that `txnAppId` meanwhile.
    """

    path: Path
    directory: Path
    name: str
    close: Close

    @classmethod
    def of_table(cls, path: Path, table_id: str, close: Close) -> Loads:
        """The loads of whatever statements.

        Args:
            path: of the table.
            table_id: Delta's; a table made anew at the same path has another one.
            close: as of the class.
        """
        kept = path / DIRECTORY / table_id
        pointer = kept / _ELSEWHERE
        if pointer.is_file():
            from medallion_assets.lakehouse.lake import GENERATION

            generation = DeltaLog(path).transaction_version(GENERATION) or 0
            streams = kept / json.loads(pointer.read_text())["streams"]
            checkpoint = Checkpoint((streams / str(generation)).resolve())
            return cls(path, checkpoint.directory, checkpoint.identity(), close)
        return cls(path, kept, f"copy-into-{table_id}", close)

    def are_of(self, table_id: str) -> None:
        """Let every statement into the table use these loads.

        Args:
            table_id: Delta's.
        """
        kept = self.path / DIRECTORY / table_id
        streams = os.path.relpath(self.directory.parent, kept)
        kept.mkdir(parents=True, exist_ok=True)
        write_whole(kept / _ELSEWHERE, {"streams": streams})

    @property
    def ledger(self) -> FileLedger:
        """The file ledger."""
        return FileLedger(ledger_directory(self.directory))

    @contextmanager
    def begin(
        self, find: Callable[[KnownFiles], Sequence[LandedFile]], *, force: bool
    ) -> Iterator[Load | None]:
        """Claim the files to load, and hold them while the block runs.

        Args:
            find: the files there are, without those it is given.
            force: whether to take what was loaded before.

        Yields:
            The load; None where there is nothing to load.

        Raises:
            FilesBeingLoadedError: another statement has some of them in hand.
            TableLockedError: other statements were looking for their files for five minutes.
        """
        with ExitStack() as slot:
            with hold(
                self.directory / "claim.lock", f"COPY INTO {self.path}", _OWNER, _CLAIM_SECONDS
            ):
                load = self._claim(slot, find, force=force)
            try:
                yield load
            except MedallionError:
                if load is not None:
                    # What is told this way has ended: nothing can come later. Of another error,
                    # such as a lost connection, that is not known, and the slot will be closed.
                    self._note(load.application.rpartition("-")[2], load)
                raise

    def finish(self, load: Load, rows: int) -> None:
        """Note that a load is in the table."""
        self.ledger.committed(load.number, rows)

    def failed(self, load: Load, files: Sequence[FailedFile]) -> None:
        """Note files that the load leaves out; they are looked at again by the next one."""
        self.ledger.failed(load.number, files)

    def _claim(
        self, slot: ExitStack, find: Callable[[KnownFiles], Sequence[LandedFile]], *, force: bool
    ) -> Load | None:
        self.ledger.create()
        self.ledger.compact()
        in_hand = self._resolve()
        files = tuple(find(KnownFiles() if force else self.ledger.loaded()))
        taken = [file.path for file in files if file.path in in_hand]
        if taken:
            named = ", ".join(taken[:_NAMED_FILES])
            raise FilesBeingLoadedError(
                f"COPY INTO {self.path}: another statement is loading {len(taken)} of the files "
                f"just now ({named}{', ...' if len(taken) > _NAMED_FILES else ''}). Nothing was "
                "loaded by this one. Run it again when the other has ended: it then takes what is "
                "left, and nothing twice."
            )
        if not files:
            return None
        name = self._free(slot)
        # Above all that the slot's log has: of an older number Delta skips the rows silently.
        closed = self._version(self._application(name))
        number = max(self.ledger.next_batch(), closed // 2 + 1)
        # First: whoever finds the files in the ledger finds out here whether they are in hand.
        write_whole(self._slot(name), {"load": number})
        self.ledger.discovered([files], number)
        self.ledger.attempted(number)
        return Load(number, files, self._application(name))

    def _resolve(self) -> set[str]:
        """Settle what became of loads whose process has ended.

        Returns:
            The files of the loads that run.
        """
        in_hand: set[str] = set()
        done = self.ledger.committed_batches()
        for name in self._slots():
            number = self._held(name)
            if number is None or number in done:
                continue
            try:
                with hold(self._lock(name), f"Load {number}", _OWNER):
                    self._settle(name, number)
            except TableLockedError:
                in_hand |= {file.path for file in self.ledger.batch(number)}
        return in_hand

    def _settle(self, name: str, number: int) -> None:
        """Find out whether the load of a process that has ended is in the table, for good."""
        slot = Load(number, (), self._application(name))
        if self._version(slot.application) < slot.version:
            try:
                self.close(slot.application, slot.version + 1)
            except Exception:
                # Refused where the load got into the table just now: then the log tells.
                if self._version(slot.application) < slot.version:
                    raise
        self._note(name, slot)

    def _note(self, name: str, load: Load) -> None:
        if self._version(load.application) == load.version:
            self.ledger.committed(load.number, 0)
        write_whole(self._slot(name), {"load": None})

    def _version(self, application: str) -> int:
        found = DeltaLog(self.path).transaction_version(application)
        return -1 if found is None else found

    def _free(self, slot: ExitStack) -> str:
        """Lock a slot that no load holds."""
        count = 0
        while True:
            name = str(count)
            count += 1
            with suppress(TableLockedError):
                slot.enter_context(hold(self._lock(name), f"Slot {name}", _OWNER))
                return name

    def _slots(self) -> list[str]:
        held = self._slot("0").parent.glob("*.json")
        return sorted(path.stem for path in held if path.stem.isdigit())

    def _held(self, name: str) -> int | None:
        """The load a slot holds or held, None where there was none."""
        with suppress(OSError, ValueError, KeyError):
            number = json.loads(self._slot(name).read_text())["load"]
            return None if number is None else int(number)
        return None

    def _slot(self, name: str) -> Path:
        return self.directory / "slots" / f"{name}.json"

    def _lock(self, name: str) -> Path:
        return self.directory / "slots" / f"{name}.lock"

    def _application(self, name: str) -> str:
        return f"{self.name}-{name}"
