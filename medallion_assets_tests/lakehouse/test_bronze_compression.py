"""Packed text: whatever Spark unpacks is loaded, and what it can't is a failed file."""

from __future__ import annotations

import lzma
from typing import TYPE_CHECKING

import pytest

from medallion_assets_tests.lakehouse.autoloader.formats import CSV, JSON, TEXT, XML, WrittenFormat
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of
from medallion_assets_tests.lakehouse.autoloader.packing import PACKED

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake

CUT = [suffix for suffix in PACKED if suffix not in (".gzip", ".zstd")]
"""The suffixes Spark knows where it cuts files at line ends, too."""


def ids(bronze: LandedBronze, written: WrittenFormat) -> list[int]:
    rows = bronze.rows()
    if written.unpack is not None:
        rows = [inner for row in rows for inner in written.unpack(row)]
    return sorted(row["id"] for row in rows)


@pytest.mark.parametrize("written", [JSON, CSV, TEXT, XML], ids=str)
def test_packed_files_are_loaded_and_broken_ones_leave_nothing(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.of(written, lake, spark)
    loaded = PACKED if written is XML else CUT
    # Enough rows for more than one block of each form, that don't compress well.
    many = [{"id": 1000 + n, "x": hash((n, "x"))} for n in range(9000)]
    reasons: dict[str, str] = {}
    for number, suffix in enumerate(loaded):
        packed = written.packed(suffix)
        packed.write(bronze.landing / f"whole {number}", [{"id": number, "x": number}])
        # The first letter makes the broken ones come first.
        whole = packed.encode(many)
        cut = land(bronze.landing / f"cut{packed.suffix}", whole[: len(whole) // 2])
        reasons[str(cut)] = ""
    for suffix in set(PACKED) - set(loaded):
        path = written.packed(suffix).write(bronze.landing / "long", many)
        reasons[str(path)] = f"can't unpack {suffix} here"
    path = land(bronze.landing / f"a{written.suffix}.xz", lzma.compress(written.encode(many)))
    reasons[str(path)] = "can't unpack xz"

    done = bronze.run()
    assert ids(bronze, written) == list(range(len(loaded)))
    assert (done.rows.read, done.rows.rescued, done.rows.corrupt) == (len(loaded), 0, 0)
    failed = {file.path: file.reason for file in files_of(done).failed}
    assert set(failed) == set(reasons)
    assert all(reason in failed[path] for path, reason in reasons.items()), failed
    assert all(len(reason) > 5 for reason in failed.values())


@pytest.mark.parametrize("written", [JSON, CSV], ids=str)
def test_files_that_are_not_cut_can_have_any_suffix(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.of(written, lake, spark, reader_multiLine="true")
    for number, suffix in enumerate(PACKED):
        written.packed(suffix).write(
            bronze.landing / (f"[{number}]" if number % 2 else f"{number}:00"), [{"id": number}]
        )
    whole = written.packed(".gz").encode([{"id": n, "x": hash((n, "x"))} for n in range(9000)])
    cut = land(bronze.landing / f"cut [1]{written.suffix}.gz", whole[: len(whole) // 2])
    done = bronze.run()
    assert ids(bronze, written) == list(range(len(PACKED)))
    (failed,) = files_of(done).failed
    assert failed.path == str(cut)
    assert "end of" in failed.reason
