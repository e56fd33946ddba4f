"""The JVM that a run gets which takes little: measured programs without Dagster are told to use it.

This project's runs choose it by themselves; whoever is compared gets the same.
"""

from __future__ import annotations

import argparse

QUICK = "--quick"


def add_quick(arguments: argparse.ArgumentParser) -> None:
    """Add the option to a program."""
    arguments.add_argument(QUICK, action="store_true", help="a JVM without optimizing compiler")


def quick_settings() -> dict[str, str]:
    """The settings that make it one."""
    from medallion_assets.lakehouse.session import settings

    return dict(settings.QUICK)
