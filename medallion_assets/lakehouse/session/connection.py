"""The connection of a thread to the JVM, after an interrupt.

Py4J closes the connection when a KeyboardInterrupt breaks off a call. Any other exception from a
signal handler, such as the one with which Dagster cancels a run, leaves the call's answer on it:
the next question would get that one. Spark Connect has no such connection.
"""

from __future__ import annotations


def drop_broken_connection() -> None:
    """Let the thread's next call to the JVM open a new connection."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is None:
        return
    connection = gateway._gateway_client.get_thread_connection()
    if connection is not None:
        connection.close()
