"""Which rows come too late, in plain Python: Spark's watermark, micro-batch by micro-batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass
class WatermarkOracle:
    """The watermark of a query over streams, by their delays.

    Attributes:
        delays: of each stream.
        watermark: for the next micro-batch.
        before: of the last micro-batch; rows of the next one that are not after it are late.
    """

    delays: Mapping[str, timedelta]
    watermark: datetime = EPOCH
    before: datetime = EPOCH
    newest: dict[str, datetime] = field(default_factory=dict)

    def micro_batch(self, times: Mapping[str, Iterable[datetime | None]]) -> datetime:
        """Take a micro-batch's event times; the time behind which its rows are late."""
        behind, self.before = self.before, self.watermark
        for stream, given in times.items():
            placed = [time for time in given if time is not None]
            self.newest[stream] = max([self.newest.get(stream, EPOCH), *placed])
        slowest = min(self.newest.get(s, EPOCH) - delay for s, delay in self.delays.items())
        self.watermark = max(self.watermark, slowest)
        return behind

    def end_of_run(self) -> None:
        """What is left is one more micro-batch, without rows, where the watermark has moved."""
        self.before = self.watermark
