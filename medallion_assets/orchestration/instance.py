"""The Dagster instance: its home, and whether the limits the lake relies on are in force."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

INSTANCE_FILE = "dagster.yaml"


def home_of(project: Path) -> Path:
    """`DAGSTER_HOME`, or `<project>/data/dagster` where the environment names none; absolute."""
    given = os.environ.get("DAGSTER_HOME")
    home = Path(given).expanduser() if given else project / "data" / "dagster"
    return home.resolve()


def prepare_home(project: Path) -> Path:
    """Make `DAGSTER_HOME`.

    The project's `dagster.yaml` is copied into a home that has none, because Dagster reads that
    file from its home only. The environment of this process is set, for what it starts.

    Args:
        project: the project's root.

    Returns:
        The home, absolute.
    """
    home = home_of(project)
    home.mkdir(parents=True, exist_ok=True)
    own_file = home / INSTANCE_FILE
    if not own_file.exists():
        shutil.copyfile(project / INSTANCE_FILE, own_file)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def limits_not_in_force(instance: dg.DagsterInstance, pools: Iterable[str] = ()) -> list[str]:
    """What of `dagster.yaml`'s concurrency settings this instance does not have.

    Without them two runs can start on one table. The lake's own lock still keeps it whole, but
    the second run fails and is tried again instead of waiting in the queue.

    Args:
        instance: the instance the runs go through.
        pools: the pools whose own limits, which may be set in the UI, are looked at too.

    Returns:
        One line with the fix for each setting; empty when all is in force.
    """
    configured = instance.get_concurrency_config()
    pool = configured.pool_config
    found = []
    if pool.default_pool_limit != 1:
        found.append(f"concurrency.pools.default_limit is {pool.default_pool_limit}, not 1")
    granularity = pool.pool_granularity.value if pool.pool_granularity else "op"
    if granularity != "run":
        found.append(f"concurrency.pools.granularity is {granularity}, not run")
    if configured.run_queue_config is None:
        found.append("runs are not queued (run_coordinator is not the QueuedRunCoordinator)")
    wanted = set(pools)
    if wanted:
        found += [
            f"pool {limit.name} has a limit of {limit.limit}, not 1"
            for limit in instance.event_log_storage.get_pool_limits()
            if limit.name in wanted and limit.limit != 1
        ]
    return [
        f"Dagster does not keep two runs off one table: {problem}. "
        f"Set it as in the project's {INSTANCE_FILE} and start again."
        for problem in found
    ]
