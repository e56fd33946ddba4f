"""The status of tables, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from medallion_assets.cli.quantities import counted, size, span
from medallion_assets.cli.text_table import text_table

if TYPE_CHECKING:
    from medallion_assets.cli.status_judgement import TableReport
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.status import TableStatus
    from medallion_assets.orchestration.check_states import CheckStates

_UNKNOWN = "?"
_NOTHING = "-"


def as_text(reports: Sequence[TableReport], lake: Lake, now: datetime, unknown: str | None) -> str:
    """A line a table, then in whole sentences what needs attention, and what could not be told.

    Args:
        reports: of the tables, in order.
        lake: where they are.
        now: from when on ages are counted.
        unknown: why nothing is known of the checks although there is an instance.
    """
    columns = _columns(reports, now)
    rows = [[cell(report) for cell in columns.values()] for report in reports]
    parts = [text_table(list(columns), rows)]
    parts += _listed("Needs attention:", reports, lambda report: report.attention)
    parts += _listed("Warnings:", reports, lambda report: report.warnings)
    parts += _listed("Could not be told:", reports, lambda report: report.status.errors)
    if unknown is not None:
        parts.append(unknown)
    elif any(report.checks is None for report in reports):
        parts.append("Nothing is known of checks: there is no Dagster instance yet.")
    if not any(report.status.stored for report in reports):
        parts.append(f"There is none of these tables in {lake.root} yet; `make run` makes them.")
    return "\n\n".join(parts)


def as_json(
    reports: Sequence[TableReport],
    lake: Lake,
    now: datetime,
    unknown: str | None,
    code: int,
) -> dict[str, Any]:
    """The same for programs: times in UTC, sizes in bytes, spans in seconds.

    Args:
        reports: of the tables, in order.
        lake: where they are.
        now: when the look was taken.
        unknown: why nothing is known of the checks although there is an instance.
        code: the command's exit code.
    """
    return {
        "at": _instant(now),
        "exit_code": code,
        "lake": str(lake.root),
        "landing": str(lake.landing),
        "checks_error": unknown,
        "tables": [_table(report, now) for report in reports],
    }


def _columns(
    reports: Sequence[TableReport], now: datetime
) -> Mapping[str, Callable[[TableReport], object]]:
    """Header to what stands below it; a column in which no table has anything is left out."""
    columns: dict[str, Callable[[TableReport], object]] = {
        "table": lambda report: _path(report.status.name),
        "version": lambda report: report.status.stored and report.status.stored.version.version,
        "rows": lambda report: report.status.stored and report.status.stored.rows,
        "written": lambda report: _written(report.status, now),
    }
    if any(report.status.data_as_of for report in reports):
        columns["data as of"] = lambda report: report.status.data_as_of
    columns |= {
        "backlog": lambda report: _backlog(report.status, now),
        "checks": lambda report: _checks(report.checks),
        "quarantine": lambda report: report.status.quarantine_rows,
    }
    if any(report.status.late_rows is not None for report in reports):
        columns["late"] = lambda report: report.status.late_rows
    return columns


def _written(status: TableStatus, now: datetime) -> str:
    if status.stored is None:
        return _UNKNOWN if status.errors else "never"
    if status.stored.written_at is None:
        return _UNKNOWN
    return f"{span((now - status.stored.written_at).total_seconds())} ago"


def _backlog(status: TableStatus, now: datetime) -> str:
    held = status.backlog
    if held is None and not status.unread:
        return _UNKNOWN if status.errors else _NOTHING
    parts = []
    if held is not None and held.waiting:
        said = counted(held.waiting, "event" if held.events else "file")
        parts.append(said if held.complete else f"{said} or more")
        parts += [size(held.bytes)] if held.bytes is not None else []
        parts += [span(held.oldest_seconds)] if held.oldest_seconds is not None else []
    if status.versions_behind:
        parts.append(counted(status.versions_behind, "version"))
        since = status.behind_since
        parts += [span((now - since).total_seconds())] if since is not None else []
    if held is not None and held.being_written:
        parts.append(f"{held.being_written:,} being written")
    if held is not None and held.failed_files:
        parts.append(f"{held.failed_files:,} failed")
    return ", ".join(parts) or _NOTHING


def _checks(states: CheckStates | None) -> str:
    if states is None:
        return _UNKNOWN
    parts = []
    if states.failed:
        parts.append(f"{len(states.failed)} failed: {', '.join(states.failed)}")
    if states.warned:
        parts.append(f"{counted(len(states.warned), 'warning')}: {', '.join(states.warned)}")
    if states.passed and not parts:
        parts.append(f"{len(states.passed)} ok")
    if states.not_run and not parts:
        parts.append(f"{len(states.not_run)} not run")
    return ", ".join(parts) or _NOTHING


def _listed(
    heading: str,
    reports: Sequence[TableReport],
    sentences: Callable[[TableReport], Sequence[str]],
) -> list[str]:
    lines = [
        f"  {_path(report.status.name)}: {sentence}"
        for report in reports
        for sentence in sentences(report)
    ]
    return ["\n".join([heading, *lines])] if lines else []


def _table(report: TableReport, now: datetime) -> dict[str, Any]:
    status, checks = report.status, report.checks
    stored, held, since = status.stored, status.backlog, status.behind_since
    return {
        "table": _path(status.name),
        "layer": status.layer.value,
        "version": stored and stored.version.version,
        "table_id": stored and stored.version.table_id,
        "rows": stored and stored.rows,
        "written_at": _instant(stored.written_at if stored else None),
        "data_as_of": _instant(status.data_as_of),
        "backlog": held
        and {
            "files": held.files,
            "bytes": held.bytes,
            "events": held.events,
            "oldest_seconds": held.oldest_seconds and round(held.oldest_seconds, 1),
            "being_written": held.being_written,
            "complete": held.complete,
            "failed_files": held.failed_files,
            "lost": list(held.lost),
        },
        "versions_behind": status.versions_behind,
        "behind_seconds": since and round((now - since).total_seconds(), 1),
        "reads": [
            {
                "table": _path(other.table),
                "version": other.version,
                "read": other.read,
                "behind": other.behind,
            }
            for other in status.unread
        ],
        "checks": checks
        and {
            "passed": list(checks.passed),
            "warned": list(checks.warned),
            "failed": list(checks.failed),
            "not_run": list(checks.not_run),
        },
        "quarantine_rows": status.quarantine_rows,
        "late_rows": status.late_rows,
        "attention": list(report.attention),
        "warnings": list(report.warnings),
        "errors": list(status.errors),
    }


def _path(full_name: str) -> str:
    """The table as asset keys and commands spell it."""
    return full_name.replace(".", "/", 1)


def _instant(time: datetime | None) -> str | None:
    if time is None:
        return None
    return f"{time.astimezone(timezone.utc).isoformat(timespec='milliseconds')[:-6]}Z"
