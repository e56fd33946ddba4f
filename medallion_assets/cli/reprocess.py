"""`medallion reprocess`: let the next run take files of a bronze table again."""

from __future__ import annotations

import argparse
from typing import Any

from medallion_assets.cli.project import PROJECT


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "reprocess", help="let the next run take files again, in the place of their rows"
    )
    parser.add_argument("table", metavar="TABLE", help="such as bronze/orders")
    parser.add_argument(
        "files", metavar="FILE", nargs="*", help="paths, absolute or below the landing directory"
    )
    parser.add_argument("--pattern", help="a glob for paths below the landing directory")
    parser.add_argument("--modified-after", metavar="TIME", help="such as 2026-11-01T13:00:00")
    parser.add_argument("--modified-before", metavar="TIME")
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Enter the files once more.

    Raises:
        DeclarationError: there is no such bronze table.
        OptionError: no file is named, or one that was never taken.
        TableLockedError: a run holds the table.
    """
    from medallion_assets.lakehouse.autoloader.options.values import instant
    from medallion_assets.lakehouse.autoloader.reprocess import Wanted, names
    from medallion_assets.lakehouse.errors import DeclarationError
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.reprocess import appended_from, reprocess
    from medallion_assets.lakehouse.tables import BronzeTable
    from medallion_assets.shop import lakehouse

    table = lakehouse.table(arguments.table.replace("/", ".", 1))
    if not isinstance(table, BronzeTable):
        raise DeclarationError(
            f"{table.full_name} takes no files. Reprocess the bronze table it comes from, or "
            f"recreate it: medallion rebuild {arguments.table}."
        )
    after, before = arguments.modified_after, arguments.modified_before
    wanted = Wanted(
        files=tuple(arguments.files),
        pattern=arguments.pattern,
        modified_after=instant("--modified-after", after) if after else None,
        modified_before=instant("--modified-before", before) if before else None,
    )
    lake = Lake.from_environment(PROJECT)
    requested = reprocess(table, lake, wanted, owner="medallion reprocess")
    lines = list(names(requested)) or ["No file that was taken fits."]
    if requested.files:
        lines.append("Next: `make run` takes them.")
        lines += [
            f"{silver.full_name} does not merge by a sequence and would take their rows twice: run "
            f"`medallion rebuild {silver.layer.value}/{silver.name}` after it."
            for silver in appended_from(lakehouse, table)
        ]
    print("\n".join(lines))
    return 0
