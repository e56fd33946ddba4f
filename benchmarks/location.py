"""The code location of the measured lakehouse."""

from __future__ import annotations

import logging
import time

from benchmarks.house import PROJECT
from benchmarks.lakehouse import lakehouse
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.orchestration import LakeResource, SparkResource, build_definitions

session_seconds: list[float] = []
"""What the start of the session took in this process; empty where none was started."""


class TimedSparkResource(SparkResource):
    """The project's own resource, which also takes the time."""

    def _init_session(self, log: logging.Logger | None = None, *, small: bool = True) -> None:
        if self._spark_session is None:
            started = time.time()
            super()._init_session(log, small=small)
            session_seconds.append(time.time() - started)


defs = build_definitions(
    lakehouse,
    lake=LakeResource.of(Lake.from_environment(PROJECT)),
    spark=TimedSparkResource(),
)
