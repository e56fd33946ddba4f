"""Lines on the terminal while a run goes on, made from Dagster's own events."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from dagster import AssetMaterialization, DagsterEvent, JobDefinition, LoggerDefinition

NAME_WIDTH = 28
QUIET_SECONDS = 3.0
"""How long nothing is said before what a step does in between is said too."""


class ProgressHandler(logging.Handler):
    """Writes a line for each table that is done, and what goes on when that takes long."""

    def __init__(self, terminal: TextIO, *, verbose: bool = False) -> None:
        super().__init__(logging.DEBUG)
        self._terminal = terminal
        self._quiet_seconds = 0.0 if verbose else QUIET_SECONDS
        self._last_line = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a record, if it has one."""
        event: DagsterEvent | None = getattr(record, "dagster_event", None)
        if event is None:
            self._say_message(record)
        elif event.is_step_materialization:
            self._say(materialization_line(event.step_materialization_data.materialization))

    def _say_message(self, record: logging.LogRecord) -> None:
        # Dagster puts run id and step before the message; here only the message matters. What has
        # no step is Dagster's own account of the run. Errors are told once, when it has ended.
        metadata = getattr(record, "dagster_meta", {})
        if metadata.get("step_key") is None or record.levelno > logging.WARNING:
            return
        quiet = time.monotonic() - self._last_line >= self._quiet_seconds
        if record.levelno == logging.WARNING or (record.levelno == logging.INFO and quiet):
            table = metadata["step_key"].replace("__", "/")
            self._say(f"  {table}: {metadata['orig_message']}")

    def _say(self, line: str) -> None:
        self._terminal.write(line + "\n")
        self._terminal.flush()
        self._last_line = time.monotonic()


@contextmanager
def with_progress(job: JobDefinition, *, verbose: bool) -> Iterator[JobDefinition]:
    """The job with `progress` for a logger, which writes to this process's terminal.

    Args:
        job: the job.
        verbose: whether all that is done is printed.
    """
    # Dagster redirects the process's output into the run's compute log while a step runs; this is
    # the terminal itself.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as terminal:
        logger = progress_logger(ProgressHandler(terminal, verbose=verbose))
        yield job.with_logger_defs({"progress": logger})


def progress_logger(handler: ProgressHandler) -> LoggerDefinition:
    """The handler as a Dagster logger, to be used in place of the console's."""
    from dagster import LoggerDefinition

    def start(_: object) -> logging.Logger:
        logger = logging.Logger("medallion.progress", logging.DEBUG)
        logger.addHandler(handler)
        return logger

    return LoggerDefinition(start, description="Progress on the terminal.")


def materialization_line(done: AssetMaterialization) -> str:
    """What a run did to one table, in one line."""
    from medallion_assets.orchestration import metadata as keys

    values = {name: value.value for name, value in done.metadata.items()}
    name = done.asset_key.to_user_string().ljust(NAME_WIDTH)
    version = values.get(keys.DELTA_VERSION)
    if not values.get(keys.BATCHES):
        return f"{name} nothing new"
    apart = ((keys.ROWS_QUARANTINED, "quarantined"), (keys.ROWS_LATE, "late"))
    counted = [f"{values[name]:,} {what}" for name, what in apart if values.get(name)]
    kept_out = f" ({', '.join(counted)})" if counted else ""
    rows = f"+{values[keys.ROWS_THIS_RUN]:,} rows{kept_out}"
    return f"{name} {rows:<32} version {version}  {values[keys.DURATION]:.1f} s"
