"""A result for each check of a table, from what a run did."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import dagster as dg

from medallion_assets.lakehouse.errors import ExpectationFailedError
from medallion_assets.lakehouse.kafka.offsets import Gap
from medallion_assets.lakehouse.materialization import (
    Files,
    Materialization,
    RescuedColumn,
    Rows,
)
from medallion_assets.lakehouse.quality.expectations import (
    BLOCKS,
    Action,
    Expectation,
    ExpectationCount,
)
from medallion_assets.lakehouse.quality.failing_rows import FailingRow
from medallion_assets.lakehouse.quality.table_checks import Verdict
from medallion_assets.lakehouse.sql_text import quoted
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    KafkaTopics,
    LandingDirectory,
    SilverTable,
    Table,
)
from medallion_assets.orchestration.checks.names import (
    CORRUPT_ROWS,
    EVENTS_LOST,
    FILES_FAILED,
    LATE_ROWS,
    RESCUED_ROWS,
    ROWS_CONSERVED,
)
from medallion_assets.orchestration.checks.past import AS_OF, SHOWN_RUNS, Past
from medallion_assets.orchestration.checks.specs import expectations
from medallion_assets.orchestration.keys import table_key
from medallion_assets.orchestration.markdown import file_name, markdown_table

if TYPE_CHECKING:
    from dagster._core.definitions.metadata import RawMetadataValue

    Metadata = Mapping[str, RawMetadataValue]

_NAMED_COLUMNS = 20
_NAMED_REASONS = 20
_LONGEST_ROW = 300
_NOTHING: Mapping[str, tuple[Past, ...]] = MappingProxyType({})
_NO_VERDICTS: Mapping[str, Verdict] = MappingProxyType({})


def check_results(
    table: Table,
    outcome: Materialization,
    verdicts: Mapping[str, Verdict] = _NO_VERDICTS,
    past: Mapping[str, tuple[Past, ...]] = _NOTHING,
) -> list[dg.AssetCheckResult]:
    """A result for each check of the table, from what the run did.

    Args:
        table: the table.
        outcome: what the run did.
        verdicts: of the declared checks that had something to judge.
        past: the checks' earlier results by name, the newest first. A run with nothing new judged
            no row, so it repeats the last: a failed check must not turn green because nothing
            came. What it found wrong all the same, such as a directory that may not be read,
            stands.
    """
    results = [*_own(table, outcome), *_of_rules(table, outcome, past)]
    if not outcome.batches:
        results = [_unless_repeated(table, result, past) for result in results]
    for check in table.checks:
        found, before = verdicts.get(check.name), past.get(check.name)
        if found is not None:
            metadata = {**found.numbers, **_rows_shown(found.examples)}
            results.append(
                _result(table, check.name, found.passed, metadata, blocking=check.blocking)
            )
        elif before:
            results.append(_repeated(table, before[0]))
        else:
            nothing = {"nothing_to_judge": f"it is judged {check.asks.value}"}
            results.append(_result(table, check.name, True, nothing, blocking=check.blocking))
    return results


def failed_expectation(table: Table, error: ExpectationFailedError) -> dg.AssetCheckResult:
    """The failed result of the rule that made the engine refuse a micro-batch."""
    return _result(table, error.rule, False, {"reason": str(error)}, blocking=True)


def _unless_repeated(
    table: Table, result: dg.AssetCheckResult, past: Mapping[str, tuple[Past, ...]]
) -> dg.AssetCheckResult:
    before = past.get(str(result.check_name))
    if not before or not result.passed or _refusal_is_over(table, before[0].evaluation):
        return result
    return _repeated(table, before[0])


def _refusal_is_over(table: Table, last: dg.AssetCheckEvaluation) -> bool:
    """Whether a micro-batch was refused that is not waiting any more.

    It would have failed this run again. So it was taken by a rebuild, and what is downstream need
    not wait for the next new rows.
    """
    rules = {rule.name for rule in expectations(table) if rule.action is Action.FAIL}
    return not last.passed and last.check_name in rules


def _repeated(table: Table, last: Past) -> dg.AssetCheckResult:
    told = last.evaluation
    return dg.AssetCheckResult(
        asset_key=table_key(table),
        check_name=told.check_name,
        passed=told.passed,
        severity=told.severity,
        metadata={**told.metadata, AS_OF: "the last run that had new rows"},
    )


def _own(table: Table, outcome: Materialization) -> list[dg.AssetCheckResult]:
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
        results += [
            _result(table, RESCUED_ROWS, rows.rescued == 0, _rescue(table, outcome)),
            _result(table, CORRUPT_ROWS, rows.corrupt == 0, _share(rows.corrupt, rows.read)),
            _files_result(table, outcome.files),
        ]
    if isinstance(table, SilverTable) and table.watermarks:
        results.append(_result(table, LATE_ROWS, rows.late == 0, _share(rows.late, rows.read)))
    return results


def _rescue(table: BronzeTable, outcome: Materialization) -> Metadata:
    """How many rows, of which columns, and what mends it."""
    rows = outcome.rows
    shown = [
        (column.name, column.has or "no column", column.rows, f"{column.rows / rows.read:.2%}",
         column.example or "not shown", column.fits or _why_none(column))
        for column in outcome.rescued[:_NAMED_COLUMNS]
    ]  # fmt: skip
    if not shown:
        return _share(rows.rescued, rows.read)
    header = ("column", "its type", "rows", "share", "for example", "type that holds all")
    return {
        **_share(rows.rescued, rows.read),
        "columns": dg.MetadataValue.md(markdown_table(header, shown)),
        **_fix(table, outcome.rescued),
    }


def _fix(table: BronzeTable, columns: Sequence[RescuedColumn]) -> Metadata:
    """The line that gives the columns types that hold all of their values."""
    source = table.source
    types = ", ".join(f"{_named(column.name)} {column.fits}" for column in columns if column.fits)
    if not types or not isinstance(source, LandingDirectory):
        return {}
    line = f"the schema of {source.name}: {types}"
    if source.is_inferred:
        from medallion_assets.lakehouse.autoloader.hints import hints_beside

        hints = source.cloud_files_options().schema_hints or ""
        both = ", ".join([*hints_beside(hints, [c.name for c in columns if c.fits]), types])
        line = f'the options of {source.name}: "cloudFiles.schemaHints": "{both}"'
    return {"fix": f"In {line}; then medallion rebuild {table.full_name}"}


def _why_none(column: RescuedColumn) -> str:
    if column.has:
        return "none: see its rescued values"
    return "none: Delta takes no such name, the source has to have another"


def _named(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z_]\w*", column, re.ASCII) else quoted(column)


def _files_result(table: Table, files: Files | None) -> dg.AssetCheckResult:
    failed = files.failed if files else ()
    reasons = markdown_table(
        ("file", "reason"),
        [(file_name(file.path), file.reason) for file in failed[:_NAMED_REASONS]],
    )
    return _result(
        table,
        FILES_FAILED,
        not failed,
        {"files": len(failed), "reasons": dg.MetadataValue.md(reasons)},
    )


def _of_rules(
    table: Table, outcome: Materialization, past: Mapping[str, tuple[Past, ...]]
) -> Iterable[dg.AssetCheckResult]:
    counts = {count.name: count for count in outcome.expectations}
    for rule in expectations(table):
        # A run with nothing new evaluated no row, so it has no counts.
        count = counts.get(rule.name, ExpectationCount(rule.name, rule.action, 0, 0))
        metadata: Metadata = {
            "failed_rows": count.failed,
            "evaluated_rows": count.evaluated,
            "failed_share": round(count.share, 4),
            "condition": rule.condition,
            "action": rule.action.value,
            **_rows_shown(count.examples),
            **_last_runs(count, past.get(rule.name, ())),
        }
        passed = _is_within(count, rule.warn_above)
        blocking = rule.action is Action.FAIL
        yield _result(table, rule.name, passed, metadata, blocking=blocking)
        if rule.block_above is not None:
            yield _block_result(table, rule, rule.block_above, count)


def _block_result(
    table: Table, rule: Expectation, above: float, count: ExpectationCount
) -> dg.AssetCheckResult:
    metadata = {**_share(count.failed, count.evaluated), "allowed_share": above}
    passed = _is_within(count, above)
    return _result(table, f"{rule.name}{BLOCKS}", passed, metadata, blocking=True)


def _is_within(count: ExpectationCount, share: float) -> bool:
    # Not by the rounded share: of a million rows one is one too many where none is allowed.
    return count.failed <= share * count.evaluated


def _rows_shown(examples: Sequence[FailingRow]) -> Metadata:
    if not examples:
        return {}
    rows = [(file_name(one.origin) or "unknown", one.row or "not shown") for one in examples]
    table = markdown_table(("from", "row"), rows, longest=_LONGEST_ROW)
    return {"failing_rows": dg.MetadataValue.md(table)}


def _last_runs(count: ExpectationCount, past: Sequence[Past]) -> Metadata:
    """How many rows broke the rule in this run and those before it, the newest first."""
    runs = [("this run", count.failed, count.evaluated)] if count.evaluated else []
    runs += [
        (f"{one.told:%Y-%m-%d %H:%M}", one.number("failed_rows"), one.number("evaluated_rows"))
        for one in past
        if not one.is_repeated and one.number("evaluated_rows")
    ][:SHOWN_RUNS]
    rows = [
        (when, failed, evaluated, f"{failed / evaluated:.2%}") for when, failed, evaluated in runs
    ]
    if not rows:
        return {}
    header = ("run (UTC)", "failed", "evaluated", "share")
    return {"last_runs": dg.MetadataValue.md(markdown_table(header, rows))}


def _share(rows: int, of: int) -> dict[str, RawMetadataValue]:
    return {"rows": rows, "of": of, "share": round(rows / of, 4) if of else 0.0}


def _gaps(lost: Sequence[Gap]) -> dict[str, RawMetadataValue]:
    rows = [(gap.partition, gap.first, gap.end, gap.events, gap.reason) for gap in lost]
    columns = ("partition", "first offset", "up to", "offsets", "reason")
    return {
        "offsets": sum(gap.events for gap in lost),
        "gaps": dg.MetadataValue.md(markdown_table(columns, rows)),
    }


def _reconciliation(rows: Rows) -> dict[str, RawMetadataValue]:
    return {
        "read": rows.read,
        "kept": rows.kept,
        "written": rows.written,
        "superseded": rows.superseded,
        "quarantined": rows.quarantined,
        "dropped": rows.dropped,
    }


def _result(
    table: Table,
    name: str,
    passed: bool,
    metadata: Metadata,
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
