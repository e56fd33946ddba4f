"""What is measured: one workload a file."""

from __future__ import annotations

from benchmarks.bench import Workload
from benchmarks.workloads.bare import Bare
from benchmarks.workloads.first_load import FirstLoad
from benchmarks.workloads.gold_groups import GoldGroups
from benchmarks.workloads.growth import Growth
from benchmarks.workloads.increment import Increment
from benchmarks.workloads.live import Live
from benchmarks.workloads.nexmark import NEXMARK
from benchmarks.workloads.no_op import NoOp
from benchmarks.workloads.peers import Peers
from benchmarks.workloads.sensor import Sensor
from benchmarks.workloads.table_rows import TableRows
from benchmarks.workloads.tpch import TPCH

WORKLOADS: tuple[Workload, ...] = (
    Bare(),
    Increment(),
    Growth(),
    GoldGroups(),
    TableRows(),
    FirstLoad(),
    NoOp(),
    Live(),
    Sensor(),
    Peers(),
    TPCH,
    NEXMARK,
)
"""All of them, in the order of the table."""
