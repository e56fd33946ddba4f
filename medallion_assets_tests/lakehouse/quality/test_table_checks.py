"""Each declared check, on tables in which what it looks for is there and is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Events, Files, Materialization, Rows
from medallion_assets.lakehouse.quality.table_checks import (
    BacklogAtMost,
    CorruptShare,
    Fresh,
    References,
    RescuedShare,
    SameTotal,
    SchemaContract,
    TableCheck,
    Unique,
    Verdict,
    Volume,
)
from medallion_assets.lakehouse.quality.table_checks.evaluate import Judged, judge_table
from medallion_assets.lakehouse.session import start_spark
from medallion_assets.lakehouse.tables import GoldTable, SilverTable, Table
from medallion_assets_tests.lakehouse.delta_rows import append, no_session, raw, run

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
SALES = {"id": pa.int64(), "shop": pa.int64(), "amount": pa.decimal128(10, 2), "at": pa.date32()}
SHOPS = {"shop": pa.int64(), "seq": pa.int64()}

shops = SilverTable(
    name="shops",
    source=raw("shops"),
    transform=lambda rows: rows.select("shop", "seq"),
    keys=("shop",),
    sequence_by=("seq",),
)
sales = SilverTable(
    name="sales",
    source=raw("sales"),
    transform=lambda rows: rows.select("id", "shop", "amount", "at"),
)
by_shop = GoldTable(
    name="by_shop",
    sources={"sales": sales},
    group_by={"shop": "shop"},
    query=lambda sales: sales.groupBy("shop").agg({"amount": "sum"}).toDF("shop", "amount"),
)


def sale(key: int, shop: int | None, amount: str = "1.00") -> dict[str, Any]:
    day = datetime(2026, 3, 1 + key % 3, tzinfo=timezone.utc).date()
    return {
        "id": key,
        "shop": shop,
        "amount": Decimal(amount),
        "at": day,
    }


def judged(
    table: Table,
    lake: Lake,
    *checks: TableCheck,
    outcome: Materialization | None = None,
    history: Sequence[int] = (),
    session: Any = start_spark,
) -> Judged:
    outcome = outcome or Materialization(table.full_name, batches=1)
    return judge_table(
        replace(table, checks=checks), lake, session, outcome, history=history, now=NOON
    )


def verdict(table: Table, lake: Lake, check: TableCheck, **given: Any) -> Verdict:
    return judged(table, lake, check, **given).verdicts[check.name]


@pytest.mark.usefixtures("spark")
def test_doubled_keys_are_found_among_those_that_changed(lake: Lake) -> None:
    check = Unique(("id",))
    append(lake.path(sales.source), [sale(1, 1), sale(2, 1), sale(2, 2)], SALES)
    run(sales, lake)
    first = judged(sales, lake, check)
    assert first.verdicts[check.name].numbers == {"keys_judged": 2, "keys_with_several_rows": 1}
    assert [one.row for one in first.verdicts[check.name].examples] == ['{"id":2,"rows":2}']
    assert not first.verdicts[check.name].passed
    first.remember()
    assert judged(sales, lake, check, session=no_session).verdicts == {}

    append(lake.path(sales.source), [sale(3, 1), sale(1, 9)], SALES)
    run(sales, lake)
    second = verdict(sales, lake, check)
    assert second.numbers == {"keys_judged": 2, "keys_with_several_rows": 1}
    assert [one.row for one in second.examples] == ['{"id":1,"rows":2}']
    hidden = verdict(replace(sales, tags={"pii": "true"}), lake, check)
    assert not hidden.passed
    assert hidden.examples == ()


@pytest.mark.usefixtures("spark")
def test_rows_that_name_nothing_are_counted(lake: Lake) -> None:
    append(lake.path(shops.source), [{"shop": 1, "seq": 1}, {"shop": 2, "seq": 1}], SHOPS)
    append(lake.path(sales.source), [sale(1, 1), sale(2, 7), sale(3, None), sale(4, 8)], SALES)
    run(shops, lake)
    run(sales, lake)
    check = References("shop", shops)
    found = verdict(sales, lake, check)
    assert not found.passed
    assert found.numbers == {
        "rows_judged": 3,
        "rows_that_find_nothing": 2,
        "failed_share": 0.6667,
    }
    assert sorted(one.row.split(",")[0] for one in found.examples) == ['{"id":2', '{"id":4']
    assert verdict(sales, lake, References("shop", shops, above=0.7)).passed
    with pytest.raises(DeclarationError, match=r"silver\.sales needs its one key"):
        References("shop", sales)


@pytest.mark.usefixtures("spark")
def test_a_total_that_drifts_is_seen(lake: Lake) -> None:
    append(lake.path(sales.source), [sale(1, 1, "2.50"), sale(2, 2, "4.25")], SALES)
    run(sales, lake)
    run(by_shop, lake)
    check = SameTotal("sum(amount)", sales, "sum(amount)")
    same = verdict(by_shop, lake, check)
    assert same.passed
    assert same.numbers == {"total": "6.75", "total_of_sales": "6.75"}
    start_spark().sql(f"DELETE FROM delta.`{lake.path(by_shop)}` WHERE shop = 2")
    assert verdict(by_shop, lake, check).numbers["total"] == "2.50"
    assert not verdict(by_shop, lake, check).passed


@pytest.mark.usefixtures("spark")
def test_what_was_vacuumed_is_judged_with_all_the_rest(lake: Lake) -> None:
    spark, check = start_spark(), Unique(("shop",))
    append(lake.path(shops.source), [{"shop": 1, "seq": 1}], SHOPS)
    run(shops, lake)
    judged(shops, lake, check).remember()
    append(lake.path(shops.source), [{"shop": 1, "seq": 2}, {"shop": 2, "seq": 1}], SHOPS)
    run(shops, lake)
    spark.sql(f"OPTIMIZE delta.`{lake.path(shops)}`")
    spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    spark.sql(f"VACUUM delta.`{lake.path(shops)}` RETAIN 0 HOURS")
    assert verdict(shops, lake, check).numbers["keys_judged"] == 2


def test_columns_are_compared_with_the_declaration(lake: Lake) -> None:
    append(lake.path(sales), [sale(1, 1)], SALES)

    def found(check: SchemaContract) -> Verdict:
        return verdict(sales, lake, check, session=no_session)

    promised = {"id": "BIGINT", "shop": "long", "amount": "decimal(10, 2)", "at": "date"}
    assert found(SchemaContract(promised, exact=True)).passed
    assert found(SchemaContract({"id": "bigint"})).passed
    broken = found(SchemaContract({"id": "string", "name": "string"}, exact=True))
    assert not broken.passed
    assert broken.numbers == {
        "missing": "name",
        "of_another_type": "id: bigint, promised string",
        "more": "shop, amount, at",
    }


@pytest.mark.parametrize(
    ("rows", "history", "passes"),
    [
        (1, (), True),
        (1, (100, 100), True),
        (100, (90, 100, 110), True),
        (49, (100, 100, 100), False),
        (50, (100, 100, 100), True),
        (201, (100, 100, 100), False),
        (100, (1, 100, 100, 100), True),
        (1, (1, 1, 1, 100, 100, 100, 100), True),
    ],
)
def test_a_run_is_compared_with_the_median_of_the_last(
    lake: Lake, rows: int, history: tuple[int, ...], passes: bool
) -> None:
    append(lake.path(sales), [sale(1, 1)], SALES)
    outcome = Materialization(sales.full_name, batches=1, rows=Rows(written=rows))
    check = Volume(at_least=0.5, at_most=2.0, runs=3, after=3)
    assert verdict(sales, lake, check, outcome=outcome, history=history).passed is passes


@pytest.mark.parametrize(("hours", "passes"), [(36, True), (35, False)])
def test_the_newest_event_tells_how_fresh_a_table_is(lake: Lake, hours: int, passes: bool) -> None:
    append(lake.path(sales), [sale(1, 1)], SALES)
    append(lake.path(sales), [sale(2, 1), sale(3, 1)], SALES)
    idle = Materialization(sales.full_name)
    found = verdict(
        sales, lake, Fresh("at", timedelta(hours=hours)), outcome=idle, session=no_session
    )
    assert found.numbers["newest"] == "2026-03-03T00:00:00+00:00"
    assert found.passed is passes
    assert not verdict(sales, lake, Fresh("nothing", timedelta(1)), outcome=idle).passed


def test_shares_and_backlog_come_from_what_the_run_counted(lake: Lake) -> None:
    table = sales.source
    append(lake.path(table), [sale(1, 1)], SALES)
    outcome = Materialization(
        table.full_name,
        batches=1,
        rows=Rows(read=100, rescued=5, corrupt=1),
        files=Files(backlog_files=3),
    )

    def passes(check: TableCheck, told: Materialization = outcome) -> bool:
        return verdict(table, lake, check, outcome=told, session=no_session).passed

    assert [passes(RescuedShare(above)) for above in (0.04, 0.05)] == [False, True]
    assert [passes(CorruptShare(above)) for above in (0.0, 0.01)] == [False, True]
    assert [passes(BacklogAtMost(files=files)) for files in (2, 3)] == [False, True]
    waiting = replace(
        outcome, files=None, events=Events({}, {}, backlog=9, oldest_unread_seconds=60.0)
    )
    assert not passes(BacklogAtMost(events=8), waiting)
    assert passes(BacklogAtMost(events=9), waiting)
    assert not passes(BacklogAtMost(events=9, age=timedelta(seconds=59)), waiting)


def test_names_of_checks_are_unique_and_fit() -> None:
    with pytest.raises(DeclarationError, match="two checks have the same name"):
        replace(sales, checks=(Unique(("id",)), Unique(("id",))))
    with pytest.raises(DeclarationError, match="Give it another one"):
        Unique(("a b",))
    with pytest.raises(DeclarationError, match="give a tuple"):
        Unique("id")  # type: ignore[arg-type]
    assert Unique(("a b",), name="ab").name == "ab"
