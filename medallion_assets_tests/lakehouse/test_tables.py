from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets.lakehouse.errors import DeclarationError, OptionError
from medallion_assets.lakehouse.quality.expectations import (
    Expectation,
    expect,
    expect_or_drop,
    expect_or_fail,
    expect_or_quarantine,
)
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    Lakehouse,
    LandingDirectory,
    Layer,
    Lookup,
    OutputMode,
    SilverTable,
    Table,
    Watermark,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def same(frame: DataFrame) -> DataFrame:
    return frame


def both(orders: DataFrame, customers: DataFrame) -> DataFrame:
    return orders.unionByName(customers)


def landing(name: str = "orders", **changes: Any) -> LandingDirectory:
    return LandingDirectory(**{"name": name, "format": "json", **changes})


def bronze(name: str = "orders", **changes: Any) -> BronzeTable:
    return BronzeTable(**{"name": name, "source": landing(name), **changes})


def silver(name: str = "orders", **changes: Any) -> SilverTable:
    return SilverTable(**{"name": name, "source": bronze(name), "transform": same, **changes})


def merged(name: str, key: str = "id", **changes: Any) -> SilverTable:
    return silver(name, keys=(key,), sequence_by=("at",), **changes)


def gold(name: str, **changes: Any) -> GoldTable:
    return GoldTable(**{"name": name, "query": same, **changes})


CUSTOMERS = merged("customers")


