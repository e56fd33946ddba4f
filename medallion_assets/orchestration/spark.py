"""The Spark session as a Dagster resource, started by the first step that needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dagster_pyspark import LazyPySparkResource

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkResource(LazyPySparkResource):
    """A Spark session with Delta and Avro.

    Each field takes a value or a `dagster.EnvVar`, also inside `spark_config`. A field left out
    is decided by the engine: the environment's `SPARK_REMOTE` or `SPARK_MASTER`, else a session
    inside the run's process with settings that fit the machine.

    The session lives as long as the process of the run, so that its steps share it: with the
    in-process executor a run pays for one JVM, and a run with nothing new for none.

    Args:
        master: `spark.master`, such as `local[4]` or `spark://host:7077`.
        remote: a Spark Connect server, such as `sc://host:15002`.
        driver_memory: `spark.driver.memory`, such as `4g`.
        spark_config: any other Spark settings, by their full names; the typed fields win.
    """

    # Typed as str to str, Dagster resolves an EnvVar in a value; in the base's Any it would not.
    spark_config: dict[str, str] = {}  # noqa: RUF012 - a pydantic field, copied for each instance
    master: str | None = None
    remote: str | None = None
    driver_memory: str | None = None

    def settings(self) -> dict[str, str]:
        """The Spark settings that were asked for."""
        typed = {
            "spark.master": self.master,
            "spark.remote": self.remote,
            "spark.driver.memory": self.driver_memory,
        }
        return {
            **self.spark_config,
            **{name: value for name, value in typed.items() if value is not None},
        }

    @property
    def started(self) -> bool:
        """Whether a step of this run has asked for the session already."""
        return self._spark_session is not None

    @property
    def spark_session(self) -> SparkSession:
        """The session; the first call starts it.

        Raises:
            MachineError: Java is missing or too old, or the jars can't be had.
            TerminalError: a session with other settings is running in this process.
        """
        self._init_session()
        return cast("SparkSession", self._spark_session)

    def _init_session(self) -> None:
        # The hook of the base class, which would start a plain session without Delta.
        if self._spark_session is not None:
            from medallion_assets.lakehouse.session.connection import forget_ended_engine

            if forget_ended_engine():
                self._spark_session = None
        if self._spark_session is None:
            from medallion_assets.lakehouse.session import start_spark

            self._spark_session = start_spark(**self.settings())
