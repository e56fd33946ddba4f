"""What one run of a table works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.streams.trigger import Trigger

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Run:
    """One run of one table.

    Args:
        lake: where the tables are.
        session: gives the session; called only when there is something to take.
        trigger: when micro-batches are taken.
        progress: told of every micro-batch.
        stop_requested: asked while it goes on; True ends it.
    """

    lake: Lake
    session: Callable[[], SparkSession]
    trigger: Trigger
    progress: Callable[[str], None]
    stop_requested: Callable[[], bool]