@pytest.mark.parametrize(
    ("declare", "says"),
    [
        (lambda: landing("Orders"), "lower-case letters"),
        (lambda: landing("../orders"), "lower-case letters"),
        (lambda: landing("orders/new"), "lower-case letters"),
        (lambda: landing("1orders"), "starts with a letter"),
        (lambda: landing("orders\n"), "lower-case letters"),
        (lambda: landing(""), "lower-case letters"),
        (lambda: BronzeTable(name="big orders", source=landing()), "bronze table 'big orders'"),
        (
            lambda: SilverTable(name="Orders", source=bronze(), transform=same),
            "silver table 'Orders'",
        ),
        (lambda: gold("g-1", sources={"o": silver()}, group_by={"d": "d"}), "gold table 'g-1'"),
        (lambda: bronze(cluster_by=tuple("abcde")), "at most four columns, 5 are given"),
        (
            lambda: silver(expectations=(expect("a", "x > 0"), expect_or_drop("a", "y > 0"))),
            "silver.orders: two expectations have the same name",
        ),
        (lambda: expect("not a name", "x"), "Rename it"),
        (lambda: expect("name", "  "), "has no condition"),
        (lambda: silver(output_mode=OutputMode.UPDATE), "update needs `keys`"),
        (
            lambda: silver(output_mode=OutputMode.COMPLETE, keys=("id",)),
            "complete replaces the whole table",
        ),
        (
            lambda: silver(output_mode=OutputMode.COMPLETE, expectations=(expect("a", "b"),)),
            "complete replaces the whole table",
        ),
        (lambda: silver(keys=("id",)), "`keys` and `sequence_by` go together"),
        (lambda: silver(sequence_by=("at",)), "`keys` and `sequence_by` go together"),
        (lambda: silver(apply_as_deletes="gone"), "apply_as_deletes and lookups need `keys`"),
        (lambda: silver(deletion_vectors=True), "silver.orders: deletion_vectors needs `keys`"),
        (
            lambda: silver(lookups=(Lookup(table=CUSTOMERS, key="id", columns={"n": "name"}),)),
            "apply_as_deletes and lookups need `keys`",
        ),
        (
            lambda: Lookup(table=CUSTOMERS, key="name", columns={"n": "name"}),
            "goes by its key ('id',), not by 'name'",
        ),
        (
            lambda: silver("late", source=CUSTOMERS),
            "silver.late streams silver.customers, whose rows change in place",
        ),
        (
            lambda: silver("late", source=silver("total", output_mode=OutputMode.COMPLETE)),
            "whose rows change in place",
        ),
        (
            lambda: silver(joins={"clicks": bronze("clicks")}),
            "called with the rows of bronze.orders, clicks=...: got an unexpected",
        ),
        (lambda: silver(transform=both), "missing a required argument: 'customers'"),
        (
            lambda: silver(joins={"customers": CUSTOMERS}, transform=both),
            "silver.orders streams silver.customers, whose rows change in place",
        ),
        (lambda: silver(joins={"again": bronze()}), "each table once"),
        (lambda: silver(joins={"orders": bronze("clicks")}), "under names of their own"),
        (
            lambda: silver(watermarks={"clicks": Watermark("at", "1 hour")}),
            "watermarks for clicks; its streams are orders",
        ),
        (
            lambda: silver(
                watermarks={"orders": Watermark("at", "1 hour")}, output_mode=OutputMode.COMPLETE
            ),
            "no row is late",
        ),
        (lambda: Watermark("at", "soon"), "'soon' is no delay"),
        (lambda: Watermark("at", "-1 hour"), "is no delay"),
        (lambda: gold("g", sources={}, group_by={"d": "d"}), "needs `sources` and `group_by`"),
        (lambda: gold("g", sources={"o": silver()}, group_by={}), "needs `sources`"),
        (
            lambda: gold("g", sources={"o": silver()}, group_by={"d": {"x": "d"}}),
            "group column 'd' names the sources ['x'], the table has ['o']",
        ),
        (lambda: bronze(data_subject={"customer id": "id"}), "a name such as customer_id"),
        (lambda: bronze(data_subject={"customer_id": ("id", " ")}), "'customer_id' to ('id', ' ')"),
        (lambda: bronze(data_subject={"customer_id": ()}), "'customer_id' to ()"),
        (
            lambda: Lakehouse.from_tables([silver(source=bronze(data_subject={"who": "id"}))]),
            "silver.orders streams bronze.orders, whose rows are people's (by who)",
        ),
        (
            lambda: Lakehouse.from_tables([silver(data_subject={"who": "id"})]),
            "who is erased here would stay there",
        ),
    ],
)
def test_a_mistaken_declaration_is_refused_with_its_reason(
    declare: Callable[[], object], says: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        declare()
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": "xls"}, "cloudFiles.format"),
        ({"options": {"cloudFiles.maxFilePerTrigger": "1"}}, "maxFilesPerTrigger"),
        ({"schema": "id int", "options": {"cloudFiles.schemaHints": "a int"}}, "schemaHints"),
    ],
)
def test_a_mistaken_option_is_refused_where_it_is_declared(
    changes: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(OptionError, match=says):
        landing(**changes)


def test_a_directory_without_a_schema_gets_typed_columns() -> None:
    assert landing().cloud_files_options().infer_column_types
    text = landing(options={"cloudFiles.inferColumnTypes": "false"})
    assert not text.cloud_files_options().infer_column_types
    declared = landing(schema="id int").cloud_files_options()
    assert (declared.schema_declared, declared.infer_column_types) == (True, False)


def test_declarations_can_not_be_changed_afterwards() -> None:
    options = {"sep": "|"}
    source = landing(format="csv", options=options)
    options["sep"] = ";"
    assert dict(source.options) == {"sep": "|"}
    table = bronze(tags={"team": "shop"})
    with pytest.raises(TypeError):
        table.tags["team"] = "other"  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        table.name = "other"  # type: ignore[misc]


def test_a_table_with_rows_of_people_is_tagged_and_says_so_of_those_that_stream_it() -> None:
    people = bronze(tags={"team": "shop"}, data_subject={"who": ("buyer", "payer"), "mail": "m"})
    assert dict(people.tags) == {"team": "shop", "pii": "true"}
    assert people.identifying("who") == ("buyer", "payer")
    assert (people.identifying("mail"), people.identifying("id")) == (("m",), ())
    nobody = silver(source=people, data_subject={})
    assert "pii" not in nobody.tags
    # Gold is computed anew from what is left, and need not say.
    revenue = gold("revenue", sources={"o": nobody}, group_by={"d": "d"})
    assert Lakehouse.from_tables([revenue]).tables == (people, nobody, revenue)


def test_names_layers_and_what_a_table_reads() -> None:
    orders = merged(
        "orders", lookups=(Lookup(table=CUSTOMERS, key="id", on="customer", columns={"n": "n"}),)
    )
    assert (orders.layer, orders.full_name) == (Layer.SILVER, "silver.orders")
    assert orders.upstream == (orders.source, CUSTOMERS)
    assert orders.lookups[0].on_column == "customer"
    assert Lookup(table=CUSTOMERS, key="id", columns={}).on_column == "id"
    assert bronze().upstream == ()
    revenue = gold("revenue", sources={"o": orders, "c": CUSTOMERS}, group_by={"d": "d"})
    assert (revenue.layer, revenue.upstream) == (Layer.GOLD, (orders, CUSTOMERS))


@pytest.mark.parametrize(
    ("table", "merges"),
    [
        (silver(), False),
        (merged("m"), True),
        (silver(output_mode=OutputMode.COMPLETE), True),
        (silver(output_mode=OutputMode.UPDATE, keys=("id",)), True),
    ],
)
def test_a_table_merges_when_its_rows_change(table: SilverTable, merges: bool) -> None:
    assert table.merges is merges


@pytest.mark.parametrize(
    ("rule", "quarantines"),
    [
        (expect("a", "b"), False), (expect_or_drop("a", "b"), False),
        (expect_or_fail("a", "b"), False), (expect_or_quarantine("a", "b"), True),
    ],
)  # fmt: skip
def test_only_a_quarantining_rule_makes_a_quarantine(rule: Expectation, quarantines: bool) -> None:
    table = silver(expectations=(rule,))
    assert table.has_quarantine is quarantines
    assert table.quarantine_name == "orders_quarantine"


def test_every_stream_is_read_and_watermarks_make_a_table_of_late_rows() -> None:
    visits = silver(
        "visits",
        source=bronze("clicks"),
        joins={"ordered": bronze(), "sent": silver("shipments")},
        transform=lambda clicks, ordered, sent: clicks.join(ordered).join(sent),
        watermarks={"ordered": Watermark("at", "1 day 2 hours")},
        expectations=(expect_or_quarantine("a", "b"),),
    )
    read = ["bronze.clicks", "bronze.orders", "silver.shipments"]
    assert [table.full_name for table in visits.upstream] == read
    assert list(visits.streams) == ["clicks", "ordered", "sent"]
    assert visits.side_tables == ("visits_quarantine", "visits_late")
    assert silver().side_tables == ()


def test_group_expressions_are_those_of_the_source() -> None:
    table = gold(
        "g",
        sources={"o": silver(), "c": silver("clicks")},
        group_by={"day": "date(at)", "item": {"o": "product", "c": "page"}},
    )
    assert table.group_expressions("o") == {"day": "date(at)", "item": "product"}
    assert table.group_expressions("c") == {"day": "date(at)", "item": "page"}


def shop() -> tuple[Lakehouse, dict[str, Table]]:
    customers = merged("customers")
    orders = merged("orders", lookups=(Lookup(table=customers, key="id", columns={"n": "name"}),))
    clicks = silver("clicks")
    revenue = gold("revenue", sources={"o": orders}, group_by={"d": "d"})
    conversion = gold("conversion", sources={"o": orders, "c": clicks}, group_by={"d": "d"})
    lakehouse = Lakehouse.from_tables([conversion, revenue, clicks, orders])
    return lakehouse, {table.full_name: table for table in lakehouse.tables}


def test_tables_stand_after_everything_they_read() -> None:
    lakehouse, tables = shop()
    # What was not declared by itself is there because something declared reads it.
    assert set(tables) == {
        "bronze.customers", "bronze.orders", "bronze.clicks", "silver.customers",
        "silver.orders", "silver.clicks", "gold.revenue", "gold.conversion",
    }  # fmt: skip
    position = {table.full_name: place for place, table in enumerate(lakehouse.tables)}
    assert len(position) == len(lakehouse.tables)
    for table in lakehouse.tables:
        for upstream in table.upstream:
            assert position[upstream.full_name] < position[table.full_name]


@pytest.mark.parametrize(
    ("start", "reached"),
    [
        (
            "bronze.customers",
            {"bronze.customers", "silver.customers", "silver.orders", "gold.revenue",
             "gold.conversion"},
        ),
        ("bronze.clicks", {"bronze.clicks", "silver.clicks", "gold.conversion"}),
        ("gold.revenue", {"gold.revenue"}),
    ],
)  # fmt: skip
def test_downstream_is_all_that_reads_it_in_order(start: str, reached: set[str]) -> None:
    lakehouse, tables = shop()
    found = lakehouse.downstream(tables[start])
    assert {table.full_name for table in found} == reached
    assert list(found) == [table for table in lakehouse.tables if table in found]


def test_a_table_is_found_by_its_full_name() -> None:
    lakehouse, tables = shop()
    assert lakehouse.table("silver.orders") is tables["silver.orders"]
    with pytest.raises(DeclarationError, match=r"no table 'orders'.*silver\.orders"):
        lakehouse.table("orders")


def test_modules_give_their_tables_once() -> None:
    first, second = ModuleType("first"), ModuleType("second")
    orders = silver()
    vars(first).update(orders=orders, alias=orders, landing=landing("other"), number=1)
    vars(second).update(
        orders=orders, revenue=gold("revenue", sources={"o": orders}, group_by={"d": "d"})
    )
    lakehouse = Lakehouse.from_modules(first, second)
    assert [table.full_name for table in lakehouse.tables] == [
        "bronze.orders", "silver.orders", "gold.revenue",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ([silver("a"), silver("a")], "Declared twice: bronze.a, silver.a"),
        (
            [silver("a", expectations=(expect_or_quarantine("r", "x"),)), silver("a_quarantine")],
            "Declared twice: silver.a_quarantine",
        ),
        (
            [silver("a", watermarks={"a": Watermark("at", "1 hour")}), silver("a_late")],
            "Declared twice: silver.a_late",
        ),
        (
            [bronze("a", source=landing("shared")), bronze("b", source=landing("shared"))],
            "Sources with two bronze tables: shared",
        ),
    ],
)
def test_what_would_share_a_place_is_refused(tables: list[Table], says: str) -> None:
    with pytest.raises(DeclarationError, match=says):
        Lakehouse.from_tables(tables)
