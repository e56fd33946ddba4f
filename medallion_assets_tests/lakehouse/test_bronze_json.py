from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets_tests.lakehouse.autoloader.decoding import reading
from medallion_assets_tests.lakehouse.autoloader.formats import AVRO, JSON, PARQUET, WrittenFormat
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake


def lines(*records: Any) -> str:
    """Records as lines; text stands as it is."""
    return "".join(
        (record if isinstance(record, str) else json.dumps(record)) + "\n" for record in records
    )


def test_every_kind_of_value_and_of_line(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "json")
    long = "x" * 3_000_000
    land(
        bronze.landing / "values.json",
        lines(
            {"id": 1, "text": "5", "mixed": 1, "none": None, "big": 12345678901234567890},
            {"id": 2, "text": '\u00fc\u2603\U0001f600\t"', "mixed": "a", "none": None},
            {"id": 3, "text": long, "mixed": {"deep": [1, {"er": None}]}},
            '{"id": 4, "text": "NaN", "real": NaN}',
            '{"id": 5, "real": 1e-7, "flag": true, "l": [1, 2], "o": {"x": {"y": "z"}}}',
            "",
            "   \t ",
            # A key that is repeated: the last value counts, as in any JSON parser.
            '{"id": 99, "text": "first", "id": 6, "text": "last"}',
            '[{"id": 7, "text": "a"}, {"id": 8, "text": "b"}]',
            "[]",
            '{"id": 9}\r',
            "{}",
        ),
    )
    # A byte order mark, Windows line ends, no line end at the end.
    land(bronze.landing / "windows.json", b'\xef\xbb\xbf{"id": 10}\r\n{"id": 11, "text": "w"}')
    malformed = ["not json", '{"id": 12', '["text"', "5", '"text"', "null", "[1, 2]", "{'id"]
    land(bronze.landing / "malformed.json", lines(*malformed))
    done = bronze.run()

    rows = [row for row in bronze.rows() if row["_corrupt_record"] is None]
    empty = [row for row in rows if row["id"] is None]
    assert len(empty) == 1
    found = {row["id"]: row for row in rows if row["id"] is not None}
    assert set(found) == set(range(1, 12))
    assert {number: found[number]["text"] for number in (1, 2, 3, 4, 6, 7, 8, 11)} == {
        1: "5", 2: "\u00fc\u2603\U0001f600\t\"", 3: long, 4: "NaN", 6: "last", 7: "a", 8: "b",
        11: "w",
    }  # fmt: skip
    assert int(found[1]["big"]) == 12345678901234567890
    assert (found[1]["mixed"], found[2]["mixed"]) == ("1", "a")
    assert json.loads(found[3]["mixed"]) == {"deep": [1, {"er": None}]}
    assert found[4]["real"] != found[4]["real"]
    assert (found[5]["real"], found[5]["flag"], found[5]["l"]) == (1e-7, True, [1, 2])
    assert found[5]["o"] == {"x": {"y": "z"}}
    assert bronze.types()["none"] == "string"
    assert bronze.corrupt() == sorted(malformed)
    assert (done.rows.read, done.rows.corrupt) == (len(rows) + len(malformed), len(malformed))
    assert done.rows.conserved


def test_values_that_do_not_fit_are_rescued_whole(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "json", schemaHints="at timestamp, d date")
    first: dict[str, Any] = {
        "id": 1,
        "n": 1,
        "b": True,
        "l": [1],
        "o": {"x": 1, "y": 2},
        "t": "text",
    }
    land(bronze.landing / "a.json", lines(first))
    bronze.run()
    types = bronze.types()
    misfits: dict[int, dict[str, Any]] = {
        2: {"n": 1.5}, 3: {"n": "x", "b": "yes"}, 4: {"n": 2**63}, 5: {"l": [1, "q"]},
        6: {"l": "none"}, 7: {"o": {"x": "bad", "y": 5}}, 8: {"o": [1]}, 9: {"at": "never"},
        10: {"d": "2026-13-45"}, 11: {"o": {"x": 1, "y": "b"}, "n": [0]},
    }  # fmt: skip
    fits: dict[int, dict[str, Any]] = {
        12: {"t": 5},
        13: {"t": {"k": [1]}},
        14: {"n": None, "o": None, "l": None},
    }
    # A misfit in one place does not touch the others.
    records = [{"id": key, "t": f"t{key}", **misfit} for key, misfit in misfits.items()]
    land(bronze.landing / "b.json", lines(*records, *({"id": k, **v} for k, v in fits.items())))
    done = bronze.run()
    assert bronze.rescued() == misfits
    rows = bronze.data()
    assert [rows[key]["t"] for key in misfits] == [f"t{key}" for key in misfits]
    assert (rows[7]["o"], rows[11]["o"]) == ({"x": None, "y": 5}, {"x": 1, "y": None})
    assert (rows[12]["t"], json.loads(rows[13]["t"])) == ("5", {"k": [1]})
    assert (done.rows.rescued, done.rows.corrupt) == (len(misfits), 0)
    assert bronze.types() == types


