"""Which files COPY INTO loads, and that each is loaded once."""

from __future__ import annotations

import datetime
import gzip
import os
import shutil

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from medallion_assets import copy_into
from medallion_assets.lakehouse.errors import FileUnreadableError, SourceError
from medallion_assets_tests.lakehouse.copy_into.copied_table import Make

IGNORE = "FORMAT_OPTIONS ('ignoreCorruptFiles' = 'true')"


def test_named_files(make: Make) -> None:
    table = make("id INT")
    for number in range(4):
        table.land(f"{number}.json", f'{{"id": {number}}}\n')
    table.land("deep/5.json", '{"id": 5}\n')
    named = f"FILES = ('1.json', 'deep/5.json', '{table.source}/2.json')"
    assert table.copy("json", named).num_inserted_rows == 3
    assert table.rows() == [(1,), (2,), (5,)]
    assert table.copy("json").num_inserted_rows == 2, "the rest, and nothing twice"
    assert table.copy("json", "FILES = ('gone.json')").num_inserted_rows == 0
    with pytest.raises(FileUnreadableError, match=r"gone\.json.*ignoreMissingFiles"):
        table.copy(
            "json", "FILES = ('gone.json')", "FORMAT_OPTIONS ('ignoreMissingFiles' = 'false')"
        )


@pytest.mark.parametrize("name", ["../other/a.json", "/etc/passwd", "a/../../b", "s3://b/k"])
def test_files_outside_of_the_source(make: Make, name: str) -> None:
    with pytest.raises(SourceError, match="not in the source"):
        make("id INT").copy("json", f"FILES = ('{name}')")


def test_a_pattern(make: Make) -> None:
    table = make("id INT")
    for name in ("a1.json", "a2.json", "b1.json", "deep/a3.json"):
        table.land(name, f'{{"id": {name[-6]}}}\n')
    assert table.copy("json", "PATTERN = 'a*.json'").num_inserted_rows == 2
    assert table.copy("json", "PATTERN = '{b,deep/a}[1-3].json'").num_inserted_rows == 2
    assert len(table.rows()) == 4


def test_times_of_modification(make: Make) -> None:
    table = make("id INT")
    for number, day in enumerate(("2026-01-01", "2026-02-01", "2026-03-01")):
        path = table.land(f"{number}.json", f'{{"id": {number}}}\n')
        time = datetime.datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()
        os.utime(path, (time, time))
    between = (
        "FORMAT_OPTIONS ('modifiedAfter' = '2026-01-15T00:00:00', "
        "'modifiedBefore' = '2026-02-15T00:00:00')"
    )
    assert table.copy("json", between).num_inserted_rows == 1
    assert table.rows() == [(1,)]


def test_a_single_file_and_a_pattern_as_the_source(make: Make) -> None:
    table = make("id INT")
    one = table.land("[1].json", '{"id": 1}\n')
    table.land("x2.json", '{"id": 2}\n')
    copy_into(table.spark, f"COPY INTO {table.name} FROM '{one}' FILEFORMAT = JSON")
    assert table.rows() == [(1,)]
    copy_into(
        table.spark, f"COPY INTO {table.name} FROM 'file://{table.source}/x*' FILEFORMAT = JSON"
    )
    assert table.rows() == [(1,), (2,)]


def test_a_loaded_path_is_skipped_whoever_asks_and_whatever_it_becomes(make: Make) -> None:
    table = make("id INT")
    path = table.land("a.json", '{"id": 1}\n')
    table.copy("json")
    path.write_text('{"id": 2}\n')
    assert table.copy("json", "PATTERN = '*'").num_inserted_rows == 0
    assert table.copy("json", "FILES = ('a.json')", select="id + 1 AS id").num_inserted_rows == 0
    assert table.copy("json", "COPY_OPTIONS ('force' = true)").num_inserted_rows == 1
    assert table.rows() == [(1,), (2,)]
    assert table.copy("json").num_inserted_rows == 0


def test_a_table_made_anew_has_loaded_nothing(make: Make) -> None:
    table = make("id INT")
    table.land("a.json", '{"id": 1}\n')
    table.copy("json")
    kept = table.path / "_copy_into"
    for part in set(table.path.iterdir()) - {kept}:
        shutil.rmtree(part) if part.is_dir() else part.unlink()
    write_deltalake(table.path, pa.table({"id": pa.array([], pa.int32())}))
    assert table.copy("json").num_inserted_rows == 1
    assert table.rows() == [(1,)]


def test_what_was_loaded_survives_vacuum(make: Make) -> None:
    table = make("id INT")
    table.land("a.json", '{"id": 1}\n')
    table.copy("json")
    table.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    try:
        table.spark.sql(f"VACUUM {table.name} RETAIN 0 HOURS")
    finally:
        table.spark.conf.unset("spark.databricks.delta.retentionDurationCheck.enabled")
    assert table.copy("json").num_inserted_rows == 0
    assert table.rows() == [(1,)]


def test_corrupt_files_are_left_out_whole_and_taken_after_repair(make: Make) -> None:
    table = make("id INT")
    lines = "".join(f'{{"id": {number}}}\n' for number in range(1000))
    whole = gzip.compress(lines.encode())
    table.land("good.json", '{"id": 5000}\n')
    cut = table.land("cut.json.gz", whole[: len(whole) // 3])
    with pytest.raises(FileUnreadableError, match=r"cut\.json\.gz"):
        table.copy("json")
    assert table.rows() == []
    first = table.copy("json", IGNORE)
    assert (first.num_inserted_rows, first.num_skipped_corrupt_files) == (1, 1)
    assert table.rows() == [(5000,)], "not a row of the broken one"
    again = table.copy("json", IGNORE)
    assert (again.num_inserted_rows, again.num_skipped_corrupt_files) == (0, 1)
    cut.write_bytes(whole)
    assert table.copy("json").num_inserted_rows == 1000
    assert table.rows() == sorted([(5000,), *((number,) for number in range(1000))], key=repr)
