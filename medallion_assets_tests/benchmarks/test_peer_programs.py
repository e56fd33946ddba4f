"""The programs of the peers whose packages the project's own environment has too."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.house import Gold, House
from benchmarks.orders import Orders
from benchmarks.peers.comparison import same_gold
from benchmarks.peers.contender import Contender
from benchmarks.peers.contenders import DUCKDB, POLARS
from benchmarks.peers.gold import Groups
from benchmarks.surroundings import Surroundings

pytestmark = pytest.mark.process

ORDERS = Orders(600)


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House.at(tmp_path)
    ORDERS.land_first(house.landing, 3)
    return house


def _expected(house: House) -> Gold:
    """The gold table, by no engine at all."""
    newest: dict[int, dict[str, Any]] = {}
    for file in sorted(house.landing.glob("*.json")):
        for line in file.read_text().splitlines():
            order = json.loads(line, parse_float=Decimal)
            key = order["order_id"]
            if key is not None and order["amount"] >= 0:
                stored = newest.get(key)
                if stored is None or order["updated_at"] > stored["updated_at"]:
                    newest[key] = order
    gold: Gold = {}
    for order in newest.values():
        group = (datetime.date.fromisoformat(order["ordered_at"][:10]), order["product"])
        orders, units, revenue = gold.get(group, (0, 0, Decimal(0)))
        gold[group] = (orders + 1, units + order["quantity"], revenue + order["amount"])
    return gold


def _run(contender: Contender, house: House) -> Groups:
    surroundings = Surroundings(package=f"benchmarks.peers.{contender.peer}")
    contender.variant("increment", house, surroundings, lambda: None).run()
    return contender.read_gold(house)


@pytest.mark.parametrize("contender", [POLARS, DUCKDB], ids=lambda one: str(one.peer))
def test_a_peer_comes_to_the_same_gold_by_increments(contender: Contender, house: House) -> None:
    assert _run(contender, house) == _expected(house)
    house.keep()
    ORDERS.land_increment(house.landing, files=2, rows=50)
    assert _run(contender, house) == _expected(house)
    rewritten = contender.rewritten_bytes(house)
    assert rewritten is None if contender is DUCKDB else rewritten
    assert _run(contender, house) == _expected(house)


def test_gold_that_differs_is_refused_and_named() -> None:
    group = (datetime.date(2026, 1, 1), "P000")
    one: Gold = {group: (1, 1, Decimal("1.00"))}
    other: Gold = {group: (1, 2, Decimal("1.00"))}
    same_gold({"a": one, "b": dict(one)})
    with pytest.raises(BenchmarkError, match=r"b and a differ in 1 of 1 groups"):
        same_gold({"a": one, "b": other})
    with pytest.raises(BenchmarkError, match="empty"):
        same_gold({"a": {}, "b": {}})
