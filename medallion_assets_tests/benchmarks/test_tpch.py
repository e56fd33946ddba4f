"""TPC-H's parts as they land, and gold over them by increments, without generator and Spark."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow
import pytest
from pyarrow import parquet

from benchmarks.errors import BenchmarkError
from benchmarks.house import House
from benchmarks.landed_table import LandedTable
from benchmarks.peers.gold import Groups
from benchmarks.surroundings import Surroundings
from benchmarks.tpch.parts import Parts, generate
from benchmarks.tpch.tables import LINEITEM, ORDERS, SEQUENCE
from benchmarks.workloads.tpch import TPCH
from medallion_assets_tests.benchmarks.oracles import contents, landed, newest

COUNT, ORDERS_EACH = 3, 100
_VALUES = {
    "o_orderkey": "i", "o_orderpriority": "['1-URGENT', '2-HIGH', '5-LOW'][1 + i % 3]",
    "o_comment": "'with, a comma'", "l_orderkey": "i", "l_linenumber": "line",
    "l_extendedprice": "100 + i * line", "l_discount": "(i % 10) / 100",
}  # fmt: skip
_ZEROS = {"string": "'x'", "date": "date '1995-01-01'"}


def _generate(generated: Path) -> Parts:
    """Parts in the generator's shape: order by order, each order with two line items."""
    parts = Parts(generated, COUNT)
    for number in range(1, COUNT + 1):
        first = (number - 1) * ORDERS_EACH
        for table, lines in ((ORDERS, 1), (LINEITEM, 2)):
            file = generated / table.name / f"{table.name}.{number}.{table.format}"
            file.parent.mkdir(parents=True, exist_ok=True)
            source = f"range({first}, {first + ORDERS_EACH}) a(i), range(1, {lines + 1}) b(line)"
            with duckdb.connect() as database:
                database.execute(f"copy (select {_columns(table)} from {source}) to '{file}'")
    return parts


def _columns(table: LandedTable) -> str:
    return ", ".join(
        f"({_VALUES.get(name, _ZEROS.get(kind, '0'))})::{kind} as {name}"
        for name, kind in table.columns.items()
        if name != SEQUENCE
    )


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return _generate(tmp_path / "generated")


def test_the_same_parts_land_the_same_bytes(parts: Parts, tmp_path: Path) -> None:
    for landing in (tmp_path / "one", tmp_path / "other"):
        parts.land_first(landing)
        parts.land_new(landing)
    one = contents(tmp_path / "one")
    assert one == contents(tmp_path / "other")
    assert sorted(one) == [
        *("lineitem/new-0000003.parquet", "lineitem/part-0000001.parquet"),
        *("lineitem/part-0000002.parquet", "orders/new-0000003.csv"),
        *("orders/part-0000001.csv", "orders/part-0000002.csv"),
    ]


def test_every_parquet_file_has_the_types_of_the_table(parts: Parts, tmp_path: Path) -> None:
    parts.land_first(tmp_path)
    parts.land_new(tmp_path)
    schemas = [parquet.read_schema(file) for file in (tmp_path / LINEITEM.name).iterdir()]
    assert len(schemas) == COUNT
    for schema in schemas:
        assert schema.names == list(LINEITEM.columns)
        assert schema.equals(schemas[0])
        assert schema.field("l_extendedprice").type == pyarrow.decimal128(15, 2)


@pytest.mark.parametrize(
    ("table", "changed"),
    [(ORDERS, "o_orderpriority"), (LINEITEM, "l_extendedprice")],
    ids=lambda one: getattr(one, "name", one),
)
def test_a_part_sends_a_tenth_of_the_one_before_again_changed(
    parts: Parts, tmp_path: Path, table: LandedTable, changed: str
) -> None:
    parts.land_first(tmp_path / "landing")
    parts.land_new(tmp_path / "landing")
    states = defaultdict(list)
    for row in landed(table, tmp_path / "landing"):
        states[tuple(row[name] for name in table.keys)].append(row)
    again = [sorted(rows, key=lambda row: row[SEQUENCE]) for rows in states.values() if rows[1:]]
    assert len(again) == len(states) / COUNT / 10 * (COUNT - 1)
    for before, after in again:
        assert after[SEQUENCE] == before[SEQUENCE] + 1
        assert {name for name in before if before[name] != after[name]} == {changed, SEQUENCE}


def _expected(landing: Path) -> Groups:
    """Gold by its definition."""
    orders = {row["o_orderkey"]: row["o_orderpriority"] for row in newest(ORDERS, landing)}
    placed = Counter(orders.values())
    items: Counter[str] = Counter()
    revenue: dict[str, Decimal] = defaultdict(Decimal)
    for row in newest(LINEITEM, landing):
        priority = orders[row["l_orderkey"]]
        items[priority] += 1
        revenue[priority] += row["l_extendedprice"] * (1 - row["l_discount"])
    return {(one,): (placed[one], items[one], revenue[one]) for one in placed}


@pytest.mark.process
def test_duckdb_comes_to_the_revenue_by_increments(parts: Parts, tmp_path: Path) -> None:
    house = House.at(tmp_path / "house")
    duck = TPCH.contenders[-1]
    surroundings = Surroundings(package="benchmarks.peers.duckdb_native")
    for land in (parts.land_first, parts.land_new):
        land(house.landing_root)
        # The second time nothing is new, and nothing changes.
        for _ in range(2):
            duck.variant("run", house, surroundings, lambda: None).run()
            assert duck.read_gold(house) == _expected(house.landing_root)


@pytest.mark.process
def test_a_generator_that_fails_is_quoted(parts: Parts, tmp_path: Path) -> None:
    program = tmp_path / "tpchgen-cli"
    program.write_text("#!/bin/sh\necho no scale $5 >&2\nexit 2\n")
    program.chmod(0o755)
    with pytest.raises(BenchmarkError, match="tpchgen-cli failed for orders: no scale -1"):
        generate(program, parts, -1)
