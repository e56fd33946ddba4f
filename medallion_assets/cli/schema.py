"""`medallion schema`: show the schema versions of a bronze table, or go back to one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medallion_assets.cli.project import PROJECT

if TYPE_CHECKING:
    from medallion_assets.lakehouse.autoloader.schema_log import SchemaVersion


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "schema", help="show the schema versions of a bronze table, or go back to one"
    )
    parser.add_argument("table", metavar="TABLE", help="such as bronze/orders")
    parser.add_argument(
        "--roll-back", type=int, metavar="VERSION", help="make this version's schema the newest"
    )
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Show the versions, or store an earlier one as the newest.

    Raises:
        DeclarationError: there is no such bronze table, or its schema is declared.
        OptionError: there is no such version.
        TableLockedError: a run holds the table.
    """
    from medallion_assets.lakehouse import locks
    from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog
    from medallion_assets.lakehouse.errors import DeclarationError
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.tables import BronzeTable, LandingDirectory
    from medallion_assets.shop import lakehouse

    table = lakehouse.table(arguments.table.replace("/", ".", 1))
    source = table.source if isinstance(table, BronzeTable) else None
    if not isinstance(source, LandingDirectory) or not source.is_inferred:
        raise DeclarationError(
            f"{table.full_name} has no stored schema: only bronze tables whose schema Auto Loader "
            "infers have one. Change the declaration."
        )
    lake = Lake.from_environment(PROJECT)
    location = source.cloud_files_options().schema_location
    log = SchemaLog(Path(location) if location else lake.stream_directory(table))
    if arguments.roll_back is not None:
        with locks.hold(lake.lock_path(table), table.full_name, "medallion schema"):
            log.roll_back(arguments.roll_back)
    versions = log.versions()
    print("\n\n".join(described(version) for version in versions) or "Nothing is stored yet.")
    return 0


def described(version: SchemaVersion) -> str:
    """One version, for people."""
    lines = [f"version {version.number}, {version.time}, by {version.by}"]
    if version.added:
        lines.append(f"  new: {', '.join(version.added)}")
    if version.files:
        lines.append(f"  seen in: {', '.join(version.files)}")
    lines += [f"    {field.name} {field.dataType.simpleString()}" for field in version.schema]
    return "\n".join(lines)
