"""Start the session: embedded on one machine, or against a cluster, with the same call."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.catalog import register_lake, register_warehouse
from medallion_assets.lakehouse.errors import TerminalError
from medallion_assets.lakehouse.kafka.cluster import KafkaCluster
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.session import engine as warm_engine
from medallion_assets.lakehouse.session import noise, signals
from medallion_assets.lakehouse.session import settings as spark_settings
from medallion_assets.lakehouse.session.class_data_sharing import ClassArchive
from medallion_assets.lakehouse.session.connection import forget_ended_jvm
from medallion_assets.lakehouse.session.jars import bundled_jars, coordinates, local_jars
from medallion_assets.lakehouse.session.kafka import kafka_settings
from medallion_assets.lakehouse.session.preflight import preflight

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PACKAGES = ("spark.jars.packages", "spark.jars.excludes")
_TAKEN = "spark.medallion.jars.packages"
"""Under which a session keeps the packages it was asked for: given as such Ivy would look anew."""
LOG = logging.getLogger("medallion_assets")
"""Warnings go to stderr, unless the program has a handler for them."""
_LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")


def start_spark(**settings: str) -> SparkSession:
    """Start, or return, the Spark session with Delta and Avro, and with every table by name.

    The tables of the lake (`MEDALLION_LAKE`, or `data/lake` below the working directory) are
    registered as `bronze.<name>`, `silver.<name>`, `gold.<name>`, those of the warehouse under the
    names they were made with.

    Where `SPARK_REMOTE` is set the session is a Spark Connect client of that server; where
    `SPARK_MASTER` is set it drives that cluster; else everything runs inside this process.

    Where `MEDALLION_KAFKA_BOOTSTRAP_SERVERS` is set the session has Spark's Kafka connector. With
    `MEDALLION_ENGINE=on` it is one in the warm engine, and `stop()` leaves that.

    Args:
        settings: Spark settings, which win over those made here:
            `start_spark(**{"spark.driver.memory": "4g"})`.

    Returns:
        The session. A second call returns the same one.

    Raises:
        MachineError: Java is missing or too old, the packages don't fit together, or the jars are
            not cached yet and can't be fetched. The message is one line with the fix.
        TerminalError: a session is running whose fixed settings differ from those asked for.
    """
    return _with_names(start_session(**settings))


def warm_spark(
    settings: dict[str, str], *, engine: bool = True, small: bool = True, log: logging.Logger = LOG
) -> SparkSession:
    """The session of `start_spark`, in the warm engine where that can serve.

    It can't with `MEDALLION_ENGINE=off`, with a cluster, or with a master of one's own; and it does
    not take loads, which gain from a JVM that optimizes.

    Args:
        settings: Spark settings.
        engine: False for a session of one's own, unless `MEDALLION_ENGINE` says on.
        small: whether little is to be taken: no more than `SMALL_BYTES`.
        log: told, in a line, when a JVM is started, and why the engine can't serve.

    Raises:
        MachineError: see `start_spark`.
        TerminalError: see `start_spark`.
    """
    return _with_names(_session(settings, warm=engine and small, quick=small, log=log))


def engine_settings(settings: dict[str, str]) -> dict[str, str] | None:
    """What `warm_spark` with these settings asks of the engine; None where it does not use it."""
    asked = _with_kafka(settings)
    remote = asked.get("spark.remote") or os.environ.get("SPARK_REMOTE")
    master = asked.get("spark.master") or os.environ.get("SPARK_MASTER")
    return None if remote or master else {**spark_settings.QUICK, **asked}


def start_session(**settings: str) -> SparkSession:
    """The session of `start_spark` without the tables' names, which a run does not need."""
    return _session(settings, warm=False, quick=False, log=LOG)


def forget_ended() -> bool:
    """Let the next session have a new JVM where the one of this process, or the engine, has ended.

    PySpark keeps a JVM that was killed for want of memory, say, and every further call fails.

    Returns:
        Whether it had ended.
    """
    return warm_engine.forget_ended() or forget_ended_jvm()


def _with_names(session: SparkSession) -> SparkSession:
    register_lake(session, Lake.from_environment(Path.cwd()))
    register_warehouse(session)
    return session


