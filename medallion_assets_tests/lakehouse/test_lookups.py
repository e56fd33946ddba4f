"""A looked-up column holds what the looked-up table says now, whatever came first."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import Lookup, SilverTable
from medallion_assets_tests.lakehouse.delta_rows import (
    append,
    commits,
    no_session,
    raw,
    rows,
    run,
)

pytestmark = pytest.mark.usefixtures("spark")

raw_customers, raw_orders = raw("customers"), raw("orders")
customers = SilverTable(
    name="customers",
    source=raw_customers,
    transform=lambda changes: changes.selectExpr("id", "name", "at", "op as _op"),
    keys=("id",),
    sequence_by=("at",),
    apply_as_deletes="_op = 'd'",
)
orders = SilverTable(
    name="orders",
    source=raw_orders,
    transform=lambda changes: changes,
    keys=("order_id",),
    sequence_by=("at",),
    lookups=(
        Lookup(table=customers, key="id", on="buyer", columns={"buyer_name": "name"}),
        Lookup(table=customers, key="id", on="payer", columns={"payer_name": "name"}),
    ),
)
CUSTOMER = {"id": pa.int64(), "name": pa.string(), "at": pa.int64(), "op": pa.string()}
ORDER = {name: pa.int64() for name in ("order_id", "buyer", "payer", "at")}

Event = tuple[str, dict[str, Any]]


def customer(key: int | None, at: int, name: str | None) -> Event:
    """A change of a customer; without a name the customer is deleted."""
    return "customers", {"id": key, "name": name, "at": at, "op": "u" if name else "d"}


def order(key: int, at: int, buyer: int | None, payer: int | None) -> Event:
    return "orders", {"order_id": key, "buyer": buyer, "payer": payer, "at": at}


EVENTS = [
    customer(1, 1, "Ada"),
    customer(1, 2, "Ada L."),
    customer(2, 1, "Bob"),
    customer(2, 2, None),
    customer(3, 1, None),
    customer(3, 2, "Cyd again"),
    customer(4, 1, "Dee"),
    customer(None, 1, "nobody"),
    order(1, 1, 1, 2),
    order(2, 1, 2, 1),
    order(3, 1, 3, 3),
    order(3, 2, 3, 4),
    order(4, 1, 4, None),
    order(5, 1, None, 9),
    order(6, 1, 1, 1),
    order(6, 2, 4, 3),
]
"""Every sequence once a key: the latest event of each key is the truth."""


def expected() -> dict[int, tuple[int | None, int | None, str | None, str | None]]:
    latest: dict[tuple[str, Any], dict[str, Any]] = {}
    for kind, row in EVENTS:
        key = (kind, row["id"] if kind == "customers" else row["order_id"])
        if key not in latest or latest[key]["at"] < row["at"]:
            latest[key] = row
    names = {key[1]: row["name"] for key, row in latest.items() if key[0] == "customers"}
    # As in SQL, null equals nothing: an order without a buyer finds no customer.
    del names[None]
    return {
        key[1]: (row["buyer"], row["payer"], names.get(row["buyer"]), names.get(row["payer"]))
        for key, row in latest.items()
        if key[0] == "orders"
    }


def land(lake: Lake, events: list[Event]) -> None:
    for kind, table, fields in (
        ("customers", raw_customers, CUSTOMER),
        ("orders", raw_orders, ORDER),
    ):
        found = [row for name, row in events if name == kind]
        if found:
            append(lake.path(table), found, fields)


def found(lake: Lake) -> dict[int, tuple[Any, ...]]:
    columns = ("order_id", "buyer", "payer", "buyer_name", "payer_name")
    stored = rows(lake.path(orders), *columns)
    assert len({row["order_id"] for row in stored}) == len(stored)
    return {row["order_id"]: tuple(row[name] for name in columns[1:]) for row in stored}


def test_the_looked_up_table_may_come_first_last_or_in_between(lake: Lake) -> None:
    orders_only = [event for event in EVENTS if event[0] == "orders"]
    customers_only = [event for event in EVENTS if event[0] == "customers"]
    mixed = random.Random(5).sample(EVENTS, len(EVENTS))
    arrivals = {
        "orders first": [orders_only, customers_only],
        "customers first": [customers_only, orders_only],
        "mixed": [mixed[:6], mixed[6:11], mixed[11:]],
    }
    for name, cuts in arrivals.items():
        mine = Lake(lake.root / name, lake.landing)
        for cut in cuts:
            land(mine, cut)
            run(customers, mine)
            assert run(orders, mine).rows.conserved
        assert found(mine) == expected(), name
        versions = commits(mine, customers), commits(mine, orders)
        for table in (customers, orders):
            assert run(table, mine, session=no_session).batches == 0
        assert (commits(mine, customers), commits(mine, orders)) == versions


def test_orders_are_corrected_when_only_a_customer_changed(lake: Lake) -> None:
    land(
        lake,
        [customer(1, 1, "Ada"), customer(2, 1, "Bob"), order(1, 1, 1, None), order(2, 1, 2, 2)],
    )
    run(customers, lake)
    run(orders, lake)

    land(lake, [customer(1, 2, "Ada L."), customer(7, 1, "has no order")])
    run(customers, lake)
    done = run(orders, lake)
    assert (done.rows.updated, done.rows.written) == (1, 1)
    assert found(lake) == {1: (1, None, "Ada L.", None), 2: (2, 2, "Bob", "Bob")}

    land(lake, [customer(8, 1, "has no order either")])
    run(customers, lake)
    assert run(orders, lake).rows.updated == 0

    land(lake, [customer(2, 2, None)])
    run(customers, lake)
    run(orders, lake)
    assert found(lake) == {1: (1, None, "Ada L.", None), 2: (2, 2, None, None)}


def test_a_customer_change_is_followed_though_the_consumed_versions_were_lost(lake: Lake) -> None:
    land(lake, [customer(1, 1, "Ada"), order(1, 1, 1, 1)])
    run(customers, lake)
    run(orders, lake)
    land(lake, [customer(1, 2, "Ada L.")])
    run(customers, lake)
    (lake.stream_directory(orders) / "_consumed.json").unlink()
    run(orders, lake)
    assert found(lake) == {1: (1, 1, "Ada L.", "Ada L.")}


def test_a_lookup_declared_later_fills_the_rows_that_are_there(lake: Lake) -> None:
    without = SilverTable(
        name=orders.name,
        source=raw_orders,
        transform=orders.transform,
        keys=orders.keys,
        sequence_by=orders.sequence_by,
    )
    land(lake, [customer(1, 1, "Ada"), order(1, 1, 1, None), order(2, 1, 9, None)])
    run(customers, lake)
    run(without, lake)
    run(orders, lake)
    assert found(lake) == {1: (1, None, "Ada", None), 2: (9, None, None, None)}


def test_a_looked_up_column_has_its_type_before_the_looked_up_table_is_there(lake: Lake) -> None:
    def since(name: str, **types: str) -> SilverTable:
        lookup = Lookup(
            table=customers, key="id", on="buyer", columns={"buyer_since": "at"}, types=types
        )
        return SilverTable(
            name=name,
            source=raw_orders,
            transform=orders.transform,
            keys=orders.keys,
            sequence_by=orders.sequence_by,
            lookups=(lookup,),
        )

    typed, untyped = since("typed", buyer_since="bigint"), since("untyped")
    land(lake, [order(1, 1, 1, None)])
    run(typed, lake)
    run(untyped, lake)
    land(lake, [customer(1, 7, "Ada")])
    run(customers, lake)
    run(typed, lake)
    assert rows(lake.path(typed), "order_id", "buyer_since") == [{"order_id": 1, "buyer_since": 7}]
    with pytest.raises(DeclarationError, match=r"silver\.untyped: .*types=.*bigint"):
        run(untyped, lake)
