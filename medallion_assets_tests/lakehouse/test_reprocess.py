"""Files that are taken again: their rows are replaced in bronze and merged in silver."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets.lakehouse.autoloader.reprocess import Requested, Wanted
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.reprocess import appended_from, reprocess
from medallion_assets.lakehouse.tables import Lakehouse, OutputMode, SilverTable
from medallion_assets_tests.lakehouse import delta_rows
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def bronze(lake: Lake, spark: SparkSession) -> LandedBronze:
    made = LandedBronze.over(lake, spark, "json", "id BIGINT, v STRING, seq BIGINT")
    land(made.landing / "a b.json", lines({"id": 1, "v": "old", "seq": 1}, {"id": 2, "seq": 1}))
    land(made.landing / "2026" / "c.json", lines({"id": 3, "v": "kept", "seq": 1}), PAST + 60)
    made.run()
    return made


def again(bronze: LandedBronze, **wanted: Any) -> Requested:
    return reprocess(bronze.table, bronze.lake, Wanted(**wanted), owner="a test")


def identified(rows: DataFrame) -> DataFrame:
    return rows.select("id", "v", "seq")


def test_a_mended_file_takes_the_place_of_its_rows(bronze: LandedBronze) -> None:
    silver = SilverTable(
        name="merged", source=bronze.table, transform=identified, keys=("id",), sequence_by=("seq",)
    )

    def follow() -> dict[int, str | None]:
        materialize(silver, bronze.lake, lambda: bronze.spark)
        return {row["id"]: row["v"] for row in delta_rows.rows(bronze.lake.path(silver))}

    assert follow() == {1: "old", 2: None, 3: "kept"}
    mended = land(
        bronze.landing / "a b.json", lines({"id": 1, "v": "new", "seq": 2}, {"id": 4, "seq": 2})
    )
    assert bronze.run().batches == 0
    assert again(bronze, files=("a b.json",)).files == (str(mended),)
    done = bronze.run()
    assert (done.rows.written, files_of(done).taken) == (2, (str(mended),))
    values = {row["id"]: (row["v"], row["_batch"]) for row in bronze.rows()}
    assert values == {1: ("new", 1), 3: ("kept", 0), 4: (None, 1)}
    assert len(bronze.rows()) == 3
    # A key that the mended file lacks stays in silver: bronze's rows are no deletes.
    assert follow() == {1: "new", 2: None, 3: "kept", 4: None}
    assert bronze.run().batches == 0


def test_files_are_chosen_by_pattern_and_by_time(bronze: LandedBronze) -> None:
    one, other = str(bronze.landing / "a b.json"), str(bronze.landing / "2026" / "c.json")
    after = datetime.datetime.fromtimestamp(PAST + 30, datetime.timezone.utc)
    assert again(bronze, pattern="2026/*").files == (other,)
    assert bronze.run().rows.written == 1
    assert again(bronze, modified_after=after).files == (other,)
    assert again(bronze, modified_before=after).files == (one,)
    assert again(bronze, pattern="*", modified_after=after).files == ()
    assert bronze.run().rows.written == 3
    assert sorted(row["id"] for row in bronze.rows()) == [1, 2, 3]


def test_what_is_gone_or_waiting_is_said(bronze: LandedBronze) -> None:
    (bronze.landing / "a b.json").unlink()
    requested = again(bronze, pattern="*")
    assert requested.gone == (str(bronze.landing / "a b.json"),)
    assert requested.files == (str(bronze.landing / "2026" / "c.json"),)
    assert again(bronze, pattern="2026/*").waiting == requested.files
    bronze.run()
    # The rows of a file that is gone stay: there is nothing to put in their place.
    assert sorted(row["id"] for row in bronze.rows()) == [1, 2, 3]


def test_a_file_that_can_not_be_read_now_keeps_its_rows(lake: Lake, spark: SparkSession) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    bronze = LandedBronze.over(lake, spark, "parquet")
    bronze.landing.mkdir(parents=True)
    file: Path = bronze.landing / "a.parquet"
    parquet.write_table(pa.table({"id": [1, 2]}), file)
    bronze.run()
    file.write_bytes(b"PAR1 and then nothing")
    again(bronze, files=(str(file),))
    done = bronze.run()
    assert [failed.path for failed in files_of(done).failed] == [str(file)]
    assert sorted(row["id"] for row in bronze.rows()) == [1, 2]


def test_a_file_that_was_never_taken_is_named(bronze: LandedBronze) -> None:
    with pytest.raises(OptionError, match=r"nothing\.json was never taken"):
        again(bronze, files=("nothing.json",))
    with pytest.raises(OptionError, match="rebuild the table"):
        Wanted()


def test_tables_that_would_get_rows_twice_are_known(bronze: LandedBronze) -> None:
    keyed = SilverTable(
        name="merged", source=bronze.table, transform=identified, keys=("id",), sequence_by=("seq",)
    )
    plain = SilverTable(name="plain", source=bronze.table, transform=identified)
    counted = SilverTable(
        name="counted", source=bronze.table, transform=identified, keys=("id",),
        output_mode=OutputMode.UPDATE,
    )  # fmt: skip
    joined = SilverTable(
        name="joined",
        source=delta_rows.raw("others"),
        joins={"events": bronze.table},
        transform=lambda others, events: others.unionByName(events),
    )
    lakehouse = Lakehouse.from_tables([keyed, plain, counted, joined])
    assert appended_from(lakehouse, bronze.table) == (plain, counted, joined)
