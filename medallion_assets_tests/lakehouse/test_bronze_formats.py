"""One behaviour over all formats; what a format can't do says why."""

from __future__ import annotations

import datetime
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
    XML,
    WrittenFormat,
    formats,
)
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import (
    LandedBronze,
    files_of,
    local_path,
)
from medallion_assets_tests.lakehouse.autoloader.packing import PACKED

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
LATER: Mapping[str, Sequence[Mapping[str, Any]]] = {
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


class Life:
    """A table over files of one format, and what has to be in it."""

    def __init__(self, bronze: LandedBronze, written: WrittenFormat) -> None:
        self.bronze, self.written = bronze, written
        self.expected: dict[int, dict[str, Any]] = {}

    def land(self, files: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Path]:
        for rows in files.values():
            self.expected |= {row["id"]: dict(row) for row in rows}
        return {
            name: self.written.write(self.bronze.landing / name, rows)
            for name, rows in files.items()
        }

    def count(self, files: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
        """How many rows of the table the files are."""
        return len(files) if self.written.name == "binaryFile" else sum(map(len, files.values()))

    def found(self) -> dict[int, dict[str, Any]]:
        if self.written.unpack is None:
            return self.bronze.data()
        rows = [row for packed in self.bronze.rows() for row in self.written.unpack(packed)]
        assert len({row["id"] for row in rows}) == len(rows)
        return {row["id"]: row for row in rows}

    def stored(self, *columns: str) -> dict[int, dict[str, Any]]:
        """What the table holds, with the columns it has."""
        if self.written.unpack is not None:
            return self.expected
        rows = {
            key: {name: row.get(name) for name in columns} for key, row in self.expected.items()
        }
        if self.written.tells_dates:
            for row in rows.values():
                row["day"] = datetime.date.fromisoformat(str(row["day"]))
        return rows


def spoiled(written: WrittenFormat) -> tuple[str, bytes]:
    """The suffix and the content of a file that can't be read to its end."""
    if written.name in ("csv", "json", "text"):
        # Text has no end to miss; what is no gzip at all has none to read.
        return f"{written.suffix}.gz", b"this is not gzip"
    # Rows that don't compress well, so that the cut is in the middle of them.
    rows = [
        {"id": 1000 + n, "name": str(hash((n, "x"))), "amount": n / 7, "day": "2026-02-01"}
        for n in range(3000)
    ]
    whole = written.encode(rows)
    return written.suffix, whole[: len(whole) // 2]


@pytest.mark.parametrize("written", FORMATS, ids=str)
def test_the_life_of_a_table(spark: SparkSession, lake: Lake, written: WrittenFormat) -> None:
    bronze = LandedBronze.of(written, lake, spark)
    life = Life(bronze, written)
    first = life.land(FIRST)
    done = bronze.run()
    assert life.found() == life.stored("id", "name", "amount", "day")
    rows = life.count(FIRST)
    assert (done.batches, done.rows.read, done.rows.written) == (1, rows, rows)
    assert done.rows.conserved
    assert (done.rows.rescued, done.rows.corrupt) == (0, 0)
    assert set(files_of(done).taken) == {str(path) for path in first.values()}
    assert files_of(done).taken_count == len(first)
    assert files_of(done).bytes_taken == sum(path.stat().st_size for path in first.values())
    assert (files_of(done).failed, files_of(done).backlog_files) == ((), 0)
    _check_provenance(life, first)

    _nothing_new(bronze)
    broken = _second_run(life)
    _nothing_new(bronze)
    if broken is not None:
        _mended(life, broken)


def _check_provenance(life: Life, files: Mapping[str, Path]) -> None:
    for row in life.bronze.rows():
        ids = [row["id"]] if life.written.unpack is None else [
            inner["id"] for inner in life.written.unpack(row)
        ]  # fmt: skip
        (name,) = (name for name, rows in FIRST.items() if ids[0] in [r["id"] for r in rows])
        assert local_path(row["_file_path"]) == str(files[name])
        modified = row["_file_modification_time"].timestamp()
        assert modified == pytest.approx(files[name].stat().st_mtime, abs=0.002)
        assert row["_batch"] == 0
        assert row["_ingested_at"] >= row["_file_modification_time"]


def _nothing_new(bronze: LandedBronze) -> None:
    version = bronze.lake.log(bronze.table).version()
    again = bronze.run(after_discovery=lambda: pytest.fail("a session for nothing new"))
    assert (again.batches, again.rows.read, files_of(again).taken) == (0, 0, ())
    assert bronze.lake.log(bronze.table).version() == version


def _second_run(life: Life) -> Path | None:
    """New and unfit values, and files that are broken, empty or gone; gives the broken one."""
    bronze, written, landing = life.bronze, life.written, life.bronze.landing
    paths = life.land(LATER)
    gone = written.write(landing / "gone", [{"id": 99, "name": "gone"}])
    broken: Path | None = None
    if "broken files" not in written.gaps:
        suffix, content = spoiled(written)
        broken = landing / f"broken [1]{suffix}"
        broken.write_bytes(content)
    empty = landing / f"empty{written.suffix}"
    empty.write_bytes(b"")
    if written.is_text:
        paths["empty"] = empty

    done = bronze.run(after_discovery=gone.unlink)
    rescued: dict[int, dict[str, Any]] = {}
    if written.unpack is None:
        rescued = {6: {"amount": "lots"}, 8: {"NAME": "upper"}}
        life.expected[6]["amount"] = None
        life.expected[7]["amount"] = 3.5
    assert life.found() == life.stored("id", "name", "amount", "day", "extra")
    if written.unpack is None:
        assert bronze.rescued() == rescued
    assert files_of(done).columns_added == (("extra",) if written.unpack is None else ())
    assert set(files_of(done).taken) == {str(path) for path in paths.values()}
    failed = {file.path: file.reason for file in files_of(done).failed}
    wrong = {gone, broken, None if written.is_text else empty} - {None}
    assert set(failed) == {str(path) for path in wrong}
    assert failed[str(gone)] == IT_IS_GONE
    assert all(len(reason) > 5 for reason in failed.values())
    rows = life.count(LATER)
    assert (done.rows.read, done.rows.written, done.rows.rescued) == (rows, rows, len(rescued))
    return broken


def _mended(life: Life, broken: Path) -> None:
    """A broken file that is replaced is taken, and only it; a taken one that changes is not."""
    bronze, written = life.bronze, life.written
    row = {"id": 50, "name": "mended", "amount": 5.0, "day": "2026-01-09", "extra": 1}
    content = written.encode([row])
    broken.write_bytes(PACKED[".gz"](content) if broken.suffix == ".gz" else content)
    written.write(bronze.landing / "plain", [{"id": 77, "name": "changed"}])
    done = bronze.run()
    assert files_of(done).taken == (str(broken),)
    assert done.rows.written == 1
    life.expected[50] = row
    assert life.found() == life.stored("id", "name", "amount", "day", "extra")


KNOWN = [{"id": 1, "a": "x"}]
UNKNOWN = [{"id": 2, "a": "y", "new": "n"}, {"id": 3, "a": "z", "new": None}]


@pytest.mark.parametrize("written", formats("new columns"))
def test_rescue_keeps_unknown_fields_beside_the_columns(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.of(written, lake, spark, schemaEvolutionMode="rescue")
    written.write(bronze.landing / "known", KNOWN)
    bronze.run()
    written.write(bronze.landing / "unknown", UNKNOWN)
    done = bronze.run()
    assert bronze.data() == {1: {"id": 1, "a": "x"}, 2: {"id": 2, "a": "y"}, 3: {"id": 3, "a": "z"}}
    assert bronze.rescued() == {2: {"new": "n"}}
    assert (done.rows.rescued, files_of(done).columns_added) == (1, ())


@pytest.mark.parametrize("written", formats("new columns"))
def test_fail_on_new_columns_writes_nothing_until_the_file_is_mended(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.of(
        written, lake, spark, schema="id bigint, a string",
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


@pytest.mark.parametrize("written", formats("declared types"))
def test_a_declared_schema_wins_over_what_the_files_say(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    """None is the default mode with a schema: what it lacks is rescued, never added."""
    bronze = LandedBronze.of(
        written, lake, spark, reader_header="true",
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
    if written.is_text:
        assert stored[1]["at"].isoformat() == "2026-01-01T10:00:00+00:00"


@pytest.mark.parametrize("written", [JSON, CSV, XML], ids=str)
def test_without_type_inference_every_leaf_is_text(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.of(written, lake, spark, inferColumnTypes="false", schemaHints="n int")
    written.write(bronze.landing / "day=2026-01-01" / "f", [{"id": 1, "n": 5, "x": 1.5, "b": True}])
    bronze.run()
    assert bronze.types() == {
        "id": "string", "n": "int", "x": "string", "b": "string", "day": "string",
    } or bronze.types() == {
        # Inference of JSON and XML orders the fields by name.
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
    bronze = LandedBronze.of(written, lake, spark)
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
    types = bronze.types()
    assert (types["day"], types["city"]) == ("date", "string")
    rows = bronze.rows()
    found = {
        (row["id"] if written.unpack is None else written.unpack(row)[0]["id"]): (
            row["day"] and row["day"].isoformat(),
            row["city"],
        )
        for row in rows
    }
    assert len(rows) == len(places)
    assert found == {number: (day, city) for number, (_, day, city) in places.items()}
