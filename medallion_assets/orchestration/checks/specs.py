"""Which checks a table has: its own, those of its expectations, and those declared on it."""

from __future__ import annotations

from collections import Counter

import dagster as dg

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.expectations import BLOCKS, Action, Expectation
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, SilverTable, Table
from medallion_assets.orchestration.checks.names import (
    CORRUPT_ROWS,
    EVENTS_LOST,
    FILES_FAILED,
    LATE_ROWS,
    RESCUED_ROWS,
    ROWS_CONSERVED,
)
from medallion_assets.orchestration.keys import table_key
from medallion_assets.orchestration.lineage_check import lineage_specs


def check_specs(table: Table) -> list[dg.AssetCheckSpec]:
    """The checks of a table.

    Raises:
        DeclarationError: two checks of the table have the same name.
    """
    specs = [
        *_own(table),
        *lineage_specs(table),
        *(spec for rule in expectations(table) for spec in _of_rule(table, rule)),
        *(
            _spec(table, check.name, check.description, blocking=check.blocking)
            for check in table.checks
        ),
    ]
    doubled = [name for name, count in Counter(spec.name for spec in specs).items() if count > 1]
    if doubled:
        raise DeclarationError(
            f"{table.full_name} has two checks called {doubled[0]}: its own, those of its "
            "expectations and its declared checks share their names. Rename one."
        )
    return specs


def expectations(table: Table) -> tuple[Expectation, ...]:
    """The rules of a table; only silver tables have any."""
    return table.expectations if isinstance(table, SilverTable) else ()


def _own(table: Table) -> list[dg.AssetCheckSpec]:
    specs = []
    if isinstance(table, (BronzeTable, SilverTable)):
        specs.append(
            _spec(table, ROWS_CONSERVED, "Every row that was read ended somewhere.", blocking=True)
        )
    if isinstance(table, BronzeTable) and isinstance(table.source, KafkaTopics):
        specs.append(_spec(table, EVENTS_LOST, "No event was gone before it was read."))
    elif isinstance(table, BronzeTable):
        specs += [
            _spec(table, RESCUED_ROWS, "No value had to be kept in `_rescued_data`."),
            _spec(table, CORRUPT_ROWS, "No record had to be kept in `_corrupt_record`."),
            _spec(table, FILES_FAILED, "Every file that landed could be read."),
        ]
    if isinstance(table, SilverTable) and table.watermarks:
        specs.append(_spec(table, LATE_ROWS, "No row came behind the watermark."))
    return specs


def _of_rule(table: Table, rule: Expectation) -> list[dg.AssetCheckSpec]:
    fails = rule.action is Action.FAIL
    specs = [_spec(table, rule.name, _describe(rule), blocking=fails)]
    if rule.block_above is not None:
        described = (
            f"`{rule.condition}` is not true of at most {rule.block_above:.1%} of a run's rows; "
            "else nothing downstream is run."
        )
        specs.append(_spec(table, f"{rule.name}{BLOCKS}", described, blocking=True))
    return specs


def _describe(rule: Expectation) -> str:
    consequence = {
        Action.WARN: "kept and counted",
        Action.QUARANTINE: "put in quarantine",
        Action.DROP: "left out and counted",
        Action.FAIL: "refused with its whole micro-batch",
    }[rule.action]
    share = f" Warns above {rule.warn_above:.1%} of a run's rows." if rule.warn_above else ""
    return f"`{rule.condition}`. A row for which this is not true is {consequence}.{share}"


def _spec(
    table: Table, name: str, description: str, *, blocking: bool = False
) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name, asset=table_key(table), description=description, blocking=blocking
    )
