"""What the checks of tables said last, from Dagster's instance and without changing it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from medallion_assets.lakehouse.environment import environment
from medallion_assets.lakehouse.errors import MachineError
from medallion_assets.lakehouse.tables import Table
from medallion_assets.orchestration.checks import check_specs
from medallion_assets.orchestration.checks.past import JUDGED
from medallion_assets.orchestration.instance import INSTANCE_FILE, home_of

if TYPE_CHECKING:
    from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord

_SQLITE_STORAGES = ("DagsterSqliteStorage", "KeptSqliteStorage")


@dataclass(frozen=True)
class CheckStates:
    """The checks of one table by what they said last, each by its name.

    Attributes:
        passed: those that found nothing.
        warned: failed at severity WARN.
        failed: failed at severity ERROR, which blocks what is downstream.
        not_run: those that have judged nothing yet.
    """

    passed: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()


def check_states(tables: Iterable[Table], project: Path) -> Mapping[str, CheckStates] | None:
    """The states of each table's checks by its full name; None where there is no instance yet.

    Args:
        tables: the tables.
        project: the project's root, below which the instance is by default.

    Raises:
        MachineError: there is an instance that can't be read.
    """
    from sqlalchemy.exc import SQLAlchemyError

    home = home_of(project)
    try:
        with _opened(home) as instance:
            return None if instance is None else _states(instance, tables)
    except (dg.DagsterError, SQLAlchemyError, OSError) as error:
        reason = " ".join(str(error).split())
        raise MachineError(
            f"The Dagster instance in {home} can't be read, so nothing is known of the checks: "
            f"{reason}. Look at its {INSTANCE_FILE}, and whether its database answers."
        ) from error


@contextmanager
def _opened(home: Path) -> Iterator[dg.DagsterInstance | None]:
    """The instance of a home that has one; an instance that is opened makes what is missing."""
    if not (home / INSTANCE_FILE).is_file():
        yield None
        return
    # Its dagster.yaml refers to its home by the environment.
    with environment({"DAGSTER_HOME": str(home)}):
        reference = InstanceRef.from_dir(str(home))
        if not _has_storage(reference):
            yield None
            return
        with dg.DagsterInstance.from_ref(reference) as instance:
            yield instance


def _has_storage(reference: InstanceRef) -> bool:
    storage = reference.storage_data
    if storage is None or storage.class_name not in _SQLITE_STORAGES:
        # A database server's tables are there, or the instance says that they are not.
        return True
    given = storage.config_dict["base_dir"]
    directory = os.environ.get(given["env"], "") if isinstance(given, Mapping) else given
    return (Path(directory) / "history" / "runs" / "index.db").is_file()


def _states(instance: dg.DagsterInstance, tables: Iterable[Table]) -> dict[str, CheckStates]:
    keys = {table.full_name: [spec.key for spec in check_specs(table)] for table in tables}
    latest = latest_evaluations(instance, [key for some in keys.values() for key in some])
    return {name: _sorted(some, latest) for name, some in keys.items()}


def latest_evaluations(
    instance: dg.DagsterInstance, keys: Sequence[dg.AssetCheckKey]
) -> dict[dg.AssetCheckKey, dg.AssetCheckEvaluation]:
    """What each check said last; it may be planned for a run that goes on, and has not yet."""
    events = instance.event_log_storage
    records: dict[dg.AssetCheckKey, AssetCheckExecutionRecord] = {}
    for key, record in events.get_latest_asset_check_execution_by_key(keys).items():
        if record.status in JUDGED:
            records[key] = record
            continue
        for earlier in events.get_asset_check_execution_history(key, limit=1, status=JUDGED):
            records[key] = earlier
    return {
        key: record.evaluation
        for key, record in records.items()
        if isinstance(record.evaluation, dg.AssetCheckEvaluation)
    }


def _sorted(
    keys: Iterable[dg.AssetCheckKey],
    latest: Mapping[dg.AssetCheckKey, dg.AssetCheckEvaluation],
) -> CheckStates:
    states: dict[str, list[str]] = {"passed": [], "warned": [], "failed": [], "not_run": []}
    for key in keys:
        said = latest.get(key)
        if said is None:
            state = "not_run"
        elif said.passed:
            state = "passed"
        else:
            state = "warned" if said.severity is dg.AssetCheckSeverity.WARN else "failed"
        states[state].append(key.name)
    return CheckStates(**{state: tuple(names) for state, names in states.items()})
