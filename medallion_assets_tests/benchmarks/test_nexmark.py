"""Nexmark's events, and gold over them by increments, without Spark."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from benchmarks.house import House
from benchmarks.nexmark.events import Events, event
from benchmarks.nexmark.tables import AUCTIONS, BIDS, PERSONS
from benchmarks.peers.gold import Groups
from benchmarks.surroundings import Surroundings
from benchmarks.workloads.nexmark import NEXMARK
from medallion_assets_tests.benchmarks.oracles import Row, contents, landed, newest

EVENTS = Events(5_000, 4)


def test_the_same_call_lands_the_same_bytes(tmp_path: Path) -> None:
    for landing in (tmp_path / "one", tmp_path / "other"):
        EVENTS.land_first(landing)
        EVENTS.land_new(landing)
    one = contents(tmp_path / "one")
    assert one == contents(tmp_path / "other")
    assert len(one) == 3 * EVENTS.files
    assert "bids/new-0000003.json" in one


def test_the_proportions_and_fields_are_nexmarks(tmp_path: Path) -> None:
    events = [event(number) for number in range(EVENTS.count)]
    counted = Counter(table.name for table, _ in events)
    assert counted == {"persons": 100, "auctions": 300, "bids": 4_600}
    assert all(list(made) == list(table.columns) for table, made in events)
    EVENTS.land_first(tmp_path)
    EVENTS.land_new(tmp_path)
    # One event in 50 is sent twice, and each key is an event's own.
    assert len(landed(BIDS, tmp_path)) == 4_600 + 100
    assert [len(newest(table, tmp_path)) for table in (PERSONS, AUCTIONS, BIDS)] == [
        100,
        300,
        4_600,
    ]


def test_bids_go_to_auctions_and_people_that_there_are() -> None:
    people: set[object] = set()
    auctions: dict[object, Row] = {}
    expired = 0
    for number in range(EVENTS.count):
        table, made = event(number)
        if table is PERSONS:
            people.add(made["id"])
        elif table is AUCTIONS:
            auctions[made["id"]] = made
            assert made["seller"] in people
        else:
            assert made["bidder"] in people
            expired += str(made["dateTime"]) > auctions[made["auction"]]["expires"]
    assert 0 < expired < EVENTS.count / 2
    assert {lot["category"] for lot in auctions.values()} == set(range(10, 15))


def _expected(landing: Path) -> Groups:
    """Gold by its definition."""
    lots = {lot["id"]: lot for lot in newest(AUCTIONS, landing)}
    bids: dict[int, list[int]] = defaultdict(list)
    for bid in newest(BIDS, landing):
        if bid["dateTime"] <= lots[bid["auction"]]["expires"]:
            bids[bid["auction"]].append(bid["price"])
    gold: dict[tuple[object, ...], tuple[object, ...]] = {}
    for category in {lot["category"] for lot in lots.values()}:
        there = [number for number, lot in lots.items() if lot["category"] == category]
        closing = [max(bids[number]) for number in there if number in bids]
        count = sum(len(bids[number]) for number in there if number in bids)
        gold[(category,)] = (len(there), count, max(closing), sum(closing) // len(closing))
    return gold


@pytest.mark.process
def test_duckdb_comes_to_the_closing_prices_by_increments(tmp_path: Path) -> None:
    house = House.at(tmp_path)
    duckdb = NEXMARK.contenders[-1]
    surroundings = Surroundings(package="benchmarks.peers.duckdb_native")
    for land in (EVENTS.land_first, EVENTS.land_new):
        land(house.landing_root)
        # The second time nothing is new, and nothing changes.
        for _ in range(2):
            duckdb.variant("run", house, surroundings, lambda: None).run()
            assert duckdb.read_gold(house) == _expected(house.landing_root)
