from __future__ import annotations

import bz2
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake


def test_columns_go_by_name_whatever_the_header(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "csv")
    land(bronze.landing / "a", 'id,name,n\n1,"quoted, with a comma",5\n2,"two words",\n')
    land(bronze.landing / "b", "n,name,id\n6,other order,3\n")
    land(bronze.landing / "c", "id\n4\n")
    land(bronze.landing / "bom", b"\xef\xbb\xbfid, name \r\n5, spaces \r\n")
    land(bronze.landing / "header only", "id,name\n")
    land(bronze.landing / "nothing", "")
    land(bronze.landing / "blank lines", "\n\n\nid,name\n\n6,after blanks\n")
    land(bronze.landing / "packed.bz2", bz2.compress(b"name,id\nbz2,7\n"))
    done = bronze.run()
    assert {key: (row["name"], row["n"]) for key, row in bronze.data().items()} == {
        1: ("quoted, with a comma", 5), 2: ("two words", None), 3: ("other order", 6),
        4: (None, None), 5: (" spaces ", None), 6: ("after blanks", None), 7: ("bz2", None),
    }  # fmt: skip
    assert (files_of(done).taken_count, files_of(done).failed) == (8, ())
    assert (done.rows.rescued, done.rows.corrupt) == (0, 0)


def test_malformed_lines_are_kept_as_they_stood(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "csv", schemaHints="id int, n int, note string")
    malformed = ["2", "3,4,x,too,many", '"never closed,5']
    land(bronze.landing / "a", "id,n,note\n1,10,fine\n" + "\n".join(malformed) + "\nsix,7,text\n")
    done = bronze.run()
    assert bronze.corrupt() == sorted(malformed)
    rows = [row for row in bronze.rows() if row["_corrupt_record"] is None]
    assert sorted((row["note"], row["id"], row["n"]) for row in rows) == [
        ("fine", 1, 10), ("text", None, 7),
    ]  # fmt: skip
    assert bronze.rescued(key="note") == {"text": {"id": "six"}}
    assert (done.rows.read, done.rows.corrupt, done.rows.rescued) == (5, 3, 1)


def test_headers_no_table_can_hold_as_they_are(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "csv")
    header = "id,Order Id,a,a,,b\n"
    for number in (1, 2):
        # The second time the names come from the stored schema.
        land(bronze.landing / str(number), f"{header}{number},7,x,y,z,w\n")
        bronze.run()
    row = {"a2": "x", "a3": "y", "_c4": "z", "b": "w"}
    assert bronze.data() == {1: {"id": 1, **row}, 2: {"id": 2, **row}}
    assert {key: dict(values) for key, values in bronze.rescued().items()} in (
        {1: {"Order Id": 7}, 2: {"Order Id": 7}}, {1: {"Order Id": "7"}, 2: {"Order Id": "7"}},
    )  # fmt: skip
    land(bronze.landing / "case", "id,B,b\n3,upper,lower\n")
    bronze.run()
    assert bronze.data()[3]["b"] == "lower"
    assert bronze.rescued()[3] == {"B": "upper"}


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("id|n\n1|x,y\n", {"sep": "|"}, (1, "x,y")),
        ("id\tn\n1\tx\n", {"sep": "\\t"}, (1, "x")),
        ("id||n\n1||x|y\n", {"sep": "||"}, (1, "x|y")),
        ("id;n\n1;'a;\nb'\n", {"delimiter": ";", "quote": "'", "multiLine": "true"}, (1, "a;\nb")),
        ('id,n\n1,"x \\"q\\" y"\n', {"escape": "\\"}, (1, 'x "q" y')),
        ('id,n\n1,"x ""q"" y"\n', {"escape": '"'}, (1, 'x "q" y')),
        ("# made by hand\nid,n\n1,x\n# end\n", {"comment": "#"}, (1, "x")),
        ("id,n\n1,NULL\n", {"nullValue": "NULL"}, (1, None)),
        ("id,n\n1,\u00fc\n".encode("latin-1"), {"encoding": "ISO-8859-1"}, (1, "\u00fc")),
    ],
    ids=["pipe", "tab", "two characters", "quote", "escape", "doubled", "comment", "null", "latin"],
)
def test_the_readers_own_options_hold(
    spark: SparkSession, lake: Lake, content: str | bytes, options: dict[str, str],
    expected: tuple[Any, Any],
) -> None:  # fmt: skip
    given = {f"reader_{name}": value for name, value in options.items()}
    bronze = LandedBronze.over(lake, spark, "csv", schemaHints="id int, n string", **given)
    land(bronze.landing / "file.csv", content)
    bronze.run()
    assert [(row["id"], row["n"]) for row in bronze.rows()] == [expected]
    assert (bronze.rescued(), bronze.corrupt()) == ({}, [])


def test_without_a_header_the_declared_columns_go_by_position(
    spark: SparkSession, lake: Lake
) -> None:
    bronze = LandedBronze.over(lake, spark, "csv", schema="id int, name string, n double")
    land(bronze.landing / "a", "1,ann,0.5\n2,bob,\nx,cid,high\n")
    land(bronze.landing / "empty", "")
    bronze.run()
    rows = {row["name"]: (row["id"], row["n"]) for row in bronze.rows()}
    assert rows == {"ann": (1, 0.5), "bob": (2, None), "cid": (None, None)}
    assert bronze.rescued(key="name") == {"cid": {"id": "x", "n": "high"}}


def test_without_a_header_files_with_more_columns_add_them(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "csv", reader_header="false")
    land(bronze.landing / "day=2026-01-01" / "a", "1,ann\n2,bob\n")
    bronze.run()
    land(bronze.landing / "day=2026-01-02" / "b", "3,cid,0.5\n")
    land(bronze.landing / "c", "4\n")
    land(bronze.landing / "d", ",\n")
    done = bronze.run()
    assert files_of(done).columns_added == ("_c2",)
    rows = {row["_c0"]: (row["_c1"], row["_c2"]) for row in bronze.rows()}
    assert rows == {1: ("ann", None), 2: ("bob", None), 3: ("cid", 0.5), 4: (None, None),
                    None: (None, None)}  # fmt: skip
    assert (done.rows.read, done.rows.rescued, done.rows.corrupt) == (3, 0, 0)


def test_partition_columns_do_not_shift_the_columns_of_a_file(
    spark: SparkSession, lake: Lake
) -> None:
    bronze = LandedBronze.over(lake, spark, "csv", schema="id int, name string, day date")
    land(bronze.landing / "day=2026-01-01" / "a", "1,ann\n")
    done = bronze.run()
    (row,) = bronze.data().values()
    assert (row["id"], row["name"], row["day"].isoformat()) == (1, "ann", "2026-01-01")
    assert (done.rows.rescued, done.rows.corrupt) == (0, 0)
