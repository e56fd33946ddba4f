"""TPC-H's parts as they land: each re-sends some rows of the part before, changed.

The generator's rows are the same for a scale and a number of parts, and what is changed is decided
by their keys alone: the same call lands the same rows.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.errors import BenchmarkError
from benchmarks.landed_table import LandedTable
from benchmarks.orders import NEW_FILES
from benchmarks.peers.environment import Environment
from benchmarks.tpch.tables import LINEITEM, ORDERS, SEQUENCE

_LOCK = Path(__file__).resolve().with_name("requirements.lock")
_AGAIN = {
    ORDERS.name: (
        "if(o_orderpriority = '1-URGENT', '2-HIGH', '1-URGENT') as o_orderpriority",
        "o_orderkey % 10 = 3",
    ),
    LINEITEM.name: ("l_extendedprice + 1 as l_extendedprice", "l_orderkey % 10 = 4"),
}
"""The value that a re-sent row has changed, and which rows are sent again: about one in ten."""
_OPTIONS = {"csv": "format csv, header", "parquet": "format parquet"}


@dataclass(frozen=True)
class Parts:
    """Generated parts, to be landed.

    Args:
        generated: where `generate` has put them.
        count: how many there are; the last is the increment.
    """

    generated: Path
    count: int

    def land_first(self, landing: Path) -> None:
        """Land all parts but the last."""
        for number in range(1, self.count):
            self._land(landing, number, "part")

    def land_new(self, landing: Path) -> None:
        """Land the last part."""
        self._land(landing, self.count, NEW_FILES)

    def _land(self, landing: Path, number: int, prefix: str) -> None:
        import duckdb

        for table in (ORDERS, LINEITEM):
            file = landing / table.name / f"{prefix}-{number:07d}.{table.format}"
            file.parent.mkdir(parents=True, exist_ok=True)
            rows = f"select *, {number} as {SEQUENCE} from {self._read(table, number)}"
            if number > 1:
                changed, again = _AGAIN[table.name]
                rows += (
                    f" union all select * replace ({changed}), {number}"
                    f" from {self._read(table, number - 1)} where {again}"
                )
            # Every file has the very types of the table, which Spark's own Parquet reader asks for.
            typed = ", ".join(f"{name}::{kind} as {name}" for name, kind in table.columns.items())
            with duckdb.connect() as database:
                database.execute(
                    f"copy (select {typed} from ({rows})) to '{file}' ({_OPTIONS[table.format]})"
                )

    def _read(self, table: LandedTable, number: int) -> str:
        file = self.generated / table.name / f"{table.name}.{number}.{table.format}"
        return f"read_{table.format}('{file}')"


def parts_of(bench: Bench) -> Parts:
    """Generate the parts of a benchmark's sizes.

    Raises:
        PeerUnavailableError: the generator can't be installed.
        BenchmarkError: it failed.
    """
    sizes = bench.sizes
    python = Environment(bench.scratch / "environments" / "tpch", _LOCK).ready()
    parts = Parts(
        bench.scratch / f"tpch-{sizes.tpch_scale}-in-{sizes.tpch_parts}", sizes.tpch_parts
    )
    generate(python.with_name("tpchgen-cli"), parts, sizes.tpch_scale)
    return parts


def generate(program: Path, parts: Parts, scale: float) -> None:
    """Generate the two tables, each in its format.

    Args:
        program: `tpchgen-cli`.
        parts: where to, and how many.
        scale: TPC-H's scale factor: 1 makes 1.5 million orders and 6 million line items.

    Raises:
        BenchmarkError: the generator failed.
    """
    for table in (ORDERS, LINEITEM):
        command = [
            *(str(program), table.format, "--quiet", "--overwrite"),
            *("--scale-factor", str(scale), "--parts", str(parts.count)),
            *("--tables", table.name, "--output-dir", str(parts.generated)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchmarkError(f"{program.name} failed for {table.name}: {done.stderr.strip()}")
