"""A run's side: a session in the engine's JVM that looks like one of its own.

`SparkContext(gateway=, jsc=)` over a running context is what PySpark has for shells of other
languages; its documentation calls the two arguments internal.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.environment import environment
from medallion_assets.lakehouse.session import signals
from medallion_assets.lakehouse.session.engine import attachment, wire
from medallion_assets.lakehouse.session.engine.attachment import Attachment
from medallion_assets.lakehouse.session.engine.choice import obstacle
from medallion_assets.lakehouse.session.engine.fingerprint import fingerprint, parted
from medallion_assets.lakehouse.session.engine.place import (
    EngineUnavailableError,
    Place,
    engine_directory,
    prepared,
)
from medallion_assets.lakehouse.session.engine.starting import reached

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PORT, _TOKEN = "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"


def session(settings: Mapping[str, str], log: logging.Logger) -> SparkSession | None:
    """A session in the engine, which is started where it does not run.

    Args:
        settings: of Spark.
        log: told, in one line each, where the engine is started and where it can't be used.

    Returns:
        The session; None where the caller has to start one of its own.
    """
    from pyspark import SparkContext

    if SparkContext._gateway is not None:
        # The process has a JVM already.
        return None
    try:
        return _attached(settings, log)
    except Exception as error:  # noqa: BLE001 - whatever is wrong, a session of its own works
        attachment.release()
        reason = " ".join(str(error).split()) or type(error).__name__
        log.warning("The warm engine is not used: %s. Spark starts in this process.", reason)
        return None
    except BaseException:
        attachment.release()
        raise


def start(settings: Mapping[str, str], log: logging.Logger) -> None:
    """Start the engine for these settings, where it does not run, without using it.

    Raises:
        EngineUnavailableError: it can't be started, or not be used here.
        OSError: the same.
    """
    hindered = obstacle(os.environ)
    if hindered is not None:
        raise EngineUnavailableError(hindered)
    fixed, _ = parted(settings)
    reached(place_for(settings), fixed, log).close()


def place_for(settings: Mapping[str, str]) -> Place:
    """Where the engine for these settings is, in this environment.

    Raises:
        EngineUnavailableError: other users could reach it.
    """
    directory = prepared(engine_directory())
    fixed, _ = parted(settings)
    return Place(directory, fingerprint(fixed, os.environ, Path.cwd()))


def _attached(settings: Mapping[str, str], log: logging.Logger) -> SparkSession:
    hindered = obstacle(os.environ)
    if hindered is not None:
        raise EngineUnavailableError(hindered)
    fixed, own = parted(settings)
    place = place_for(settings)
    try:
        answer = _asked(place, fixed, own, log)
    except ConnectionError:
        # It ended in this very moment, being idle or unwell.
        answer = _asked(place, fixed, own, log)
    with signals.preserved():
        return _session_over(int(answer["port"]), str(answer["token"]))


def _asked(
    place: Place, fixed: Mapping[str, str], own: Mapping[str, str], log: logging.Logger
) -> dict[str, Any]:
    line = reached(place, fixed, log)
    try:
        answer = wire.ask(line, "attach", settings=dict(own), process=os.getpid())
        attachment.keep(Attachment.of(line, answer))
    except BaseException:
        line.close()
        raise
    return answer


def _session_over(port: int, token: str) -> SparkSession:
    """PySpark's objects over the gateway that the engine has opened for us."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.session.engine.shared_context import (
        SharedContext,
        SharedSession,
    )

    with environment({_PORT: str(port), _TOKEN: token}):
        gateway: Any = launch_gateway()  # type: ignore[no-untyped-call]
    SparkContext._gateway, SparkContext._jvm = gateway, gateway.jvm
    # The gateway's threads have our session as their active one.
    sessions = getattr(gateway.jvm, "org.apache.spark.sql.classic.SparkSession")
    own = sessions.getActiveSession().get()
    java_context = gateway.jvm.JavaSparkContext.fromSparkContext(own.sparkContext())
    context = SharedContext(
        gateway=gateway, jsc=java_context, conf=SparkConf(_jconf=java_context.getConf())
    )
    # A first session makes itself the JVM's default, which is none of ours: so it is not the first.
    SparkSession._instantiatedSession = SimpleNamespace(_sc=context)  # type: ignore[assignment]
    session = SharedSession(context, own)
    SparkSession._instantiatedSession = SparkSession._activeSession = session
    return session
