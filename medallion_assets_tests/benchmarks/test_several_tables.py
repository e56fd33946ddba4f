"""The workload of several tables, with the contender that needs no JVM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.__main__ import DOCUMENT
from benchmarks.bench import Bench
from benchmarks.errors import BenchmarkError, PeerUnavailableError
from benchmarks.nexmark.lakehouse import lakehouse as nexmark
from benchmarks.peers.contender import Contender
from benchmarks.results import write_between_marks
from benchmarks.samples import Measured, Sample
from benchmarks.sizes import SMOKE
from benchmarks.surroundings import Surroundings
from benchmarks.tpch.lakehouse import lakehouse as tpch
from benchmarks.workloads.nexmark import NEXMARK
from benchmarks.workloads.several_tables import (
    BARE,
    DUCKDB,
    OURS,
    Landing,
    SeveralTables,
    findings,
)
from benchmarks.workloads.tpch import TPCH

SIZES = replace(SMOKE, nexmark_events=500)


class _Here(Contender):
    """In the project's own environment."""

    def surroundings(self, bench: Bench) -> Surroundings:
        return Surroundings(package=f"benchmarks.peers.{self.peer}")


DUCK = _Here(**vars(NEXMARK.contenders[-1]))


@pytest.mark.process
def test_a_first_load_and_increments_are_measured(tmp_path: Path) -> None:
    outcome = replace(NEXMARK, contenders=(DUCK,)).run(Bench(tmp_path, SIZES))
    names = [one.name for one in outcome.measured]
    assert names == [f"nexmark, {DUCKDB}: the first load", f"nexmark, {DUCKDB}: an increment"]
    assert all(one.wall > 0 and one.peak > 0 for one in outcome.measured)
    assert not outcome.notes


@pytest.mark.process
def test_another_gold_stops_the_benchmark(tmp_path: Path) -> None:
    wrong = replace(DUCK, name="wrong", house="wrong", read_gold=lambda _: {(10,): (0,)})
    with pytest.raises(BenchmarkError, match="wrong and DuckDB, its own file differ"):
        replace(NEXMARK, contenders=(DUCK, wrong)).run(Bench(tmp_path, SIZES))


def test_a_generator_that_is_not_there_leaves_the_workload_out(tmp_path: Path) -> None:
    def nowhere(bench: Bench) -> Landing:
        raise PeerUnavailableError("no network.")

    outcome = replace(TPCH, landing=nowhere).run(Bench(tmp_path, SIZES))
    assert outcome.notes == ("tpch is left out: no network.",)
    assert not outcome.measured


def _measured(name: str, wall: float, **facts: float) -> Measured:
    return Measured(name, (Sample(wall, 2 * wall, 500_000_000, {"all": wall}, facts),))


def test_the_ratio_to_bare_spark_is_judged_and_the_jobs_are_told() -> None:
    found = {
        OURS: _measured("ours", 12.0, spark_jobs=80.0),
        BARE: _measured("bare", 10.0, spark_jobs=40.0),
        DUCKDB: _measured("duckdb", 0.5),
    }
    bare, duckdb = findings(found, str)
    assert (bare.spelled(), bare.verdict) == ("1.20x", "missed")
    assert "80 Spark jobs against 40" in bare.detail
    assert (duckdb.spelled(), duckdb.verdict) == ("24.00x", "")
    assert not findings({OURS: found[OURS]}, str)


def test_a_table_comes_after_those_it_looks_up_in() -> None:
    layers = {
        name: [f"{table.layer.value}.{table.name}" for table in lakehouse.tables]
        for name, lakehouse in (("tpch", tpch), ("nexmark", nexmark))
    }
    assert sorted(layers["tpch"]) == [
        *("bronze.lineitem", "bronze.orders", "gold.revenue"),
        *("silver.lineitem", "silver.orders"),
    ]
    assert layers["tpch"].index("silver.orders") < layers["tpch"].index("silver.lineitem")
    assert layers["nexmark"].index("silver.auctions") < layers["nexmark"].index("silver.bids")
    assert "silver.persons" in layers["nexmark"]


@pytest.mark.parametrize("workload", [TPCH, NEXMARK], ids=lambda one: one.name)
def test_the_results_have_a_place_in_the_documentation(
    workload: SeveralTables, tmp_path: Path
) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    write_between_marks(document, workload.name, "a table")
    assert f"<!-- {workload.name}: begin -->\na table\n<!-- {workload.name}: end -->" in (
        document.read_text(encoding="utf-8")
    )
