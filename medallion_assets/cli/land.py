"""`medallion land`: drop the next batch of sample files into the landing directories."""

from __future__ import annotations

import argparse
from typing import Any

from medallion_assets.cli.project import PROJECT, SAMPLE


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "land", help="drop the next batch of sample files into the landing directories"
    )
    return parser


def main(_: argparse.Namespace) -> int:
    """Land the next batch and print its files."""
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.shop.generator import land_next

    lake = Lake.from_environment(PROJECT)
    landed = land_next(SAMPLE, lake.landing)
    print(f"Landed {len(landed)} files in {lake.landing}:")
    for path in landed:
        print(f"  {path.relative_to(lake.landing)}  {path.stat().st_size:,} bytes")
    print("Next: `make run` takes them in; with `make ui` open, the sensors do.")
    return 0
