"""PySpark's context and session over a JVM that others use too: to stop them is to leave it."""

from __future__ import annotations

from pyspark import SparkContext
from pyspark.sql import SparkSession

from medallion_assets.lakehouse.session.engine import attachment


class SharedContext(SparkContext):
    """The engine's context, as one run sees it."""

    def stop(self) -> None:
        """Leave the engine; its context goes on."""
        attachment.release()

    def cancelAllJobs(self) -> None:  # noqa: N802 - PySpark's name
        """Cancel the jobs of this run, not those of others."""
        left = attachment.current()
        if left is not None:
            self.cancelJobsWithTag(left.tag)


class SharedSession(SparkSession):
    """A run's own session on the engine's context."""

    def stop(self) -> None:
        """Leave the engine."""
        attachment.release()
