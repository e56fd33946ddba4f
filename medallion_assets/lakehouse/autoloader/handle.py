"""The handle of a started stream, like Spark's `StreamingQuery`."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING

from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.autoloader.stream import FileStream, Sink
from medallion_assets.lakehouse.streams.trigger import Trigger

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class CloudFilesQuery:
    """A stream over files that was started; it runs until its trigger or `stop()` ends it."""

    def __init__(
        self,
        stream: FileStream,
        sink: Sink,
        spark: SparkSession,
        trigger: Trigger,
        name: str | None,
    ) -> None:
        self.name = name
        self.runId = str(uuid.uuid4())
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._stream, self._sink, self._spark, self._trigger = stream, sink, spark, trigger
        self._thread = threading.Thread(
            target=self._run, name=f"cloudFiles {stream.directory}", daemon=True
        )
        self._thread.start()

    @property
    def isActive(self) -> bool:  # noqa: N802 - Spark's name
        """Whether the stream still runs."""
        return self._thread.is_alive()

    def awaitTermination(self, timeout: float | None = None) -> bool | None:  # noqa: N802
        """Wait for the end.

        Args:
            timeout: seconds to wait; None waits for ever.

        Returns:
            With a timeout, whether the stream ended within it.

        Raises:
            Exception: what made the stream fail.
        """
        waited = 0.0
        while self._thread.is_alive() and (timeout is None or waited < timeout):
            # In short waits, so that an interrupt reaches the main thread.
            self._thread.join(0.1 if timeout is None else min(0.1, timeout - waited))
            waited += 0.1
        if self._failure is not None and not self._thread.is_alive():
            raise self._failure
        return None if timeout is None else not self._thread.is_alive()

    def stop(self) -> None:
        """End the stream after its running micro-batch is stopped."""
        self._stop.set()
        self._thread.join()

    def exception(self) -> Exception | None:
        """What made the stream fail, None where nothing did."""
        return self._failure

    def _run(self) -> None:
        stream = self._stream
        lock = stream.checkpoint / "_stream.lock"
        try:
            with locks.hold(lock, f"The stream of {stream.checkpoint}", f"query {self.runId}"):
                stream.run(
                    lambda: self._spark,
                    self._sink,
                    self._trigger,
                    lambda _: None,
                    self._stop.is_set,
                )
        except Exception as failure:  # noqa: BLE001 - raised where the caller waits
            self._failure = failure