@pytest.mark.parametrize("written", [JSON, PARQUET, AVRO], ids=str)
def test_fields_within_fields_evolve_like_columns(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.of(written, lake, spark)
    first = {"id": 1, "o": {"x": 1, "in": {"a": "a"}}, "l": [{"y": 1}, {"y": 2}]}
    written.write(bronze.landing / "a", [first])
    bronze.run()
    second = {
        "id": 2,
        "o": {"new": "n", "x": 2, "in": {"a": "b", "b": 1.5}},
        "l": [{"z": "z", "y": 3}],
    }
    written.write(bronze.landing / "b", [second])
    done = bronze.run()
    assert set(files_of(done).columns_added) == {"o.new", "o.in.b", "l.element.z"}
    assert bronze.data() == {
        1: {
            "id": 1, "o": {"x": 1, "in": {"a": "a", "b": None}, "new": None},
            "l": [{"y": 1, "z": None}, {"y": 2, "z": None}],
        },
        2: {
            "id": 2, "o": {"x": 2, "in": {"a": "b", "b": 1.5}, "new": "n"},
            "l": [{"y": 3, "z": "z"}],
        },
    }  # fmt: skip
    assert bronze.rescued() == {}


@pytest.mark.parametrize("written", [JSON, PARQUET, AVRO], ids=str)
def test_unknown_fields_within_fields_are_rescued_under_rescue(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.of(written, lake, spark, schemaEvolutionMode="rescue")
    written.write(bronze.landing / "a", [{"id": 1, "o": {"x": 1}, "l": [{"y": 1}]}])
    bronze.run()
    values = {"o": {"x": 2, "new": "n"}, "l": [{"y": 2, "deep": 5}]}
    written.write(bronze.landing / "b", [{"id": 2, **values}])
    written.write(bronze.landing / "c", [{"id": 3, "o": {"x": 3}, "l": []}])
    bronze.run()
    assert bronze.rescued() == {2: values}
    assert bronze.data() == {
        1: {"id": 1, "o": {"x": 1}, "l": [{"y": 1}]},
        2: {"id": 2, "o": {"x": 2}, "l": [{"y": 2}]},
        3: {"id": 3, "o": {"x": 3}, "l": []},
    }


def test_names_that_no_table_can_hold_are_rescued(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "json")
    odd: dict[str, Any] = {
        "order id": 1,
        "a,b": 2,
        "x=y": 3,
        "tab\t": 4,
        "_file_path": "p",
        "_batch": 7,
    }
    kept: dict[str, Any] = {"a.b": 1, "c`d": 2, 'it\'s"x"': 3, "\u00fc": 4, "$['x']": 5, "_id": 6}
    land(bronze.landing / "a.json", lines({"id": 1, "name": "n", **odd, **kept}))
    bronze.run()
    assert bronze.data() == {1: {"id": 1, "name": "n", **kept}}
    expected: dict[str, Any] = dict(odd)
    # Its own entry is the file's path.
    expected["_file_path (field)"] = expected.pop("_file_path")
    assert bronze.rescued() == {1: expected}
    # Misfits are found under such names too, and case variants within one file and across files.
    misfits = {name: ["no number"] for name in kept}
    land(bronze.landing / "b.json", lines({"id": 2, **misfits}, {"id": 3, "Name": "N", "NAME": 1}))
    bronze.run()
    assert bronze.rescued() == {1: expected, 2: misfits, 3: {"Name": "N", "NAME": 1}}


@pytest.mark.parametrize(
    ("content", "rows", "corrupt"),
    [("", 0, []), ("garbage\n{\n\n", 2, ["garbage", "{"]), ("{}\n", 1, []), (" \n", 0, [])],
    ids=["empty", "garbage", "empty objects", "blank"],
)
def test_files_without_any_field_do_not_stop_the_stream(
    spark: SparkSession, lake: Lake, content: str, rows: int, corrupt: list[str]
) -> None:
    bronze = LandedBronze.over(lake, spark, "json")
    land(bronze.landing / "a.json", content)
    done = bronze.run()
    assert (done.batches, done.rows.written, files_of(done).taken_count) == (1, rows, 1)
    land(bronze.landing / "b.json", lines({"id": 1}))
    bronze.run()
    assert [row["id"] for row in bronze.rows() if row["id"] is not None] == [1]
    assert len(bronze.rows()) == rows + 1
    assert bronze.corrupt() == corrupt


@pytest.mark.parametrize("content", [b'{"id": "\xff"}\n{"id": "ok"}\n', b'{"id": "\xff"}\n'])
def test_bytes_that_are_no_text_are_kept_as_they_are(
    spark: SparkSession, tmp_path: Path, content: bytes
) -> None:
    land(tmp_path / "a.json", content)
    found = reading(spark, tmp_path, "json", {})
    # Other readers of the table stumble over text that is not valid UTF-8.
    assert found.corrupt == ['{"id": "\ufffd"}']
    (kept,) = found.rescued
    assert base64.b64decode(kept["_corrupt_record"]) == b'{"id": "\xff"}'
    assert len(found.rows) == len(content.splitlines())
