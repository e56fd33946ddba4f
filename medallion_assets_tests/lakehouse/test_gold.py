"""Gold equals the batch query over its sources, and only the groups that changed are written."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from deltalake import DeltaTable

from medallion_assets.lakehouse import whole_gold
from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.gold import batch_result
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import GoldTable, SilverTable
from medallion_assets_tests.lakehouse.delta_rows import (
    commits,
    in_order,
    no_session,
    raw,
    rows,
    run,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

sales = SilverTable(
    name="sales",
    source=raw("sales"),
    transform=lambda changes: changes,
    keys=("id",),
    sequence_by=("id",),
)
visits = SilverTable(
    name="visits",
    source=raw("visits"),
    transform=lambda changes: changes,
    keys=("id",),
    sequence_by=("id",),
)


def _turnover(sales: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    good = sales.where("amount is null or amount >= 0").groupBy("day", "shelf")
    return good.agg(F.count("*").alias("sales"), F.sum("amount").alias("amount"))


def _traffic(visits: DataFrame, sales: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    seen = visits.groupBy("day").agg(F.count("*").alias("visits"))
    sold = sales.groupBy("day").agg(F.count("*").alias("sales"))
    return seen.join(sold, seen.day.eqNullSafe(sold.day), "full").select(
        F.coalesce(seen.day, sold.day).alias("day"),
        F.coalesce("visits", F.lit(0)).alias("visits"),
        F.coalesce("sales", F.lit(0)).alias("sales"),
    )


turnover = GoldTable(
    name="turnover",
    sources={"sales": sales},
    # `shelf` is null in some groups; `day` has the name of a column it is computed from.
    group_by={"day": "day % 3", "shelf": "nullif(shelf, 'none')"},
    query=_turnover,
)
traffic = GoldTable(
    name="traffic",
    sources={"visits": visits, "sales": sales},
    group_by={"day": {"visits": "on_day", "sales": "day"}},
    query=_traffic,
)


class Sale(NamedTuple):
    day: int | None
    shelf: str | None
    amount: int | None


Sales = Mapping[int, Sale]
Visits = Mapping[int, int | None]
Groups = dict[tuple[Any, ...], tuple[Any, ...]]


def expected_turnover(sales: Sales) -> Groups:
    groups: defaultdict[tuple[Any, ...], list[int | None]] = defaultdict(list)
    for sale in sales.values():
        if sale.amount is None or sale.amount >= 0:
            day = None if sale.day is None else sale.day % 3
            groups[day, None if sale.shelf == "none" else sale.shelf].append(sale.amount)
    known = {key: [a for a in amounts if a is not None] for key, amounts in groups.items()}
    return {key: (len(groups[key]), sum(known[key]) if known[key] else None) for key in groups}


def expected_traffic(sales: Sales, visits: Visits) -> Groups:
    sold, seen = [sale.day for sale in sales.values()], list(visits.values())
    return {(day,): (seen.count(day), sold.count(day)) for day in {*sold, *seen}}


class Shop:
    """Two silver tables, changed at random, and the same in plain Python."""

    def __init__(self, spark: SparkSession, lake: Lake, seed: int) -> None:
        self.spark, self.lake, self.dice = spark, lake, random.Random(seed)
        self.sales: dict[int, Sale] = {}
        self.visits: dict[int, int | None] = {}

    def sale(self) -> Sale:
        pick = self.dice.choice
        return Sale(
            pick([1, 2, 3, 4, None]), pick(["a", "b", "none", None]), pick([None, -1, 0, 5])
        )

    def change(self, held: dict[int, Any], new: Any, share: float) -> None:
        """Update and delete some of the rows, and insert as many."""
        for key in self.dice.sample(sorted(held), int(len(held) * share)):
            if self.dice.random() < 0.5:
                held[key] = new()
            else:
                del held[key]
        for _ in range(max(2, int(20 * share))):
            held[self.dice.randrange(10_000)] = new()

    def change_sales(self, share: float) -> None:
        self.change(self.sales, self.sale, share)
        self.store(
            sales,
            [(key, *sale) for key, sale in self.sales.items()],
            "id long, day int, shelf string, amount long",
        )

    def change_visits(self, share: float) -> None:
        self.change(self.visits, lambda: self.dice.choice([3, 4, 5, 6, None]), share)
        self.store(visits, list(self.visits.items()), "id long, on_day int")

    def lose_a_day(self) -> None:
        """The rows of a group go away, in both tables."""
        self.sales = {key: sale for key, sale in self.sales.items() if sale.day != 4}
        self.visits = {key: day for key, day in self.visits.items() if day != 4}

    def store(self, table: SilverTable, stored: list[Any], schema: str) -> None:
        """Make the table hold these rows, by one merge."""
        from delta.tables import DeltaTable

        frame, path = self.spark.createDataFrame(stored, schema), str(self.lake.path(table))
        if not self.lake.log(table).exists():
            feed = {"delta.enableChangeDataFeed": "true"}
            frame.write.format("delta").options(**feed).save(path)
            return
        (
            DeltaTable.forPath(self.spark, path)
            .alias("t")
            .merge(frame.alias("s"), "t.id = s.id")
            .whenMatchedUpdateAll(" or ".join(f"not t.{c} <=> s.{c}" for c in frame.columns))
            .whenNotMatchedInsertAll()
            .whenNotMatchedBySourceDelete()
            .execute()
        )

    def check(self, table: GoldTable, before: Groups, now: Groups, values: list[str]) -> None:
        """Run the table: it holds `now`, and nothing but the difference was written."""
        done = run(table, self.lake).rows
        keys = list(table.group_by)
        stored = rows(self.lake.path(table))
        found = {tuple(r[k] for k in keys): tuple(r[v] for v in values) for r in stored}
        assert len(found) == len(stored)
        assert found == now
        batch = [row.asDict() for row in batch_result(table, self.lake, self.spark).collect()]
        assert in_order(batch) == in_order(stored)
        assert done.inserted == len(now.keys() - before.keys())
        assert done.deleted == len(before.keys() - now.keys())
        changed = sum(now[key] != before[key] for key in now.keys() & before.keys())
        assert done.updated == changed


WAYS = pytest.mark.parametrize("way", ["whole", "by_groups"])
"""The two ways in which gold is written: small tables whole, the others by changed groups."""


def take(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have gold written in one of them."""
    if way == "by_groups":
        monkeypatch.setattr(whole_gold, "_FEW_BYTES", 0)


