"""`medallion rebuild`: recreate a table from what it reads, and swap it in."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from medallion_assets.cli.project import PROJECT

if TYPE_CHECKING:
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.rebuild import Parity
    from medallion_assets.lakehouse.tables import Table


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "rebuild", help="recreate a table from what it reads, compare, and swap it in"
    )
    parser.add_argument("table", metavar="TABLE", help="such as silver/orders")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be recreated, and change nothing"
    )
    parser.add_argument(
        "--without",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="leave out a person who was erased, as in customer_id=42",
    )
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Rebuild a table, and the tables that stream it.

    Raises:
        DeclarationError: there is no such table.
        TableLockedError: a run holds one of the tables.
        ErasedRowsError: landing files hold rows of people who were erased.
        OptionError: a person is named in another way than by what the table declares.
    """
    from medallion_assets.lakehouse.erasure.identifiers import Identifier
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.rebuild import plan, rebuild
    from medallion_assets.lakehouse.session import start_session
    from medallion_assets.shop import lakehouse

    lake = Lake.from_environment(PROJECT)
    table = lakehouse.table(arguments.table.replace("/", ".", 1))
    if arguments.dry_run:
        print(dry_run(plan(lakehouse, table), lake))
        return 0
    done = rebuild(
        lakehouse,
        table,
        lake,
        start_session,
        without=[Identifier.parse(said) for said in arguments.without],
        owner="medallion rebuild",
        progress=print,
    )
    print(report(done))
    return 0


def dry_run(tables: tuple[Table, ...], lake: Lake) -> str:
    """What a rebuild would recreate, in order."""
    lines = [
        f"  {table.full_name.ljust(28)} {lake.log(table).row_count():,} rows in {lake.path(table)}"
        for table in tables
    ]
    return "\n".join(["Would be recreated, in this order:", *lines, "Nothing was changed."])


def report(done: tuple[Parity, ...]) -> str:
    """How the old rows and the rebuilt ones compare."""
    from medallion_assets.cli.text_table import text_table

    rows = [
        (
            parity.table,
            parity.old_rows,
            parity.new_rows,
            parity.only_old,
            parity.only_new,
            parity.generation,
        )
        for parity in done
    ]
    header = ("table", "old rows", "new rows", "only old", "only new", "generation")
    table = text_table(header, rows)
    verdict = (
        "The rebuilt rows are the old ones."
        if all(parity.equal for parity in done)
        else "The rebuilt rows differ from the old ones; the old ones are in the table's history."
    )
    return f"{table}\n\n{verdict}\nNext: `make run` lets the tables downstream follow."
