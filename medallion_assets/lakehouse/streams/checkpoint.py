"""A stream's checkpoint: who it belongs to, and how far its sources were read.

Beside Spark's own directories (`offsets`, `commits`, `state`) a checkpoint holds `_stream.json`,
the stream it belongs to, `_consumed.json`, the versions of the sources it has read to the end,
`_judged.json`, the versions up to which the table's checks have judged what the stream wrote,
`_event_times.json`, how far the event times of streams with watermarks are, and for a stream over
files the ledger.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from medallion_assets.lakehouse.delta_log import TableVersion
from medallion_assets.lakehouse.errors import CheckpointInUseError, LostStateError
from medallion_assets.lakehouse.json_file import write_whole

_IDENTITY = "_stream.json"
_CONSUMED = "_consumed.json"
_JUDGED = "_judged.json"
_EVENT_TIMES = "_event_times.json"


def ledger_directory(checkpoint: Path) -> Path:
    """Where the file ledger of a stream over files is."""
    return checkpoint / "_ledger"


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of one stream."""

    directory: Path

    def claim(self, source: str, target: str, *, filled: bool = False) -> str:
        """Take the checkpoint for a stream from `source` to `target`.

        Args:
            source: what the stream reads.
            target: what it writes.
            filled: whether the target, which no other stream fills, has been written before.

        Returns:
            The stream's id, made at the first claim: the `txnAppId` of what it writes. A new
            checkpoint has a new id, so its writes are never mistaken for an old stream's.

        Raises:
            CheckpointInUseError: it belongs to a stream with another source or target.
            LostStateError: the target is filled and there is no checkpoint: going on would take
                everything again.
        """
        path = self.directory / _IDENTITY
        wanted = {"source": source, "target": target}
        if path.is_file():
            held = json.loads(path.read_text())
            for what, value in wanted.items():
                if held[what] != value:
                    raise CheckpointInUseError(
                        f"The checkpoint {self.directory} belongs to the stream from "
                        f"{held['source']} to {held['target']}; this one has the {what} {value}. "
                        "Give every stream a checkpoint of its own; where the source was rebuilt, "
                        "rebuild this table too."
                    )
            return str(held["id"])
        if filled:
            raise LostStateError(
                f"{target} has data, but the checkpoint that says what it was made of is gone: "
                f"{self.directory}. Restore that directory from a backup, or recreate the table: "
                f"`medallion rebuild {target.replace('.', '/', 1)}`."
            )
        identity = {"id": f"stream-{uuid.uuid4()}", **wanted}
        write_whole(path, identity)
        return identity["id"]

    def identity(self) -> str:
        """The id of the stream that has claimed it.

        Raises:
            LostStateError: none has, or what says so is gone.
        """
        path = self.directory / _IDENTITY
        if not path.is_file():
            raise LostStateError(
                f"{path} is gone, which says what was loaded before. Restore that directory from a "
                "backup, or recreate the table: `medallion rebuild`."
            )
        return str(json.loads(path.read_text())["id"])

    def consumed(self) -> Mapping[str, TableVersion]:
        """Source name to the version up to which it was read to the end."""
        return _versions(self.directory / _CONSUMED)

    def record_consumed(self, versions: Mapping[str, TableVersion]) -> None:
        """Note that the sources were read to the end up to these versions.

        Written after the stream ended. If that is lost, the next run looks again and finds nothing.
        """
        _add_versions(self.directory / _CONSUMED, versions)

    def judged(self) -> Mapping[str, TableVersion]:
        """Name of a check of the table to the version up to which it has judged it."""
        return _versions(self.directory / _JUDGED)

    def record_judged(self, versions: Mapping[str, TableVersion]) -> None:
        """Note how far checks have judged the table, once their verdicts are told.

        Where that is lost, the same rows are judged again.
        """
        _add_versions(self.directory / _JUDGED, versions)

    def event_times(self) -> Mapping[str, int]:
        """Stream name to the newest event time of its rows so far, in milliseconds since 1970."""
        path = self.directory / _EVENT_TIMES
        return json.loads(path.read_text()) if path.is_file() else {}

    def record_event_times(self, newest: Mapping[str, int | None]) -> None:
        """Note the newest event times of a micro-batch; None where a stream had no row in it."""
        before = self.event_times()
        after = {
            **before,
            **{n: max(time, before.get(n, time)) for n, time in newest.items() if time is not None},
        }
        if after != before:
            write_whole(self.directory / _EVENT_TIMES, after)


def _versions(file: Path) -> Mapping[str, TableVersion]:
    if not file.is_file():
        return {}
    return {name: TableVersion(**held) for name, held in json.loads(file.read_text()).items()}


def _add_versions(file: Path, versions: Mapping[str, TableVersion]) -> None:
    merged = {**_versions(file), **versions}
    write_whole(file, {name: asdict(version) for name, version in merged.items()})