def operation(lake: Lake, table: GoldTable) -> str:
    """The newest commit's."""
    return str(DeltaTable(lake.path(table)).history(1)[0]["operation"])


@WAYS
def test_gold_follows_inserts_updates_deletes_and_moves_between_groups(
    spark: SparkSession, lake: Lake, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(way, monkeypatch)
    shop = Shop(spark, lake, seed=7)
    before_turnover: Groups = {}
    before_traffic: Groups = {}
    for number, share in enumerate([1.0, 0.4, 0.05]):
        if number == 1:
            shop.lose_a_day()
        shop.change_sales(share)
        if number == 1:
            shop.change_sales(share)  # two commits between two runs
        shop.change_visits(share)
        now_turnover = expected_turnover(shop.sales)
        now_traffic = expected_traffic(shop.sales, shop.visits)
        shop.check(turnover, before_turnover, now_turnover, ["sales", "amount"])
        shop.check(traffic, before_traffic, now_traffic, ["visits", "sales"])
        before_turnover, before_traffic = now_turnover, now_traffic

    assert operation(lake, turnover) == {"whole": "WRITE", "by_groups": "MERGE"}[way]
    versions = commits(lake, turnover), commits(lake, traffic)
    assert run(turnover, lake, session=no_session).batches == 0
    assert run(traffic, lake, session=no_session).batches == 0
    assert (commits(lake, turnover), commits(lake, traffic)) == versions


@WAYS
def test_groups_are_found_again_after_a_crash_and_after_the_last_row_is_gone(
    spark: SparkSession, lake: Lake, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(way, monkeypatch)
    shop = Shop(spark, lake, seed=8)
    shop.change_sales(1.0)
    run(turnover, lake)
    shop.change_sales(0.3)
    run(turnover, lake)
    checkpoint = lake.stream_directory(turnover)
    (checkpoint / "_consumed.json").unlink()
    newest = max(int(p.name) for p in (checkpoint / "commits").iterdir() if p.name.isdigit())
    (checkpoint / "commits" / str(newest)).unlink()
    now = expected_turnover(shop.sales)
    shop.check(turnover, now, now, ["sales", "amount"])
    shop.sales = {}
    shop.store(sales, [], "id long, day int, shelf string, amount long")
    shop.check(turnover, now, {}, ["sales", "amount"])


def test_a_table_whose_changes_are_read_keeps_its_unchanged_rows(
    spark: SparkSession, lake: Lake
) -> None:
    shop = Shop(spark, lake, seed=10)
    shop.change_sales(1.0)
    run(turnover, lake)
    path = lake.path(turnover)
    feed = "set tblproperties (delta.enableChangeDataFeed = true)"
    spark.sql(f"alter table delta.`{path}` {feed}")
    before, version = expected_turnover(shop.sales), commits(lake, turnover)
    shop.sales[next(iter(shop.sales))] = Sale(1, "a", 5)
    shop.sales[20_000] = Sale(2, "b", 1)
    shop.store(
        sales,
        [(key, *sale) for key, sale in shop.sales.items()],
        "id long, day int, shelf string, amount long",
    )
    now = expected_turnover(shop.sales)
    shop.check(turnover, before, now, ["sales", "amount"])
    changes = spark.read.format("delta").option("readChangeFeed", "true")
    told = changes.option("startingVersion", version + 1).load(str(path))
    after = told.where("_change_type in ('insert', 'update_postimage')").collect()
    assert {(row.day, row.shelf) for row in after} == {
        key for key in now if now[key] != before.get(key)
    }


def test_a_column_that_the_query_gains_or_loses_leaves_what_was_stored(
    spark: SparkSession, lake: Lake
) -> None:
    def with_highest(sales: DataFrame) -> DataFrame:
        from pyspark.sql import functions as F

        good = sales.groupBy("day", "shelf")
        return good.agg(F.count("*").alias("sales"), F.max("amount").alias("highest"))

    shop = Shop(spark, lake, seed=11)
    shop.change_sales(1.0)
    run(turnover, lake)
    evolved = GoldTable(
        name="turnover",
        sources=turnover.sources,
        group_by=turnover.group_by,
        query=with_highest,
    )
    shop.sales[20_000] = Sale(2, "b", 7)
    shop.store(
        sales,
        [(key, *sale) for key, sale in shop.sales.items()],
        "id long, day int, shelf string, amount long",
    )
    done = run(evolved, lake).rows
    stored = {(row["day"], row["shelf"]): row for row in rows(lake.path(turnover))}
    assert (done.inserted + done.updated, done.deleted) == (1, 0)
    assert stored[2, "b"]["highest"] == 7
    others = [row for key, row in stored.items() if key != (2, "b")]
    assert others
    assert all(row["highest"] is None and "amount" in row for row in others)


def test_several_rows_for_one_group_are_refused_by_name(spark: SparkSession, lake: Lake) -> None:
    twice = GoldTable(
        name="twice",
        sources={"sales": sales},
        group_by={"day": "day"},
        query=lambda sales: sales.groupBy("day", "shelf").count().drop("shelf"),
    )
    shop = Shop(spark, lake, seed=12)
    shop.change_sales(1.0)
    run(twice, lake)
    shop.change_sales(0.5)
    with pytest.raises(
        DeclarationError, match=r"gold\.twice: the query gives several rows for one group"
    ):
        run(twice, lake)


def test_a_query_without_its_group_columns_is_refused_by_name(
    spark: SparkSession, lake: Lake
) -> None:
    wrong = GoldTable(
        name="wrong",
        sources={"sales": sales},
        group_by={"day": "day", "shelf": "shelf"},
        query=lambda sales: sales.groupBy("day").count(),
    )
    Shop(spark, lake, seed=9).change_sales(1.0)
    with pytest.raises(DeclarationError, match=r"gold\.wrong: .* lacks the group columns shelf"):
        run(wrong, lake)
    assert commits(lake, wrong) == -1


def test_gold_waits_until_each_of_its_sources_is_there(lake: Lake) -> None:
    assert run(traffic, lake, session=no_session).batches == 0
