"""The events of one table's materialization, made of its declaration and of what it did."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.delta_log import Column, DeltaLog, TableVersion
from medallion_assets.lakehouse.errors import ExpectationFailedError, MedallionError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lineage import TableLineage, table_lineage
from medallion_assets.lakehouse.materialization import Events, Materialization, Rows
from medallion_assets.lakehouse.tables import SilverTable, Table
from medallion_assets.orchestration.openlineage import facets
from medallion_assets.orchestration.openlineage.datasets import (
    FILES,
    DatasetName,
    name_of,
    sources_of,
)

if TYPE_CHECKING:
    from openlineage.client.event_v2 import InputDataset, OutputDataset, RunEvent, RunState

PRODUCER = "urn:medallion-assets:openlineage"
_RUNS = uuid.UUID("6d0a5d38-5be4-4b4f-9d0c-5f1f4c9f7c1e")
_LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class TableRun:
    """One materialization of one table.

    Attributes:
        table: the table.
        lake: where everything is.
        dagster_run: the id of the run it belongs to.
        dagster_job: the run's job.
        namespace: of the jobs.
        attempt: 0, or how often the step was tried before.
    """

    table: Table
    lake: Lake
    dagster_run: str
    dagster_job: str
    namespace: str
    attempt: int = 0

    @property
    def run_id(self) -> str:
        """The same for the same table, run and attempt."""
        return str(uuid.uuid5(_RUNS, f"{self.dagster_run} {self.table.full_name} {self.attempt}"))


@dataclass(frozen=True)
class Known:
    """What is known of the tables when an event is made.

    Attributes:
        columns: table, or side table, to its columns.
        lineage: of the written table.
        version: of the written table, None where it is not there yet.
    """

    columns: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    lineage: TableLineage = field(default_factory=lambda: TableLineage({}))
    version: TableVersion | None = None

    @classmethod
    def of(cls, lake: Lake, table: Table) -> Known:
        """Read from the logs and notes."""
        columns = {one.full_name: lake.log(one).columns() for one in (table, *table.upstream)}
        for name in table.side_tables if isinstance(table, SilverTable) else ():
            columns[name] = DeltaLog(lake.path(table).with_name(name)).columns()
        return cls(columns, table_lineage(lake, table), lake.log(table).version())


def started(run: TableRun, known: Known, at: datetime) -> RunEvent:
    """A materialization begins."""
    from openlineage.client.event_v2 import RunState

    return _event(run, RunState.START, at, _inputs(run, known), _outputs(run, known))


def completed(run: TableRun, known: Known, outcome: Materialization, at: datetime) -> RunEvent:
    """A materialization has ended well."""
    from openlineage.client.event_v2 import RunState

    inputs, outputs = _inputs(run, known, outcome), _outputs(run, known, outcome)
    return _event(run, RunState.COMPLETE, at, inputs, outputs)


def failed(run: TableRun, known: Known, error: Exception, at: datetime) -> RunEvent:
    """A materialization has failed."""
    from openlineage.client.event_v2 import RunState
    from openlineage.client.facet_v2 import error_message_run

    message = error_message_run.ErrorMessageRunFacet(
        message=error_text(run.table, error), programmingLanguage="python"
    )
    inputs, outputs = _inputs(run, known), _outputs(run, known)
    return _event(run, RunState.FAIL, at, inputs, outputs, {"errorMessage": message})


def aborted(run: TableRun, known: Known, at: datetime) -> RunEvent:
    """A materialization was cancelled."""
    from openlineage.client.event_v2 import RunState

    return _event(run, RunState.ABORT, at, _inputs(run, known), _outputs(run, known))


def error_text(table: Table, error: Exception) -> str:
    """What is told of an error: no row, and of a table with rows of people nothing but its kind."""
    kind = type(error).__name__
    if isinstance(error, ExpectationFailedError):
        return f"{kind}: a row of {table.full_name} breaks {error.rule}, which fails the run."
    if table.is_personal:
        return f"{kind}: the message is in the log of the Dagster run."
    # Others' messages go on with stack traces and plans, which hold literals.
    text = str(error) if isinstance(error, MedallionError) else str(error).partition("\n")[0]
    return f"{kind}: {text}"[:_LONGEST_MESSAGE]


def _event(
    run: TableRun,
    state: RunState,
    at: datetime,
    inputs: list[InputDataset],
    outputs: list[OutputDataset],
    more: Mapping[str, Any] | None = None,
) -> RunEvent:
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import (
        documentation_job,
        job_type_job,
        ownership_job,
        parent_run,
    )

    table = run.table
    parent = parent_run.ParentRunFacet(
        run=parent_run.Run(runId=run.dagster_run),
        job=parent_run.Job(namespace=run.namespace, name=run.dagster_job),
    )
    job: dict[str, Any] = {
        "jobType": job_type_job.JobTypeJobFacet(
            processingType="BATCH", integration="DAGSTER", jobType="ASSET"
        )
    }
    if table.description:
        job["documentation"] = documentation_job.DocumentationJobFacet(table.description)
    if table.owners:
        job["ownership"] = ownership_job.OwnershipJobFacet(
            owners=[ownership_job.Owner(name=owner) for owner in table.owners]
        )
    return event_v2.RunEvent(
        eventTime=at.isoformat(),
        producer=PRODUCER,
        run=event_v2.Run(run.run_id, {"parent": parent, **(more or {})}),
        job=event_v2.Job(run.namespace, table.full_name, job),
        eventType=state,
        inputs=inputs,
        outputs=outputs,
    )


def _inputs(
    run: TableRun, known: Known, outcome: Materialization | None = None
) -> list[InputDataset]:
    from openlineage.client.event_v2 import InputDataset

    sources = sources_of(run.lake, run.table, _events(outcome))
    upstream = {one.full_name: one for one in run.table.upstream}
    found = []
    for source, names in sources.items():
        described: dict[str, Any] = {}
        if source in upstream:
            described = {
                **facets.described(upstream[source], run.namespace),
                **facets.schema(
                    known.columns.get(source, ()), upstream[source].column_descriptions
                ),
            }
        found += [InputDataset(one.namespace, one.name, facets=dict(described)) for one in names]
    if isinstance(run.table, SilverTable) and outcome is not None and found:
        judged = facets.assertions(
            run.table.full_name, run.table.expectations, outcome.expectations
        )
        if judged is not None:
            # By its schema a facet of what is read: the first is the stream that was judged.
            found[0].inputFacets = {"dataQualityAssertions": judged}
    return found


def _outputs(
    run: TableRun, known: Known, outcome: Materialization | None = None
) -> list[OutputDataset]:
    from openlineage.client.facet_v2 import dataset_version_dataset

    table, lake = run.table, run.lake
    sources = sources_of(lake, table, _events(outcome))
    described: dict[str, Any] = {
        **facets.described(table, run.namespace),
        **facets.schema(known.columns.get(table.full_name, ()), table.column_descriptions),
        **facets.column_lineage(known.lineage, sources),
    }
    if known.version is not None:
        described["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(
            datasetVersion=str(known.version)
        )
    rows = outcome.rows if outcome is not None else None
    found = [_output(name_of(lake, table), described, rows.written if rows else None)]
    if isinstance(table, SilverTable):
        counts = {} if rows is None else _beside(table, rows)
        for name in table.side_tables:
            there = facets.schema(known.columns.get(name, ()), {})
            path = str(lake.path(table).with_name(name))
            found.append(_output(DatasetName(FILES, path), dict(there), counts.get(name)))
    return found


def _beside(table: SilverTable, rows: Rows) -> dict[str, int]:
    """The rows that went to side tables."""
    return {table.quarantine_name: rows.quarantined, table.late_name: rows.late}


def _output(name: DatasetName, described: dict[str, Any], written: int | None) -> OutputDataset:
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import output_statistics_output_dataset

    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet
    counted = {} if written is None else {"outputStatistics": statistics(rowCount=written)}
    return OutputDataset(name.namespace, name.name, facets=described, outputFacets=dict(counted))


def _events(outcome: Materialization | None) -> Events | None:
    return outcome.events if outcome is not None else None