def _session(
    settings: dict[str, str], *, warm: bool, quick: bool, log: logging.Logger
) -> SparkSession:
    from pyspark.sql import SparkSession

    forget_ended()
    running = SparkSession.getActiveSession()
    if running is not None and settings:
        _check_running(running, settings)
    if running is not None:
        return running
    settings = _with_kafka(settings)
    if remote := settings.pop("spark.remote", None) or os.environ.get("SPARK_REMOTE"):
        return _build(SparkSession.builder.remote(remote), settings)
    master = settings.get("spark.master") or os.environ.get("SPARK_MASTER")
    if master is not None and not master.startswith("local"):
        return _start_on_cluster(master, settings)
    asked = engine_settings(settings)
    if asked is not None and warm_engine.wanted(os.environ, otherwise=warm):
        attached = warm_engine.session(asked, log)
        if attached is not None:
            return attached
    log.info("starting Spark, which takes some 15 seconds")
    return _start_local(master, {**(spark_settings.QUICK if quick else {}), **settings})


def _start_on_cluster(master: str, settings: dict[str, str]) -> SparkSession:
    from pyspark.sql import SparkSession

    preflight()
    chosen = {
        **spark_settings.COMMON,
        "spark.master": master,
        "spark.jars": ",".join(str(jar) for jar in _jars(settings)),
        **settings,
    }
    with signals.preserved(), noise.filtered_stderr():
        return _build(SparkSession.builder, chosen)


def _start_local(master: str | None, settings: dict[str, str]) -> SparkSession:
    from pyspark.sql import SparkSession

    java = preflight()
    jars = _jars(settings)
    archive = ClassArchive.for_class_path(java.version, (*bundled_jars(), *jars))
    archived = archive.exists
    chosen = {
        **spark_settings.COMMON,
        **spark_settings.local(spark_settings.usable_cores(), "2g"),
        **({"spark.master": master} if master else {}),
        **settings,
    }
    options = (spark_settings.java_options(_LOG_SETTINGS), archive.java_options())
    chosen["spark.driver.extraJavaOptions"] = " ".join(
        [*options, settings.get("spark.driver.extraJavaOptions", "")]
    ).strip()
    # On the class path rather than in spark.jars: only then can the archive hold their classes.
    chosen["spark.driver.extraClassPath"] = os.pathsep.join(
        [*map(str, jars), *filter(None, [settings.get("spark.driver.extraClassPath")])]
    )
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with signals.preserved(), noise.filtered_stderr():
        session = _build(SparkSession.builder, chosen)
    atexit.register(_end, session, archive, archived=archived)
    return session


def _jars(settings: dict[str, str]) -> tuple[Path, ...]:
    """The jars of our packages and those asked for, which are resolved once, not at every start."""
    packages, excluded = (
        tuple(filter(None, settings.pop(name, "").split(","))) for name in _PACKAGES
    )
    if packages:
        settings[_TAKEN] = ",".join(packages)
    return local_jars((*coordinates(), *packages), excluded)


def _with_kafka(settings: dict[str, str]) -> dict[str, str]:
    """The settings with Kafka's connector, where the environment names a cluster."""
    if KafkaCluster.from_environment() is None:
        return settings
    name = _PACKAGES[0]
    packages = [*settings.get(name, "").split(","), kafka_settings()[name]]
    return {**settings, name: ",".join(dict.fromkeys(filter(None, packages)))}


def _build(builder: Any, settings: dict[str, str]) -> SparkSession:
    for name, value in settings.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.getOrCreate()
    return session


def _end(session: SparkSession, archive: ClassArchive, *, archived: bool) -> None:
    """At exit: end the JVM, and keep the class archive where it writes one."""
    from pyspark import SparkContext

    if session.sparkContext._jsc is None:
        # Its JVM has ended before, and another one may have taken its place.
        return
    jvm = getattr(SparkContext._gateway, "proc", None)
    if jvm is None or jvm.stdin is None:
        session.stop()
        return
    loaded = _loaded_classes(session)
    # The JVM stops its context by itself then, for which nobody has to wait: half a second.
    jvm.stdin.close()
    if not archived:
        archive.keep(jvm, loaded)
    elif archive.outgrown_by(loaded):
        archive.drop()


def _loaded_classes(session: SparkSession) -> int:
    """How many classes the JVM has loaded; 0 where it does not answer any more."""
    try:
        java: Any = session.sparkContext._jvm
        beans = java.java.lang.management.ManagementFactory
        return int(beans.getClassLoadingMXBean().getTotalLoadedClassCount())
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is about to end
        return 0


def _check_running(running: SparkSession, settings: dict[str, str]) -> None:
    for name, wanted in settings.items():
        if name == "spark.jars.excludes":
            continue
        kept_as = _TAKEN if name == "spark.jars.packages" else name
        actual = running.conf.get(kept_as, None)
        if actual != wanted:
            raise TerminalError(
                f"A Spark session is running with {name} = {actual}, asked for is {wanted}. "
                "Stop that session first (spark.stop()), or leave the setting out."
            )
