"""`medallion erase`: erase people from every table, old files and logs included."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from medallion_assets.cli.project import PROJECT

if TYPE_CHECKING:
    from medallion_assets.lakehouse.erasure.found import Found
    from medallion_assets.lakehouse.erasure.report import Erasure

SOMETHING_LEFT = 3
_LISTED_FILES = 20


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "erase", help="erase people from every table, its old files and its log"
    )
    parser.add_argument(
        "people",
        metavar="NAME=VALUE",
        nargs="+",
        help="such as customer_id=42: a name that tables declare as their data_subject",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what there is of them, and change nothing"
    )
    parser.add_argument(
        "--unreadable",
        action="store_true",
        help="erase rows too that do not say whose they are, and have a corrupt record or rescued "
        "values",
    )
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Erase people, and print what was done and what is left.

    Raises:
        OptionError: no table goes by such a name, or has such values of it, or is there.
        DeclarationError: a declared expression can't be computed from its table.
        TableLockedError: a run holds one of the tables.
    """
    from medallion_assets.lakehouse.erasure.erase import erase, survey
    from medallion_assets.lakehouse.erasure.identifiers import Identifier
    from medallion_assets.lakehouse.erasure.stores import concerned
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.session import start_session
    from medallion_assets.shop import lakehouse

    people = [Identifier.parse(said) for said in arguments.people]
    # Before a session is started: a mistake is told at once.
    concerned(lakehouse, people)
    lake = Lake.from_environment(PROJECT)
    if arguments.dry_run:
        print(dry_run(survey(lakehouse, lake, start_session, people)))
        return 0
    done = erase(
        lakehouse,
        lake,
        start_session,
        people,
        unreadable=arguments.unreadable,
        owner="medallion erase",
        progress=print,
    )
    print(report(done))
    return 0 if done.nothing_left else SOMETHING_LEFT


def dry_run(found: Mapping[str, Found]) -> str:
    """What there is of people, table by table."""
    from medallion_assets.cli.text_table import text_table

    header = ("table", "rows", "rows in files", "old files", "unreadable")
    rows = [
        (name, _number(seen.rows), _number(seen.rows_in_files), seen.old_files, seen.unreadable)
        for name, seen in found.items()
    ]
    return f"{text_table(header, rows)}\n\nNothing was changed."


def report(done: Erasure) -> str:
    """What was done, and what is left."""
    from medallion_assets.cli.text_table import text_table

    header = ("table", "rows erased", "files removed", "version", "rows left", "old files left")
    rows = [
        (
            store.name,
            _number(store.rows),
            store.files_removed,
            store.version,
            max(store.left.rows or 0, store.left.rows_in_files or 0),
            store.left.old_files,
        )
        for store in done.stores
    ]
    lines = [text_table(header, rows), "", _verdict(done)]
    if done.landing_files:
        lines += ["", "Landing files that hold rows of people erased now or before:"]
        lines += [f"  {file.path}" for file in done.landing_files[:_LISTED_FILES]]
        more = len(done.landing_files) - _LISTED_FILES
        lines += [f"  and {more:,} more"] if more > 0 else []
        lines.append("Take those rows out of them, or remove them.")
    if done.notes:
        lines += ["", *done.notes]
    lines += ["", f"Recorded, without a word on whom, in {done.record}."]
    return "\n".join(lines)


def _verdict(done: Erasure) -> str:
    by = ", ".join(done.names)
    if done.nothing_left:
        found = any(store.rows for store in done.stores)
        was = "" if found else "No table had a row of theirs. "
        return f"{was}Nothing is left by {by} in {len(done.stores)} tables, nor in their old files."
    states = [
        f"The stream of {state.table} remembers rows it has taken: run `medallion rebuild "
        f"{state.table.replace('.', '/', 1)}`, then the same command again."
        for state in done.states
    ]
    left = [store.name for store in done.stores if not store.left.nothing]
    files = [f"Something is left in {', '.join(left)}: run the same command again."] if left else []
    return "\n".join([*files, *states])


def _number(value: int | None) -> object:
    return "-" if value is None else value
