"""`medallion copy-into`: carry out a COPY INTO statement."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from medallion_assets.cli.project import PROJECT

if TYPE_CHECKING:
    from medallion_assets.lakehouse.copy_into.result import CopyIntoResult


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "copy-into", help="load files into a table by a COPY INTO statement"
    )
    parser.add_argument(
        "statement",
        metavar="STATEMENT",
        help="such as \"COPY INTO bronze.orders FROM '/path/' FILEFORMAT = JSON\"; the lake's "
        "tables go by name, others as delta.`/path`",
    )
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Load the files, and print what was done.

    Raises:
        MedallionError: as `medallion_assets.copy_into`.
    """
    from medallion_assets import copy_into
    from medallion_assets.lakehouse.catalog import register_lake
    from medallion_assets.lakehouse.copy_into.parser import parse
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.session import start_spark

    # Before a session is started: a mistake is told at once.
    statement = parse(arguments.statement)
    spark = start_spark()
    register_lake(spark, Lake.from_environment(PROJECT))
    print(described(copy_into(spark, statement)))
    return 0


def described(done: CopyIntoResult) -> str:
    """The result, for people."""
    lines = [f"{name}: {number:,}" for name, number in done.asDict().items()]
    lines += [str(row.asDict(recursive=True)) for row in done.preview]
    return "\n".join(lines)
