"""Sending events with OpenLineage's own client: what goes wrong is a warning, once a run."""

from __future__ import annotations

import atexit
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.materialization import Materialization
from medallion_assets.orchestration.openlineage import run_events
from medallion_assets.orchestration.openlineage.run_events import Known, TableRun
from medallion_assets.orchestration.openlineage.switch import is_on

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import RunEvent

_CLOSE_SECONDS = 5.0


@contextmanager
def reported(
    run: TableRun, warn: Callable[[str], None]
) -> Iterator[Callable[[Materialization], None]]:
    """Tell of a materialization: that it begins, and how it ends.

    Args:
        run: which one.
        warn: told once a run why events can't be sent.

    Yields:
        What takes the outcome.
    """
    ended: list[Materialization] = []
    if not is_on(os.environ):
        yield ended.append
        return
    sender = _sender(run.dagster_run)

    def send(make: Callable[[TableRun, Known, datetime], RunEvent]) -> None:
        sender.send(
            lambda: make(run, Known.of(run.lake, run.table), datetime.now(timezone.utc)),
            run.table.full_name,
            warn,
        )

    send(run_events.started)
    try:
        yield ended.append
    except Exception as error:
        failure = error
        send(lambda run, known, at: run_events.failed(run, known, failure, at))
        raise
    except BaseException:
        send(run_events.aborted)
        raise
    send(lambda run, known, at: run_events.completed(run, known, ended[0], at))


@dataclass
class Sender:
    """Sends the events of one Dagster run, until one can't be sent.

    The client tries each several times, for some ten seconds where nobody answers: that is waited
    for once, not for every table.
    """

    dagster_run: str
    is_off: bool = False

    def send(self, make: Callable[[], RunEvent], table: str, warn: Callable[[str], None]) -> None:
        """Make an event and send it.

        Args:
            make: gives the event.
            table: whose event it is.
            warn: told why it can't be sent.
        """
        if self.is_off:
            return
        try:
            self._client.emit(make())
        except Exception as error:  # noqa: BLE001 - telling of a run must not fail it
            self.is_off = True
            warn(
                f"OpenLineage: an event of {table} was not sent ({_reason(error)}), and this run "
                "sends no more. Look at OPENLINEAGE_URL or OPENLINEAGE_CONFIG, or set "
                "OPENLINEAGE_DISABLED=true."
            )

    @cached_property
    def _client(self) -> OpenLineageClient:
        config = os.environ.get("OPENLINEAGE_CONFIG")
        if config and not Path(config).is_file():
            # The client would write to the console instead.
            raise FileNotFoundError(errno.ENOENT, "no such file", config)
        from openlineage.client import OpenLineageClient, set_producer

        # Of the facets, which otherwise name the client.
        set_producer(run_events.PRODUCER)
        client = OpenLineageClient()
        # A transport that sends beside the run has to have sent when the run's process ends.
        atexit.register(client.close, _CLOSE_SECONDS)
        return client


@lru_cache(maxsize=1)
def _sender(dagster_run: str) -> Sender:
    """The sender of a run; all its tables are materialized in one process."""
    return Sender(dagster_run)


def _reason(error: Exception) -> str:
    """What went wrong, without the message: it can hold the address, with a password in it."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is missing: install medallion_assets[openlineage]"
    if isinstance(error, FileNotFoundError):
        return f"there is no file {error.filename}"
    status = getattr(getattr(error, "response", None), "status_code", None)
    return type(error).__name__ if status is None else f"{type(error).__name__} {status}"
