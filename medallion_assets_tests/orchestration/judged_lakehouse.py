"""A lakehouse with every kind of rule and check, and a file with every kind of bad row."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.quality.expectations import (
    expect,
    expect_or_drop,
    expect_or_fail,
    expect_or_quarantine,
)
from medallion_assets.lakehouse.quality.table_checks import (
    BacklogAtMost,
    CorruptShare,
    Fresh,
    References,
    RescuedShare,
    SameTotal,
    SchemaContract,
    Unique,
    Volume,
)
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    Lakehouse,
    LandingDirectory,
    SilverTable,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CUSTOMERS = '{"customer": 1, "seq": 1}\n{"customer": 2, "seq": 1}\n'
CLEAN = (
    '{"id": 1, "customer": 1, "amount": 10, "state": "paid", "note": "a", "at": "2026-03-01"}\n'
    '{"id": 2, "customer": 2, "amount": 20, "state": "paid", "note": "b", "at": "2026-03-02"}\n'
)
BAD = (
    # Kept: good; with a long note; of nobody; a value rescued.
    '{"id": 3, "customer": 1, "amount": 30, "state": "paid", "note": "c", "at": "2026-03-03"}\n'
    '{"id": 4, "customer": 1, "amount": 40, "state": "paid", "note": "long", "at": "2026-03-03"}\n'
    '{"id": 5, "customer": 9, "amount": 50, "state": "paid", "note": "e", "at": "2026-03-03"}\n'
    '{"id": 6, "customer": "two", "amount": 60, "state": "paid", "note": "f", "at": "2026-03-03"}\n'
    # In quarantine: below 0; unknown; no JSON.
    '{"id": 7, "customer": 1, "amount": -70, "state": "paid", "note": "g", "at": "2026-03-03"}\n'
    '{"id": 8, "customer": 1, "amount": null, "state": "paid", "note": "h", "at": "2026-03-03"}\n'
    '{"id": 9, "customer": 1, "amount": \n'
    # Dropped.
    '{"id": 10, "customer": 1, "amount": 100, "state": "test", "note": "i", "at": "2026-03-03"}\n'
)
REFUSED = '{"id": null, "customer": 1, "amount": 1, "state": "paid", "note": "k", "at": null}\n'
LATER = CLEAN.replace('"id": ', '"id": 1')

bronze_customers = BronzeTable(
    name="customers",
    source=LandingDirectory(name="customers", format="json", schema="customer BIGINT, seq BIGINT"),
)
bronze_sales = BronzeTable(
    name="sales",
    source=LandingDirectory(
        name="sales",
        format="json",
        schema="id BIGINT, customer BIGINT, amount BIGINT, state STRING, note STRING, at DATE",
    ),
    checks=(CorruptShare(0.2), RescuedShare(0.05), BacklogAtMost()),
)
customers = SilverTable(
    name="customers",
    source=bronze_customers,
    transform=lambda rows: rows.select("customer", "seq"),
    keys=("customer",),
    sequence_by=("seq",),
)
sales = SilverTable(
    name="sales",
    source=bronze_sales,
    transform=lambda rows: rows.drop("_ingested_at", "_batch"),
    expectations=(
        expect_or_quarantine("parsed", "_corrupt_record is null"),
        expect_or_quarantine("amount_positive", "amount > 0", warn_above=0.1, block_above=0.2),
        expect_or_drop("not_a_test", "state <> 'test'"),
        expect("note_short", "length(note) < 2", warn_above=0.5),
        expect_or_fail("id_present", "id is not null or _corrupt_record is not null"),
    ),
    checks=(
        Unique(("id",)),
        References("customer", customers),
        Volume(after=1),
        Fresh("at", timedelta(days=36500)),
    ),
)


def _by_customer(sales: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    return sales.groupBy("customer").agg(F.sum("amount").alias("amount"))


by_customer = GoldTable(
    name="by_customer",
    sources={"sales": sales},
    group_by={"customer": "customer"},
    query=_by_customer,
    checks=(
        SameTotal("sum(amount)", sales, "sum(amount)"),
        SchemaContract({"customer": "bigint", "amount": "bigint"}, exact=True),
    ),
    fresh_within=timedelta(hours=1),
)

judged_lakehouse = Lakehouse.from_tables([by_customer, customers])
