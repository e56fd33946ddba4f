"""`medallion`: the lakehouse from the command line."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence

from medallion_assets.cli import (
    copy_into,
    engine,
    erase,
    land,
    live,
    rebuild,
    release,
    reprocess,
    run,
    schema,
    status,
    ui,
)
from medallion_assets.lakehouse.errors import MedallionError

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: the command line; this process's where it is left out.
    """
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.command(parsed))
    except (MedallionError, FileNotFoundError) as error:
        if parsed.verbose:
            traceback.print_exc()
        print(f"medallion: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("medallion: interrupted; run the command again to go on.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="medallion",
        description="A lakehouse that runs itself: files land, and bronze, silver and gold follow.",
        epilog="Environment: MEDALLION_LAKE, MEDALLION_LANDING and DAGSTER_HOME move the lake, "
        "the landing directories and the Dagster instance.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (
        run,
        land,
        live,
        ui,
        status,
        release,
        rebuild,
        reprocess,
        schema,
        copy_into,
        erase,
        engine,
    ):
        added = command.add_to(commands)
        added.add_argument(
            "--verbose", action="store_true", help="show what is done, and stack traces"
        )
        added.set_defaults(command=command.main)
    return parser
