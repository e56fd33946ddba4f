"""The Spark session as a Dagster resource, started by the first step that needs it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from dagster_pyspark import LazyPySparkResource

from medallion_assets.lakehouse.errors import EngineEndedError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkResource(LazyPySparkResource):
    """A Spark session with Delta and Avro.

    Each field takes a value or a `dagster.EnvVar`, also inside `spark_config`. A field left out
    is decided by the engine: the environment's `SPARK_REMOTE` or `SPARK_MASTER`, else a session
    on this machine with settings that fit it: in the warm engine, whose JVM stays for the next run,
    or where that can't serve inside the run's process.

    The session lives as long as the process of the run, so that its steps share it: with the
    in-process executor a run pays for one JVM at most, and a run with nothing new for none.

    Args:
        master: `spark.master`, such as `local[4]` or `spark://host:7077`.
        remote: a Spark Connect server, such as `sc://host:15002`.
        driver_memory: `spark.driver.memory`, such as `4g`.
        spark_config: any other Spark settings, by their full names; the typed fields win.
        engine: whether the warm engine is used where neither master nor remote is given; the
            environment's `MEDALLION_ENGINE` (on, off) wins.
    """

    # Typed as str to str, Dagster resolves an EnvVar in a value; in the base's Any it would not.
    spark_config: dict[str, str] = {}  # noqa: RUF012 - a pydantic field, copied for each instance
    master: str | None = None
    remote: str | None = None
    driver_memory: str | None = None
    engine: bool = True

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
    def spark_session(self) -> SparkSession:
        """The session; the first call starts it.

        Raises:
            MachineError: Java is missing or too old, or the jars can't be had.
            TerminalError: a session with other settings is running in this process.
        """
        self._init_session()
        return cast("SparkSession", self._spark_session)

    def start(self, log: logging.Logger, *, small: bool = True) -> SparkSession:
        """The session; the first call starts it.

        Args:
            log: told, in a line, where that takes long, and why the engine can't serve.
            small: whether the run takes little, as far as is known; a load gets a JVM of its own.

        Raises:
            MachineError: see `spark_session`.
            TerminalError: see `spark_session`.
        """
        self._init_session(log, small=small)
        return cast("SparkSession", self._spark_session)

    @contextmanager
    def losses_reported(self) -> Iterator[None]:
        """Tell an error that comes from the end of the warm engine by its cause.

        Raises:
            EngineEndedError: it ended within the block; the next session is a new one.
        """
        from medallion_assets.lakehouse.session.engine import losses_reported

        try:
            with losses_reported():
                yield
        except EngineEndedError:
            self._spark_session = None
            raise

    def _init_session(self, log: logging.Logger | None = None, *, small: bool = True) -> None:
        # The hook of the base class, which would start a plain session without Delta.
        from medallion_assets.lakehouse.session import LOG, forget_ended, warm_spark

        if self._spark_session is not None and forget_ended():
            self._spark_session = None
        if self._spark_session is None:
            self._spark_session = warm_spark(
                self.settings(), engine=self.engine, small=small, log=log or LOG
            )
