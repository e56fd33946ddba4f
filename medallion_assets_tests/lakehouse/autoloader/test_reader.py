from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets import read_stream
from medallion_assets.lakehouse.autoloader import frame
from medallion_assets.lakehouse.autoloader.discovery import Selection
from medallion_assets.lakehouse.autoloader.listing import files_in
from medallion_assets.lakehouse.autoloader.reader import LandingPath
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets_tests.lakehouse.autoloader.landed import land

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.mark.parametrize("prefix", ["", "file:", "file://"])
@pytest.mark.parametrize(
    ("path", "directory", "pattern"),
    [
        ("/in/a", "/in/a", None),
        ("/in/a/", "/in/a", None),
        ("/in/b/../a", "/in/a", None),
        ("/in/a*", "/in", "/in/a*"),
        ("/in/*/x/", "/in", "/in/*/x/"),
        ("/in/a/b{1,2}/c?", "/in/a", "/in/a/b{1,2}/c?"),
        ("/*", "/", "/*"),
        (r"/in/\*", "/in", r"/in/\*"),
    ],
)
def test_the_directory_is_what_stands_before_the_glob(
    prefix: str, path: str, directory: str, pattern: str | None
) -> None:
    assert LandingPath.of(prefix + path) == LandingPath(Path(directory), pattern)


def test_a_path_that_exists_is_no_glob(tmp_path: Path) -> None:
    (tmp_path / "a[1]").mkdir()
    assert LandingPath.of(f"{tmp_path}/a[1]") == LandingPath(tmp_path / "a[1]")
    assert LandingPath.of(f"{tmp_path}/a[2]").pattern == f"{tmp_path}/a[2]"


def test_only_the_glob_itself_has_a_meaning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path and one through a link stand below directories of any name."""
    wanted = land(tmp_path / "real [1]" / "b1" / "file")
    land(tmp_path / "real [1]" / "c" / "file")
    land(tmp_path / "real 1" / "b1" / "file")
    (tmp_path / "link").symlink_to(tmp_path / "real [1]")
    monkeypatch.chdir(tmp_path / "real [1]")
    for path in (f"{tmp_path}/link/b*", "b*"):
        landing = LandingPath.of(path)
        assert landing.directory == tmp_path / "real [1]"
        found = files_in(landing.directory, Selection(path_pattern=landing.pattern))
        assert [file.path for file in found] == [str(wanted)]


def test_another_file_system_is_refused() -> None:
    with pytest.raises(OptionError, match="neither on a local"):
        LandingPath.of("hdfs://node/in")


def test_a_schema_that_is_known_is_not_looked_for_in_the_files(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass over a million files costs more than the run that takes ten of them."""
    land(tmp_path / "landing/a.json", '{"id": 1}\n')
    reader = read_stream(spark).format("cloudFiles").option("cloudFiles.format", "json")
    reader = reader.option("cloudFiles.schemaLocation", str(tmp_path / "schema"))
    inferred = reader.load(str(tmp_path / "landing"))
    assert inferred.columns == ["id", "_rescued_data"]

    def looked(*_: object) -> None:
        raise AssertionError("the files were looked at again")

    monkeypatch.setattr(frame, "files_in", looked)
    assert inferred.columns == ["id", "_rescued_data"]
    declared = read_stream(spark).format("cloudFiles").option("cloudFiles.format", "json")
    assert declared.schema("id INT").load(str(tmp_path / "landing")).columns == ["id"]
