from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyspark.sql.types import StructType

from medallion_assets.lakehouse.autoloader.decode.whole_files import inferred, patterns
from medallion_assets_tests.lakehouse.autoloader.landed import land

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_names_that_other_machines_can_not_be_given_are_told() -> None:
    plain = ["/a/b.json", "/a b/c=1+2@x/\u00fc-\u6f22.xml.gz"]
    names = ["/a/[1].json", "/a/b*.xml", "/a/{b}.csv", "/a/b?.json", "/a/10:00.json", "/a/b,c.json"]
    failed = patterns([*plain, *names])
    assert [file.path for file in failed] == names
    assert all("rename it" in file.reason for file in failed)


def test_inference_gets_plain_names_for_the_same_files(spark: SparkSession, tmp_path: Path) -> None:
    odd = ["a [1] {2}*.json", "10:00.json.gz", 'it\'s, "so".xml']
    paths = [str(land(tmp_path / name, name)) for name in odd]
    given: list[str] = []

    def infer(some: list[str]) -> StructType:
        given.extend(some)
        assert [Path(path).read_text() for path in some] == odd
        assert [Path(path).suffix for path in some] == [Path(name).suffix for name in odd]
        assert patterns(some) == ()
        return StructType([])

    inferred(spark, paths, infer)
    assert not any(Path(path).exists() for path in given)


def test_a_failed_inference_names_the_file(spark: SparkSession, tmp_path: Path) -> None:
    paths = [str(land(tmp_path / name, b"no gzip")) for name in ("plain", "[1].json.gz")]

    def infer(some: list[str]) -> StructType:
        raise ValueError(f"{len(some)} files")

    with pytest.raises(Exception, match=r"FAILED_READ_FILE.*%5B1%5D\.json\.gz"):
        inferred(spark, paths, infer)
    with pytest.raises(ValueError, match="1 files"):
        inferred(spark, paths[:1], infer)
