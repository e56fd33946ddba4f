"""One behaviour over all four formats, compressed text included."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets.lakehouse.errors import SchemaChangedError
from medallion_assets.lakehouse.materialization import IT_IS_GONE
from medallion_assets_tests.lakehouse.autoloader.formats import (
    CSV,
    FORMATS,
    JSON,
    WITH_COMPRESSED,
    WrittenFormat,
)
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import (
    LandedBronze,
    files_of,
    local_path,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake

FIRST: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "plain": [
        {"id": 1, "name": "ann", "amount": 1.5, "day": "2026-01-01"},
        {"id": 2, "name": None, "amount": -0.25, "day": "2026-01-02"},
    ],
    "sub/folder/b [1] {2} *? %20 +#,;=&@!": [
        {"id": 3, "name": "J\u00fcrgen \u2603 \U0001f600", "amount": 1e10, "day": "2026-01-03"},
    ],
    "2026-01-01T10:00:00": [
        {"id": 9, "name": "colons", "amount": 0.5, "day": "2026-01-04"},
    ],
    "\u00fc\u6f22\u5b57'\"`\\\n": [{"id": 4, "name": "o", "amount": 0.0, "day": "2026-01-04"}],
}
EMPTY = {"json": b"", "csv": b"", "json.gz": gzip.compress(b""), "csv.gz": gzip.compress(b"")}


def all_rows(files: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[int, dict[str, Any]]:
    return {row["id"]: dict(row) for rows in files.values() for row in rows}


def spoiled(written: WrittenFormat) -> bytes:
    """A file that can't be read to its end, though it begins well where the format allows it."""
    # Rows that don't compress well, so that the cut is in the middle of them.
    rows = [
        {"id": 1000 + n, "name": str(hash((n, "x"))), "amount": n / 7, "day": "2026-02-01"}
        for n in range(3000)
    ]
    whole = written.encode(rows)
    if str(written) in ("json", "csv"):
        # Text has no end to miss; what is no gzip at all has none to read.
        return b"this is not gzip"
    return whole[: len(whole) // 2]


@pytest.mark.parametrize("written", WITH_COMPRESSED, ids=str)
def test_the_life_of_a_table(spark: SparkSession, lake: Lake, written: WrittenFormat) -> None:
    bronze = LandedBronze.over(lake, spark, written.name)
    first = {name: written.write(bronze.landing / name, rows) for name, rows in FIRST.items()}
    expected = all_rows(FIRST)

    done = bronze.run()
    assert bronze.data() == _as_stored(bronze, expected)
    assert (done.batches, done.rows.read, done.rows.written, done.rows.conserved) == (1, 5, 5, True)
    assert (done.rows.rescued, done.rows.corrupt) == (0, 0)
    assert set(files_of(done).taken) == {str(path) for path in first.values()}
    assert files_of(done).taken_count == len(first)
    assert files_of(done).bytes_taken == sum(path.stat().st_size for path in first.values())
    assert (files_of(done).failed, files_of(done).backlog_files) == ((), 0)
    for row in bronze.rows():
        name = next(name for name, rows in FIRST.items() if row["id"] in [r["id"] for r in rows])
        assert local_path(row["_file_path"]) == str(first[name])
        modified = row["_file_modification_time"].timestamp()
        assert modified == pytest.approx(first[name].stat().st_mtime, abs=0.002)
        assert row["_batch"] == 0
        assert row["_ingested_at"] >= row["_file_modification_time"]

    version = lake.log(bronze.table).version()
    again = bronze.run(after_discovery=lambda: pytest.fail("a session for nothing new"))
    assert (again.batches, again.rows.read, files_of(again).taken) == (0, 0, ())
    assert lake.log(bronze.table).version() == version

    _second_run(bronze, written, expected)


def _second_run(
    bronze: LandedBronze, written: WrittenFormat, expected: dict[int, dict[str, Any]]
) -> None:
    land = bronze.landing
    later: dict[str, list[dict[str, Any]]] = {
        # Another order, one column missing, one new.
        "new column": [{"extra": 7, "day": "2026-01-05", "id": 5, "amount": 2.5}],
        # A value of another type; in the binary formats the whole file's column has it.
        "wrong type": [
            {"id": 6, "name": "w", "amount": "lots", "day": "2026-01-06"},
            {"id": 7, "name": "fits", "amount": "3.5", "day": "2026-01-07"},
        ],
        # Names that differ by case only are other fields, which no Delta table can hold beside.
        "case": [{"id": 8, "NAME": "upper", "amount": 1.0, "day": "2026-01-08"}],
    }
    paths = {name: written.write(land / name, rows) for name, rows in later.items()}
    gone = written.write(land / "gone", [{"id": 99, "name": "gone"}])
    broken_suffix = (
        written.suffix if str(written) not in ("json", "csv") else f"{written.suffix}.gz"
    )
    broken = land / f"broken [1]{broken_suffix}"
    broken.write_bytes(spoiled(written))
    empty = land / f"empty{written.suffix}"
    if str(written) in EMPTY:
        empty.write_bytes(EMPTY[str(written)])

    done = bronze.run(after_discovery=gone.unlink)
    text = written.name in ("json", "csv")
    rescued: dict[int, dict[str, Any]] = {6: {"amount": "lots"}, 8: {"NAME": "upper"}}
    if written.name == "json":
        # A JSON string is no number, whatever it looks like.
        rescued[7] = {"amount": "3.5"}
    for rows in later.values():
        for row in rows:
            expected[row["id"]] = {name: row.get(name) for name in ("id", "name", "amount", "day")}
            expected[row["id"]]["extra"] = row.get("extra")
    for number in (1, 2, 3, 4, 9):
        expected[number]["extra"] = None
    expected[6]["amount"] = None
    expected[7]["amount"] = None if 7 in rescued else 3.5
    assert bronze.data() == _as_stored(bronze, expected)
    assert bronze.rescued() == rescued
    assert files_of(done).columns_added == ("extra",)
    taken = {str(path) for path in paths.values()} | ({str(empty)} if text else set())
    assert set(files_of(done).taken) == taken
    failed = {file.path: file.reason for file in files_of(done).failed}
    assert set(failed) == {str(gone), str(broken)}
    assert failed[str(gone)] == IT_IS_GONE
    assert len(failed[str(broken)]) > 5
    assert (done.rows.read, done.rows.written, done.rows.rescued) == (4, 4, len(rescued))

    nothing = bronze.run(after_discovery=lambda: pytest.fail("a session for nothing new"))
    assert nothing.batches == 0
    _mended(bronze, written, broken, expected)


def _mended(
    bronze: LandedBronze, written: WrittenFormat, broken: Path, expected: dict[int, dict[str, Any]]
) -> None:
    """A broken file that is replaced is taken, and only it; a taken one that changes is not."""
    row = {"id": 50, "name": "mended", "amount": 5.0, "day": "2026-01-09", "extra": 1}
    content = written.encode([row])
    text = str(written) in ("json", "csv")
    broken.write_bytes(gzip.compress(content) if text else content)
    written.write(bronze.landing / "plain", [{"id": 77, "name": "changed"}])
    done = bronze.run()
    assert files_of(done).taken == (str(broken),)
    assert done.rows.written == 1
    assert bronze.data() == _as_stored(bronze, {**expected, 50: row})


def _as_stored(
    bronze: LandedBronze, rows: Mapping[int, Mapping[str, Any]]
) -> dict[int, dict[str, Any]]:
    """CSV tells dates from text; the others have no dates here."""
    if bronze.types()["day"] != "date":
        assert bronze.table.source.format != "csv"
        return {key: dict(row) for key, row in rows.items()}
    import datetime

    return {
        key: {**row, "day": datetime.date.fromisoformat(row["day"])} for key, row in rows.items()
    }


KNOWN = [{"id": 1, "a": "x"}]
UNKNOWN = [{"id": 2, "a": "y", "new": "n"}, {"id": 3, "a": "z", "new": None}]


@pytest.mark.parametrize("written", FORMATS, ids=str)
def test_rescue_keeps_unknown_fields_beside_the_columns(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.over(lake, spark, written.name, schemaEvolutionMode="rescue")
    written.write(bronze.landing / "known", KNOWN)
    bronze.run()
    written.write(bronze.landing / "unknown", UNKNOWN)
    done = bronze.run()
    assert bronze.data() == {1: {"id": 1, "a": "x"}, 2: {"id": 2, "a": "y"}, 3: {"id": 3, "a": "z"}}
    assert bronze.rescued() == {2: {"new": "n"}}
    assert (done.rows.rescued, files_of(done).columns_added) == (1, ())


@pytest.mark.parametrize("written", FORMATS, ids=str)
def test_fail_on_new_columns_writes_nothing_until_the_file_is_mended(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.over(
        lake, spark, written.name, schema="id bigint, a string",
        schemaEvolutionMode="failOnNewColumns", reader_header="true",
    )  # fmt: skip
    path = written.write(bronze.landing / "unknown", UNKNOWN)
    for _ in range(2):
        with pytest.raises(SchemaChangedError) as refused:
            bronze.run()
        assert "new" in str(refused.value)
        assert str(path) in str(refused.value)
        assert not lake.log(bronze.table).exists()
    written.write(bronze.landing / "unknown", KNOWN)
    assert files_of(bronze.run()).taken == (str(path),)
    assert bronze.data() == {1: {"id": 1, "a": "x"}}


@pytest.mark.parametrize("written", FORMATS, ids=str)
def test_a_declared_schema_wins_over_what_the_files_say(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    """None is the default mode with a schema: what it lacks is rescued, never added."""
    bronze = LandedBronze.over(
        lake, spark, written.name, reader_header="true",
        schema="absent double, amount decimal(8,2), id int, at timestamp",
    )  # fmt: skip
    rows = [
        {"id": 1, "amount": 1.25, "at": "2026-01-01T10:00:00Z", "more": "m"},
        {"id": 2, "amount": 1e9, "at": "not a time", "more": None},
    ]
    written.write(bronze.landing / "file", rows)
    bronze.run()
    assert list(bronze.types().items()) == [
        ("absent", "double"), ("amount", "decimal(8,2)"), ("id", "int"), ("at", "timestamp"),
    ]  # fmt: skip
    stored = bronze.data()
    assert [str(stored[1]["amount"]), stored[2]["amount"]] == ["1.25", None]
    assert [stored[1]["absent"], stored[2]["at"]] == [None, None]
    rescued = bronze.rescued()
    assert float(rescued[2]["amount"]) == 1e9
    assert rescued[2]["at"] == "not a time"
    assert rescued[1]["more"] == "m"
    if written.name in ("json", "csv"):
        assert stored[1]["at"].isoformat() == "2026-01-01T10:00:00+00:00"


@pytest.mark.parametrize("written", [JSON, CSV], ids=str)
def test_without_type_inference_every_leaf_is_text(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.over(
        lake, spark, written.name, inferColumnTypes="false", schemaHints="n int"
    )
    written.write(bronze.landing / "day=2026-01-01" / "f", [{"id": 1, "n": 5, "x": 1.5, "b": True}])
    bronze.run()
    assert bronze.types() == {
        "id": "string", "n": "int", "x": "string", "b": "string", "day": "string",
    } or bronze.types() == {
        # JSON's inference orders the fields by name.
        "b": "string", "id": "string", "n": "int", "x": "string", "day": "string",
    }  # fmt: skip
    (row,) = bronze.data().values()
    assert (row["id"], row["n"], row["x"], row["day"]) == ("1", 5, "1.5", "2026-01-01")
    assert row["b"].lower() == "true"


@pytest.mark.parametrize("written", FORMATS, ids=str)
def test_directories_give_columns(
    spark: SparkSession, tmp_path: Path, written: WrittenFormat
) -> None:
    from medallion_assets.lakehouse.lake import Lake

    # A key=value directory above the landing directory is none of its columns.
    lake = Lake(tmp_path / "lake", tmp_path / "day=1999-09-09" / "landing")
    bronze = LandedBronze.over(lake, spark, written.name)
    places = {
        1: ("day=2026-01-01/city=New%20York", "2026-01-01", "New York"),
        2: ("day=2026-01-02/city=a%2Fb%3D%25", "2026-01-02", "a/b=%"),
        3: ("day=2026-01-03/city=1+1 \u00fc", "2026-01-03", "1+1 \u00fc"),
        4: ("day=2026-01-04/city=100%", "2026-01-04", "100%"),
        5: ("day=__HIVE_DEFAULT_PARTITION__/other", None, None),
        6: (".", None, None),
    }
    for number, (place, _, _) in places.items():
        written.write(bronze.landing / place / f"f{number}", [{"id": number}])
    bronze.run()
    assert bronze.types() == {
        "id": bronze.types()["id"], "day": "date", "city": "string",
    }  # fmt: skip
    found = {
        number: (row["day"] and row["day"].isoformat(), row["city"])
        for number, row in bronze.data().items()
    }
    assert found == {number: (day, city) for number, (_, day, city) in places.items()}
