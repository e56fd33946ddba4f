"""When a stream takes its next micro-batch, in Structured Streaming's terms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from medallion_assets.lakehouse.errors import OptionError

if TYPE_CHECKING:
    from pyspark.sql.streaming.readwriter import DataStreamWriter

_INTERVAL = re.compile(
    r"\s*\d+(\.\d+)?\s*(milliseconds?|seconds?|minutes?|hours?|days?)\s*\Z", re.I
)


@dataclass(frozen=True)
class Trigger:
    """A trigger of a streaming query.

    Args:
        kind: `availableNow` takes all there is in as many micro-batches as the limits make, then
            ends; `once` takes all there is in one micro-batch, then ends; `processingTime` goes on
            until it is stopped.
        interval: of processingTime, such as `10 seconds`.

    Raises:
        OptionError: an interval that Spark would not read, or one without processingTime.
    """

    kind: Literal["availableNow", "once", "processingTime"]
    interval: str | None = None

    def __post_init__(self) -> None:
        if (self.kind == "processingTime") != (self.interval is not None):
            raise OptionError(f"Trigger {self.kind}: an interval goes with processingTime only.")
        if self.interval is not None and not _INTERVAL.match(self.interval):
            raise OptionError(
                f"Trigger interval {self.interval!r}: give a number and a unit, as in '10 seconds'."
            )

    @property
    def continuous(self) -> bool:
        """Whether the query goes on until it is stopped."""
        return self.kind == "processingTime"

    def apply(self, writer: DataStreamWriter) -> DataStreamWriter:
        """Set the trigger on Spark's writer."""
        if self.interval is not None:
            return writer.trigger(processingTime=self.interval)
        if self.kind == "once":
            return writer.trigger(once=True)
        return writer.trigger(availableNow=True)


AVAILABLE_NOW = Trigger("availableNow")
ONCE = Trigger("once")


def processing_time(interval: str) -> Trigger:
    """A trigger that starts a micro-batch every interval, until the query is stopped."""
    return Trigger("processingTime", interval)
