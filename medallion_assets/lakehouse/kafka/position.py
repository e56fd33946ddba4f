"""Where a stream over topics stands, from the checkpoint that Spark keeps.

Spark writes a micro-batch's end into `offsets/<n>` before it runs and `commits/<n>` when it is done
(spark.apache.org, Structured Streaming, recovery semantics). The position the very first
micro-batch started from is in `sources/0/0`.
"""

from __future__ import annotations

from pathlib import Path

from medallion_assets.lakehouse.kafka.offsets import Offsets, parsed


def position(checkpoint: Path) -> Offsets | None:
    """The offsets up to which micro-batches were committed; None where the stream has not begun."""
    numbers = [int(entry.name) for entry in (checkpoint / "commits").glob("[0-9]*")]
    # The log's older entries are deleted, the newest stay.
    return ended_at(checkpoint, max(numbers)) if numbers else first(checkpoint)


def started_at(checkpoint: Path, batch: int) -> Offsets:
    """The offsets a micro-batch starts from; the first one's are those of the stream."""
    return ended_at(checkpoint, batch - 1) if batch else first(checkpoint) or {}


def ended_at(checkpoint: Path, batch: int) -> Offsets:
    """The offsets a planned micro-batch ends before."""
    # A line each for the format's version, the micro-batch and its only source.
    return parsed((checkpoint / "offsets" / str(batch)).read_text().splitlines()[2])


def first(checkpoint: Path) -> Offsets | None:
    """The offsets the stream began with; None where it has not begun."""
    path = checkpoint / "sources" / "0" / "0"
    if not path.is_file():
        return None
    # A zero byte and the format's version come before the offsets.
    return parsed(path.read_text()[path.read_text().index("{") :])
