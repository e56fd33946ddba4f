"""JSON with `multiLine`: an object a file, or an array of them."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets_tests.lakehouse.autoloader.decoding import reading
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake


def over(lake: Lake, spark: SparkSession, **options: str) -> LandedBronze:
    return LandedBronze.over(lake, spark, "json", reader_multiLine="true", **options)


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def test_an_object_or_an_array_a_file(spark: SparkSession, lake: Lake) -> None:
    bronze = over(lake, spark)
    landing = bronze.landing
    land(
        landing / "array.json",
        pretty([{"id": 1, "t": "\u00fc \u2603"}, {"id": 2, "o": {"x": [1]}}]),
    )
    land(landing / "object [1] {*}.json", pretty({"id": 3, "t": "o", "real": 1e-7}))
    land(landing / "2026-01-01T10:00:00.json", pretty([{"id": 4}]))
    land(landing / "marked.json", b"\xef\xbb\xbf" + pretty({"id": 5}).encode())
    land(landing / "wide.json", pretty([{"id": 6, "t": "\u00fc"}]).encode("utf-16"))
    land(landing / "packed.json.gz", gzip.compress(pretty([{"id": 7}]).encode()))
    land(landing / "one line.json", '[{"id": 8}, {"id": 9}]\n')
    # A key that is repeated: the last value counts, as in any JSON parser.
    land(landing / "twice.json", '[{"id": 99, "id": 10, "t": "last"}]')
    for name, content in (("empty", ""), ("blank", " \n\n"), ("none", "[]")):
        land(landing / f"{name}.json", content)
    done = bronze.run()
    rows = bronze.data()
    assert set(rows) == set(range(1, 11))
    assert [rows[key]["t"] for key in (1, 3, 6, 10)] == ["\u00fc \u2603", "o", "\u00fc", "last"]
    assert (rows[2]["o"], rows[3]["real"]) == ({"x": [1]}, 1e-7)
    assert (done.rows.rescued, done.rows.corrupt) == (0, 0)
    assert (files_of(done).taken_count, files_of(done).failed) == (11, ())


def test_one_misfit_leaves_the_other_elements_as_they_are(spark: SparkSession, lake: Lake) -> None:
    bronze = over(lake, spark)
    land(bronze.landing / "a.json", pretty([{"id": 1, "n": 1, "l": [1], "o": {"x": 1}, "t": "t"}]))
    bronze.run()
    misfits: dict[int, dict[str, Any]] = {
        2: {"n": "x"}, 3: {"n": 1.5, "l": [1, "q"]}, 4: {"o": {"x": "bad", "y": 5}},
        5: {"l": "none"},
    }  # fmt: skip
    fits: list[dict[str, Any]] = [{"id": 6, "n": 6, "t": "six"}, {"id": 7, "t": {"k": [1]}}]
    elements = [{"id": key, "t": f"t{key}", **misfit} for key, misfit in misfits.items()]
    land(bronze.landing / "b.json", pretty([fits[0], *elements, fits[1]]))
    land(bronze.landing / "c.json", pretty({"id": 8, "n": "lots", "t": "eight"}))
    done = bronze.run()
    rows = bronze.data()
    assert bronze.rescued() == {**misfits, 8: {"n": "lots"}}
    assert bronze.corrupt() == []
    assert [rows[key]["t"] for key in misfits] == [f"t{key}" for key in misfits]
    assert (rows[6]["n"], rows[6]["t"], json.loads(rows[7]["t"])) == (6, "six", {"k": [1]})
    assert (rows[4]["o"]["x"], rows[8]["n"], rows[8]["t"]) == (None, None, "eight")
    assert (done.rows.read, done.rows.rescued, done.rows.corrupt) == (7, 5, 0)


def test_what_is_no_object_is_a_corrupt_record_by_itself(spark: SparkSession, lake: Lake) -> None:
    bronze = over(lake, spark)
    land(bronze.landing / "a.json", pretty([{"id": 1}, 5, "text", None, [{"id": 99}], {"id": 2}]))
    broken = {
        "cut": '[\n {"id": 3},\n {"id":',
        # Spark's reader would take the first and never look at the second.
        "two": '{"id": 4}\n{"id": 5}\n',
        "two in a row": '{"id": 6}, {"id": 7}',
        "more": '{"id": 8} and more',
        "closed twice": '[{"id": 9}]]',
        "text": "this is text",
        "number": "5",
    }
    for name, content in broken.items():
        land(bronze.landing / f"{name}.json", content)
    done = bronze.run()
    assert sorted(row["id"] for row in bronze.rows() if row["id"] is not None) == [1, 2]
    elements = ["5", '"text"', "null", '[{"id":99}]']
    assert bronze.corrupt() == sorted([*elements, *broken.values()])
    assert done.rows.read == 2 + len(elements) + len(broken)


def test_numbers_in_text_columns_keep_their_digits(spark: SparkSession, lake: Lake) -> None:
    bronze = over(lake, spark, inferColumnTypes="false")
    numbers = '[{"id": 1, "n": 100000000.12, "o": {"x": 12345678901234567890.5}, "l": [true, 1]}]'
    land(bronze.landing / "a.json", numbers)
    bronze.run()
    assert bronze.data() == {
        "1": {"id": "1", "n": "100000000.12", "o": {"x": "12345678901234567890.5"},
              "l": ["true", "1"]},
    }  # fmt: skip


def test_new_fields_are_added_and_rescued_as_for_lines(spark: SparkSession, lake: Lake) -> None:
    for mode, name in (("addNewColumns", "add"), ("rescue", "keep")):
        bronze = over(lake, spark, name=name, schemaEvolutionMode=mode)
        land(bronze.landing / "a.json", pretty([{"id": 1, "o": {"x": 1}}]))
        bronze.run()
        land(bronze.landing / "b.json", pretty([{"id": 2, "o": {"x": 2, "y": 3}, "new": [1]}]))
        done = bronze.run()
        row = bronze.data()[2]
        if mode == "rescue":
            assert bronze.rescued() == {2: {"o": {"x": 2, "y": 3}, "new": [1]}}
            assert row == {"id": 2, "o": {"x": 2}}
        else:
            assert set(files_of(done).columns_added) == {"o.y", "new"}
            assert row == {"id": 2, "o": {"x": 2, "y": 3}, "new": [1]}


def test_files_with_nothing_but_broken_documents(spark: SparkSession, lake: Lake) -> None:
    bronze = over(lake, spark)
    land(bronze.landing / "a.json", "not json\nat all")
    land(bronze.landing / "b.json", "{}")
    done = bronze.run()
    assert (done.rows.read, bronze.corrupt()) == (2, ["not json\nat all"])
    land(bronze.landing / "c.json", pretty([{"id": 1}]))
    bronze.run()
    assert [row["id"] for row in bronze.rows() if row["id"] is not None] == [1]


def test_bytes_that_are_no_text_are_kept_as_they_are(spark: SparkSession, tmp_path: Path) -> None:
    content = b'[{"id": "good"},\n{"id": "\xff"}]'
    land(tmp_path / "a.json", content)
    found = reading(spark, tmp_path, "json", {"multiLine": "true"})
    assert found.corrupt == [content.decode(errors="replace")]
    (kept,) = found.rescued
    assert base64.b64decode(kept["_corrupt_record"]) == content
    assert len(found.rows) == 1


@pytest.mark.parametrize("infer", ["true", "false"])
def test_names_within_values_can_be_any(spark: SparkSession, tmp_path: Path, infer: str) -> None:
    odd = {"order id": "1", "x-y": "2", "a`b": "3", "c:d": {"e,f": "4", "g>": ["5"]}}
    land(tmp_path / "a.json", pretty([{"id": "one", "o": odd, "l": [odd]}]))
    options = {"multiLine": "true", "cloudFiles.inferColumnTypes": infer}
    found = reading(spark, tmp_path, "json", options)
    assert (found.failed, found.corrupt) == ({}, [])
    (row,), (kept,) = found.rows, found.rescued
    assert (row["id"], row["o"]["x-y"], row["o"]["a`b"]) == ("one", "2", "3")
    # Delta refuses some of the names: the values are rescued whole.
    assert kept == {"o": odd, "l": [odd]}
