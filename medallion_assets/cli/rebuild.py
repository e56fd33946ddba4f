"""`medallion rebuild`: make a table, and everything downstream of it, again from raw."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from medallion_assets.cli.project import PROJECT

if TYPE_CHECKING:
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.tables import Table


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "rebuild", help="make a table and everything downstream of it again, from what it reads"
    )
    parser.add_argument("table", metavar="TABLE", help="such as silver/orders")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be made again, and change nothing"
    )
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Rebuild a table.

    Raises:
        DeclarationError: there is no such table.
    """
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.shop import lakehouse

    lake = Lake.from_environment(PROJECT)
    table = lakehouse.table(arguments.table.replace("/", ".", 1))
    if arguments.dry_run:
        print(dry_run(lakehouse.downstream(table), lake))
        return 0

    from medallion_assets.lakehouse.rebuild import rebuild
    from medallion_assets.lakehouse.session import start_spark

    print(rebuild(lakehouse, table, lake, start_spark, owner="medallion rebuild", progress=print))
    return 0


def dry_run(tables: tuple[Table, ...], lake: Lake) -> str:
    """What a rebuild would make again, in order."""
    lines = [
        f"  {table.full_name.ljust(28)} {lake.log(table).row_count():,} rows in {lake.path(table)}"
        for table in tables
    ]
    return "\n".join(["Would be made again, in this order:", *lines, "Nothing was changed."])
