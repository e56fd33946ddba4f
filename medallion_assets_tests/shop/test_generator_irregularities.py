"""Every irregularity is in the committed sample, found by plain reading of its files."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import pyarrow.parquet as pq

from medallion_assets_tests.shop.sample import SAMPLE, Json, avro_rows, lines, parsed


def late(arrivals: list[tuple[int, Any]]) -> bool:
    """Say whether a lower sequence arrives in a later batch than a higher one."""
    return any(a > b and s < t for a, s in arrivals for b, t in arrivals)


def test_every_irregularity_of_the_orders_is_in_the_sample() -> None:
    found: Counter[str] = Counter()
    seen: set[str] = set()
    arrivals: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    statuses: defaultdict[int, set[str]] = defaultdict(set)
    good_updates: defaultdict[int, list[tuple[str, bool]]] = defaultdict(list)
    customers = arrivals_of_customers()
    for number, line in lines("orders"):
        order = parsed(line)
        if order is None:
            found["cut" if not line.endswith("}") else "broken"] += 1
            continue
        found["re-sent"] += line in seen
        if line not in seen and number == 1:
            found["channel too early"] += "channel" in order
        found["channel"] += "channel" in order
        found["new row without channel"] += (
            number > 1 and line not in seen and "channel" not in order
        )
        seen.add(line)
        found["wrong type"] += not isinstance(order["quantity"], int)
        found["quantity"] += isinstance(order["quantity"], int) and order["quantity"] <= 0
        found["order_id"] += order["order_id"] is None
        found["amount"] += order["amount"] < 0
        found["status"] += order["status"] not in {"placed", "paid", "shipped", "cancelled"}
        found["ordered_at"] += order["ordered_at"] is None
        day = f"2026-11-{number - 1:02d}" if number > 1 else "2026-10-31"
        found["ordered days before"] += (order["ordered_at"] or "9") < day
        found["customer later"] += customers.get(order["customer_id"], 0) > number
        found["customer never"] += order["customer_id"] == 999_999_999
        if order["order_id"] is not None:
            arrivals[order["order_id"]].append((number, order["updated_at"]))
            statuses[order["order_id"]].add(order["status"])
            good = isinstance(order["quantity"], int) and order["quantity"] > 0
            good_updates[order["order_id"]].append((order["updated_at"], good))
    found["late"] = sum(map(late, arrivals.values()))
    found["status changes"] = sum(len(names) > 1 for names in statuses.values())
    found["newest row is bad"] = sum(
        not max(rows)[1] and any(good for _, good in rows) for rows in good_updates.values()
    )
    unexpected = {"channel too early", "new row without channel"}
    assert {name for name, count in found.items() if not count} == unexpected


def arrivals_of_customers() -> dict[int, int]:
    first: dict[int, int] = {}
    for number, line in lines("customers"):
        row = json.loads(line)["after"] or json.loads(line)["before"]
        first.setdefault(row["customer_id"], number)
    return first


def test_every_irregularity_of_the_customers_is_in_the_sample() -> None:
    feed = [(number, json.loads(line)) for number, line in lines("customers")]
    positions = [change["source"]["lsn"] for _, change in feed]
    assert len(set(positions)) == len(positions)
    assert [change["op"] for _, change in feed][:80] == ["r"] * 80
    log = sorted((change for _, change in feed), key=lambda change: change["source"]["lsn"])
    commits = [change["source"]["ts_ms"] for change in log]
    assert commits == sorted(commits)

    found: Counter[str] = Counter(change["op"] for change in log)
    operations: defaultdict[int, str] = defaultdict(str)
    for change in log:
        row = change["after"] or change["before"]
        key = row["customer_id"]
        operations[key] += change["op"]
        found["untidy email"] += row["email"] != row["email"].strip().lower()
    found["deleted for good"] = sum(ops.endswith("d") for ops in operations.values())
    found["created again"] = sum("dc" in ops for ops in operations.values())
    arrivals: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    deleted: dict[int, tuple[int, int]] = {}
    for number, change in feed:
        key = (change["after"] or change["before"])["customer_id"]
        arrivals[key].append((number, change["source"]["lsn"]))
        if change["op"] == "d":
            deleted[key] = number, change["source"]["lsn"]
    found["out of order across files"] = sum(map(late, arrivals.values()))
    found["update after the delete"] = sum(
        number > deleted[key][0] and lsn < deleted[key][1]
        for key in deleted
        for number, lsn in arrivals[key]
    )
    found["out of order within files"] = sum(a > b for a, b in pairwise(positions))
    assert all(found.values()), found
    assert found.keys() >= set("rcud")


def test_every_irregularity_of_the_other_feeds_is_in_the_sample() -> None:
    found: Counter[str] = Counter()
    products: defaultdict[str, set[int]] = defaultdict(set)
    for number, line in lines("products"):
        fields = line.split("|")
        if fields == ["product_id", "name", "category", "price", "updated_at"]:
            continue
        found["too few"] += len(fields) < 5
        found["too many"] += len(fields) > 5
        if len(fields) == 5:
            found["wrong price"] += fields[3] == "n/a"
            products[fields[0]].add(number)
    found["re-priced later"] = sum(len(numbers) > 1 for numbers in products.values())

    clicks: defaultdict[str, list[tuple[str, Json]]] = defaultdict(list)
    for path in sorted(SAMPLE.glob("*/clicks/*.avro")):
        for row in avro_rows(path):
            clicks[row["click_id"]].append((path.name, row))
    found["click again"] = sum(len({name for name, _ in rows}) > 1 for rows in clicks.values())
    assert all(row == rows[0][1] for rows in clicks.values() for _, row in rows)

    shipments: defaultdict[int, list[tuple[int, Any]]] = defaultdict(list)
    delivered: defaultdict[int, set[bool]] = defaultdict(set)
    for path in sorted(SAMPLE.glob("*/shipments/*/*.parquet")):
        for row in pq.ParquetFile(path).read().to_pylist():
            assert path.parent.name == f"day={row['shipped_at'].date()}"
            number = int(path.name.split("-")[1])
            found["shipment again"] += (number, row["updated_at"]) in shipments[row["shipment_id"]]
            shipments[row["shipment_id"]].append((number, row["updated_at"]))
            delivered[row["shipment_id"]].add(row["delivered_at"] is not None)
    found["delivered later"] = sum(len(states) > 1 for states in delivered.values())
    found["late"] = sum(map(late, shipments.values()))
    assert all(found.values()), found
