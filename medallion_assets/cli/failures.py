"""Why a run failed, in lines a person can act on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

_MODULE = re.compile(r"\A(?:\w+\.)+(?=\w+:)")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster import DagsterEvent, ExecuteInProcessResult


def failure_lines(result: ExecuteInProcessResult) -> list[str]:
    """The cause of each failed step, one line each, the same cause only once."""
    lines: dict[str, list[str]] = {}
    for event in _failures(result):
        lines.setdefault(_cause(event), []).append((event.step_key or "run").replace("__", "/"))
    return [f"{', '.join(steps)}: {cause}" for cause, steps in lines.items()]


def failure_traces(result: ExecuteInProcessResult) -> list[str]:
    """The stack trace of each failed step."""
    return [
        f"{event.step_key}\n{error.to_string()}"
        for event in _failures(result)
        if (error := event.step_failure_data.error) is not None
    ]


def _failures(result: ExecuteInProcessResult) -> Iterator[DagsterEvent]:
    return (event for event in result.all_events if event.is_step_failure)


def _cause(event: DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    if error is None:
        return "failed without saying why"
    # Dagster wraps what the step raised.
    while error.cause is not None:
        error = error.cause
    # The message starts with the error's class, of which the module says nothing to a person.
    return " ".join(_MODULE.sub("", error.message).split())
