"""The connection to the JVM, after an interrupt and after the JVM's end.

Py4J closes the connection when a KeyboardInterrupt breaks off a call. Any other exception from a
signal handler, such as the one with which Dagster cancels a run, leaves the call's answer on it:
the next question would get that one. Spark Connect has no such connection.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any


def drop_broken_connection() -> None:
    """Let the thread's next call to the JVM open a new connection."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is None:
        return
    connection = gateway._gateway_client.get_thread_connection()
    if connection is not None:
        connection.close()


def forget_ended_jvm() -> bool:
    """Let go of this process's own JVM where it has ended.

    Returns:
        Whether it had ended.
    """
    from pyspark import SparkContext

    jvm = getattr(SparkContext._gateway, "proc", None)
    if jvm is None or jvm.poll() is None:
        return False
    forget_jvm()
    return True


def forget_jvm() -> None:
    """Let PySpark forget the JVM that it knows, which may be gone."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession, SQLContext

    context: Any = SparkContext._active_spark_context
    gateway: Any = SparkContext._gateway
    accumulators = getattr(context, "_accumulatorServer", None)
    if accumulators is not None:
        accumulators.shutdown()
    if context is not None:
        context._jsc = context._accumulatorServer = None
    if gateway is not None:
        _close(gateway)
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = SparkSession._activeSession = None
    SQLContext._instantiatedContext = None


def _close(gateway: Any) -> None:
    """Close all connections to a JVM, also those on which a thread waits for its next call."""
    answering = getattr(gateway, "_callback_server", None)
    for connection in [*gateway._gateway_client.deque, *getattr(answering, "connections", ())]:
        # Closing alone would wait for whoever reads.
        with suppress(OSError, AttributeError):
            connection.socket.shutdown(socket.SHUT_RDWR)
    # Of a JVM that is gone, closing says so.
    with suppress(Exception):
        gateway.close()
