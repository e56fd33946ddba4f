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
from benchmarks.orders import NEW_FILES
from benchmarks.peers.environment import Environment
from benchmarks.tpch.tables import LINEITEM, ORDERS, SEQUENCE

_LOCK = Path(__file__).resolve().with_name("requirements.lock")
_AGAIN = {
    ORDERS.name: (
        "if(o_orderpriority = '1-URGENT', '2-HIGH', '1-URGENT') as o_orderpriority",
        "o_orderkey::bigint % 10 = 3",
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
            changed, again = _AGAIN[table.name]
            file = landing / table.name / f"{prefix}-{number:07d}.{table.format}"
            file.parent.mkdir(parents=True, exist_ok=True)
            before = "" if number == 1 else (
                f"union all select * replace ({changed}), {number} "
                f"from {self._read(table.name, table.format, number - 1)} where {again}"
            )  # fmt: skip
            with duckdb.connect() as database:
                database.execute(
                    f"copy (select *, {number}::int as {SEQUENCE} "
                    f"from {self._read(table.name, table.format, number)} {before}) "
                    f"to '{file}' ({_OPTIONS[table.format]})"
                )

    def _read(self, table: str, kind: str, number: int) -> str:
        file = self.generated / table / f"{table}.{number}.{kind}"
        # As text, CSV lands as it was generated.
        return f"read_{kind}('{file}'{', all_varchar = true' if kind == 'csv' else ''})"


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
