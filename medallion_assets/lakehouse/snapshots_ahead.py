"""Read the tables' Delta logs on another core while a run still looks at what is new.

Before it writes a table exactly once, or reads it, Delta puts together what the table's log says:
one small Spark job and its planning, 0.3 to 0.4 s for a table of any small size, one table after
the other. Delta keeps the result, so that who asks first pays for all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.run import Run
from medallion_assets.lakehouse.sql_text import quoted
from medallion_assets.lakehouse.tables import GoldTable, SilverTable, Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LAST_SECONDS = 1.0


def tables_of(table: Table, lake: Lake) -> tuple[Path, ...]:
    """The tables whose logs a run of one needs, in the order in which another core reads them."""
    own = lake.path(table)
    if isinstance(table, SilverTable):
        return lake.quarantine_path(table), own
    if isinstance(table, GoldTable):
        # The run itself begins with its own.
        return *(lake.path(source) for source in table.sources.values()), own
    return (own,)


@dataclass
class SnapshotsAhead:
    """Reads logs from the moment on at which a run has its session.

    Args:
        tables: the tables' directories; those that are missing are left out.
    """

    tables: Sequence[Path]
    _thread: threading.Thread | None = field(default=None, init=False)

    def beside(self, run: Run) -> Run:
        """The same run, beside which logs are read as soon as it takes a session."""
        return replace(run, session=self._starting(run.session))

    def wait(self) -> None:
        """Leave nothing behind that still uses the session."""
        if self._thread is not None:
            self._thread.join(_LAST_SECONDS)

    def _starting(self, session: Callable[[], SparkSession]) -> Callable[[], SparkSession]:
        def started() -> SparkSession:
            spark = session()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._read, args=(spark,), name="delta-logs", daemon=True
                )
                self._thread.start()
            return spark

        return started

    def _read(self, spark: SparkSession) -> None:
        for path in self.tables:
            # Whatever is wrong with a table is for the run itself to find and to tell.
            with suppress(Exception):
                if (path / "_delta_log").is_dir():
                    spark.sql(f"DESCRIBE DETAIL delta.{quoted(str(path))}")
