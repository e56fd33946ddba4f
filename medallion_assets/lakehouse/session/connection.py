"""The connection to the JVM, after an interrupt and after the JVM's end.

Py4J closes the connection when a KeyboardInterrupt breaks off a call. Any other exception from a
signal handler, such as the one with which Dagster cancels a run, leaves the call's answer on it:
the next question would get that one. Spark Connect has no such connection.
"""

from __future__ import annotations

import warnings
from contextlib import suppress


def drop_broken_connection() -> None:
    """Let the thread's next call to the JVM open a new connection."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is None:
        return
    connection = gateway._gateway_client.get_thread_connection()
    if connection is not None:
        connection.close()


def forget_ended_engine() -> bool:
    """Let the next session start a JVM, where the one of this process has ended.

    PySpark keeps a JVM that was killed for want of memory, say, and every further call fails.

    Returns:
        Whether it had ended.
    """
    from py4j.protocol import Py4JError
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    gateway = SparkContext._gateway
    jvm = getattr(gateway, "proc", None)
    if gateway is None or jvm is None or jvm.poll() is None:
        return False
    with warnings.catch_warnings(), suppress(OSError, Py4JError):
        warnings.simplefilter("ignore", RuntimeWarning)
        if SparkContext._active_spark_context is not None:
            SparkContext._active_spark_context.stop()
    with suppress(OSError, Py4JError):
        gateway.shutdown()
    SparkContext._active_spark_context = SparkContext._gateway = SparkContext._jvm = None
    SparkSession._instantiatedSession = SparkSession._activeSession = None
    return True
