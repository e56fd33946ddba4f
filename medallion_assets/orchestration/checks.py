"""Asset checks, judged from the numbers of the run that wrote the table: no second scan.

A check blocks what is downstream exactly when its severity is ERROR. A blocking check that fails
with WARN would let the run go on and stop declarative automation without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import dagster as dg

from medallion_assets.lakehouse.errors import DeclarationError, ExpectationFailedError
from medallion_assets.lakehouse.kafka.offsets import Gap
from medallion_assets.lakehouse.materialization import Materialization, Rows
from medallion_assets.lakehouse.quality.expectations import (
    Action,
    Expectation,
    ExpectationCount,
)
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, SilverTable, Table
from medallion_assets.orchestration.keys import table_key
from medallion_assets.orchestration.markdown import file_name, markdown_table

if TYPE_CHECKING:
    from dagster._core.definitions.metadata import RawMetadataValue

ROWS_CONSERVED = "rows_conserved"
RESCUED_ROWS = "rescued_rows"
CORRUPT_ROWS = "corrupt_rows"
FILES_FAILED = "files_failed"
EVENTS_LOST = "events_lost"
LATE_ROWS = "late_rows"

_NAMED_REASONS = 20


def check_specs(table: Table) -> list[dg.AssetCheckSpec]:
    """The checks of a table.

    Raises:
        DeclarationError: an expectation has the name of a check that every table has.
    """
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
    taken = {spec.name for spec in specs}
    for rule in expectations(table):
        if rule.name in taken:
            raise DeclarationError(
                f"{table.full_name}: an expectation can't be called {rule.name}, as that is a "
                "check the table has by itself. Rename it."
            )
        blocking = rule.action is Action.FAIL
        specs.append(_spec(table, rule.name, _describe(rule), blocking=blocking))
    return specs


def check_results(
    table: Table,
    outcome: Materialization,
    previous: Mapping[str, dg.AssetCheckEvaluation] = MappingProxyType({}),
) -> list[dg.AssetCheckResult]:
    """A result for each check of the table, from what the run did.

    Args:
        table: the table.
        outcome: what the run did.
        previous: the checks' last results by name. A run with nothing new judged no row, so it
            repeats them: a failed check must not turn green because nothing came. What it found
            wrong all the same, such as a directory that may not be read, stands.
    """
    results = _judged(table, outcome)
    if outcome.batches:
        return results
    last = (previous.get(str(result.check_name)) for result in results)
    return [
        _repeated(table, before)
        if before is not None and result.passed and not _refusal_is_over(table, before)
        else result
        for result, before in zip(results, last, strict=True)
    ]


def _refusal_is_over(table: Table, last: dg.AssetCheckEvaluation) -> bool:
    """Whether a micro-batch was refused that is not waiting any more.

    It would have failed this run again. So it was taken by a rebuild, and what is downstream need
    not wait for the next new rows.
    """
    rules = {rule.name for rule in expectations(table) if rule.action is Action.FAIL}
    return not last.passed and last.check_name in rules


def _repeated(table: Table, last: dg.AssetCheckEvaluation) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=table_key(table),
        check_name=last.check_name,
        passed=last.passed,
        severity=last.severity,
        metadata={**last.metadata, "as_of": "the last run that had new rows"},
    )


def _judged(table: Table, outcome: Materialization) -> list[dg.AssetCheckResult]:
    results = []
    rows = outcome.rows
    if isinstance(table, (BronzeTable, SilverTable)):
        results.append(
            _result(table, ROWS_CONSERVED, rows.conserved, _reconciliation(rows), blocking=True)
        )
    if isinstance(table, BronzeTable) and isinstance(table.source, KafkaTopics):
        lost = outcome.events.lost if outcome.events else ()
        results.append(_result(table, EVENTS_LOST, not lost, _gaps(lost)))
    elif isinstance(table, BronzeTable):
        failed = outcome.files.failed if outcome.files else ()
        reasons = markdown_table(
            ("file", "reason"),
            [(file_name(file.path), file.reason) for file in failed[:_NAMED_REASONS]],
        )
        results += [
            _result(table, RESCUED_ROWS, rows.rescued == 0, {"rows": rows.rescued}),
            _result(table, CORRUPT_ROWS, rows.corrupt == 0, {"rows": rows.corrupt}),
            _result(
                table,
                FILES_FAILED,
                not failed,
                {"files": len(failed), "reasons": dg.MetadataValue.md(reasons)},
            ),
        ]
    if isinstance(table, SilverTable) and table.watermarks:
        results.append(_result(table, LATE_ROWS, rows.late == 0, {"rows": rows.late}))
    counts = {count.name: count for count in outcome.expectations}
    for rule in expectations(table):
        # A run with nothing new evaluated no row, so it has no counts.
        count = counts.get(rule.name, ExpectationCount(rule.name, rule.action, 0, 0))
        results.append(_expectation_result(table, rule, count))
    return results


def _gaps(lost: Sequence[Gap]) -> dict[str, RawMetadataValue]:
    rows = [(gap.partition, gap.first, gap.end, gap.events, gap.reason) for gap in lost]
    columns = ("partition", "first offset", "up to", "offsets", "reason")
    return {
        "offsets": sum(gap.events for gap in lost),
        "gaps": dg.MetadataValue.md(markdown_table(columns, rows)),
    }


def failed_expectation(table: Table, error: ExpectationFailedError) -> dg.AssetCheckResult:
    """The failed result of the rule that made the engine refuse a micro-batch."""
    return _result(table, error.rule, False, {"reason": str(error)}, blocking=True)


def expectations(table: Table) -> tuple[Expectation, ...]:
    """The rules of a table; only silver tables have any."""
    return table.expectations if isinstance(table, SilverTable) else ()


def _expectation_result(
    table: Table, rule: Expectation, count: ExpectationCount
) -> dg.AssetCheckResult:
    metadata: dict[str, RawMetadataValue] = {
        "failed_rows": count.failed,
        "evaluated_rows": count.evaluated,
        "condition": rule.condition,
        "action": rule.action.value,
    }
    if count.evaluated:
        metadata["failed_share"] = round(count.failed / count.evaluated, 4)
    blocking = rule.action is Action.FAIL
    return _result(table, rule.name, count.failed == 0, metadata, blocking=blocking)


def _describe(rule: Expectation) -> str:
    consequence = {
        Action.WARN: "kept and counted",
        Action.QUARANTINE: "put in quarantine",
        Action.DROP: "left out and counted",
        Action.FAIL: "refused with its whole micro-batch",
    }[rule.action]
    return f"`{rule.condition}`. A row for which this is not true is {consequence}."


def _reconciliation(rows: Rows) -> dict[str, RawMetadataValue]:
    return {
        "read": rows.read,
        "kept": rows.kept,
        "written": rows.written,
        "superseded": rows.superseded,
        "quarantined": rows.quarantined,
        "dropped": rows.dropped,
    }


def _spec(
    table: Table, name: str, description: str, *, blocking: bool = False
) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name, asset=table_key(table), description=description, blocking=blocking
    )


def _result(
    table: Table,
    name: str,
    passed: bool,
    metadata: Mapping[str, RawMetadataValue],
    *,
    blocking: bool = False,
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=table_key(table),
        check_name=name,
        passed=passed,
        severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )
