"""`medallion status`: every table, its backlog and its checks, without starting anything."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from medallion_assets.cli.project import PROJECT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medallion_assets.cli.status_judgement import TableReport
    from medallion_assets.lakehouse.tables import Table

NEEDS_ATTENTION = 3
CANNOT_TELL = 1


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "status",
        help="show every table, its backlog and its checks",
        epilog="Exit code: 0 all right; 3 a check failed at ERROR, a file could not be read or "
        "events are lost; 1 something could not be told.",
    )
    parser.add_argument(
        "tables", metavar="TABLE", nargs="*", help="such as bronze/orders; all where none is named"
    )
    parser.add_argument("--json", action="store_true", help="for programs; see docs/status.md")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit code 3 also for warnings: a check failed at WARN, something is not taken yet",
    )
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Look once, print what there is, and return what a script should know.

    Raises:
        DeclarationError: there is no such table.
    """
    from medallion_assets.cli import status_report
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.status import look
    from medallion_assets.shop import lakehouse

    named = {lakehouse.table(name.replace("/", ".", 1)).full_name for name in arguments.tables}
    tables = [table for table in lakehouse.tables if not named or table.full_name in named]
    lake = Lake.from_environment(PROJECT)
    now = datetime.now(timezone.utc)
    reports, unknown = _with_checks(tables, look(tables, lake))
    code = exit_code(reports, unknown, strict=arguments.strict)
    if arguments.json:
        said = status_report.as_json(reports, lake, now, unknown, code)
        print(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        print(status_report.as_text(reports, lake, now, unknown))
    return code


def exit_code(reports: Sequence[TableReport], unknown: str | None, *, strict: bool = False) -> int:
    """What a script is told.

    Args:
        reports: of the tables.
        unknown: why nothing is known of the checks although there is an instance.
        strict: whether a warning needs attention too.
    """
    if any(report.attention or (strict and report.warnings) for report in reports):
        return NEEDS_ATTENTION
    if unknown is not None or any(report.status.errors for report in reports):
        return CANNOT_TELL
    return 0


def _with_checks(
    tables: Sequence[Table], statuses: Sequence[Any]
) -> tuple[list[TableReport], str | None]:
    """The looks with what the checks said, and why nothing is known of these."""
    from medallion_assets.cli.status_judgement import TableReport
    from medallion_assets.lakehouse.errors import MachineError
    from medallion_assets.orchestration.check_states import check_states

    unknown = None
    try:
        states = check_states(tables, PROJECT)
    except MachineError as error:
        states, unknown = None, str(error)
    return [
        TableReport(status, None if states is None else states[status.name]) for status in statuses
    ], unknown
