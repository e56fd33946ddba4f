from __future__ import annotations

from pathlib import Path

import pytest

from medallion_assets.lakehouse.autoloader.discovery import Selection
from medallion_assets.lakehouse.autoloader.listing import files_in
from medallion_assets.lakehouse.autoloader.reader import LandingPath
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets_tests.lakehouse.autoloader.landed import land


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
