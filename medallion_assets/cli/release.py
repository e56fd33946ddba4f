"""`medallion release`: send rows of a table's quarantine through silver again."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from medallion_assets.cli.project import PROJECT

if TYPE_CHECKING:
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.quality.release import Release
    from medallion_assets.lakehouse.tables import SilverTable


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "release", help="judge rows of a quarantine again, mended or not, and take those that pass"
    )
    parser.add_argument("table", metavar="TABLE", help="such as silver/orders")
    parser.add_argument(
        "--where", metavar="SQL", default="true", help="which rows; all where it is left out"
    )
    parser.add_argument(
        "--set",
        metavar="COLUMN=SQL",
        action="append",
        default=[],
        help="mend a column, such as quantity=abs(quantity); may be given several times",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would pass, and change nothing"
    )
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Release rows, take them through to gold, and print what is left.

    Raises:
        DeclarationError: there is no such silver table.
        OptionError: the table has no quarantine, or a repair can't be read or computed.
        ExpectationFailedError: a row breaks an `expect_or_fail` rule.
    """
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.quality.release import Release
    from medallion_assets.lakehouse.release import with_quarantine
    from medallion_assets.shop import lakehouse

    table = with_quarantine(lakehouse.table(arguments.table.replace("/", ".", 1)))
    wanted = Release(arguments.where, dict(map(_repair, arguments.set)))
    lake = Lake.from_environment(PROJECT)
    if arguments.dry_run:
        print(_tried(table, lake, wanted))
        return 0
    return _run(table, lake, wanted, verbose=arguments.verbose)


def _repair(text: str) -> tuple[str, str]:
    from medallion_assets.lakehouse.errors import OptionError

    column, equals, expression = text.partition("=")
    if not (column.strip() and equals and expression.strip()):
        raise OptionError(f"--set {text!r} is not COLUMN=SQL, such as quantity=abs(quantity).")
    return column.strip(), expression.strip()


def _tried(table: SilverTable, lake: Lake, wanted: Release) -> str:
    from medallion_assets.cli.text_table import text_table
    from medallion_assets.lakehouse.release import try_release
    from medallion_assets.lakehouse.session import start_session

    trial = try_release(table, lake, start_session(), wanted)
    rows = [(count.name, count.failed) for count in trial.counts if count.failed]
    broken = f"\n{text_table(('rule', 'rows that break it'), rows)}\n" if rows else ""
    said = f"{trial.passing} of {trial.rows} rows would go into {table.full_name}"
    return f"{broken}{said}. Nothing was changed."


def _run(table: SilverTable, lake: Lake, wanted: Release, *, verbose: bool) -> int:
    from medallion_assets.cli.instance import opened_instance
    from medallion_assets.cli.run import execute, report_failure
    from medallion_assets.cli.summary import table_summary
    from medallion_assets.orchestration.jobs import source_assets
    from medallion_assets.orchestration.keys import op_name
    from medallion_assets.shop import lakehouse

    config = {"release": {"where": wanted.where, "repairs": dict(wanted.repairs)}}
    with opened_instance(PROJECT) as instance:
        result = execute(
            instance,
            verbose=verbose,
            assets=source_assets(lakehouse, table),
            ops={op_name(table): {"config": config}},
        )
    if not result.success:
        return report_failure(result, verbose=verbose)
    print(f"\n{table_summary(result)}\n")
    print(_left(table, lake))
    return 0


def _left(table: SilverTable, lake: Lake) -> str:
    from medallion_assets.cli.text_table import text_table
    from medallion_assets.lakehouse.released_rows import left_in_quarantine
    from medallion_assets.lakehouse.session import start_session

    left = left_in_quarantine(table, lake, start_session())
    if not left.rows:
        return f"Nothing is left in the quarantine of {table.full_name}."
    rules = text_table(("rule", "rows that broke it"), list(left.by_rule.items()))
    return f"{rules}\n\n{left.rows} rows are left in the quarantine of {table.full_name}."
