from __future__ import annotations

from pathlib import Path

import pytest

from medallion_assets.lakehouse.autoloader.decode.compression import (
    is_packed,
    open_bytes,
    open_text,
    unreadable,
)
from medallion_assets_tests.lakehouse.autoloader.packing import PACKED

CONTENT = "id,\u00fc\r\n".encode() + b"".join(b"%d,%d\n" % (n, n * n) for n in range(50_000))


@pytest.mark.parametrize("suffix", PACKED)
def test_what_is_packed_comes_out_as_it_went_in(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"file.csv{suffix}"
    path.write_bytes(PACKED[suffix](CONTENT))
    assert is_packed(str(path))
    with open_bytes(str(path)) as file:
        assert file.read() == CONTENT
    with open_text(str(path), "utf-8") as text:
        assert text.readline() == "id,\u00fc\r\n"


@pytest.mark.parametrize("suffix", PACKED)
def test_what_is_not_packed_as_its_suffix_says_is_an_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"file.csv{suffix}"
    path.write_bytes(b"this is text")
    with pytest.raises(OSError, match=r".+"), open_bytes(str(path)) as file:
        file.read()


def test_plain_text_is_opened_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.b.csv"
    path.write_bytes(CONTENT)
    assert not is_packed(str(path))
    with open_bytes(str(path)) as file:
        assert file.read() == CONTENT


def test_what_spark_can_not_unpack_is_told_by_its_suffix() -> None:
    readable = ["a.csv", "b.json.gz", "c.GZ", "d.zst", "e.ZST", "f.txt.bz2", "xz", "g.xz.csv"]
    reasons = {
        "a.csv.xz": "can't unpack xz",
        "b.JSON.XZ": "can't unpack xz",
        "c.zip": "can't unpack zip",
        "d.Z": "can't unpack compress",
        "e.lz4": "does not notice when lz4 is cut off",
    }
    long = {"f.gzip": "name it .gz", "g.ZSTD": "name it .zst"}
    paths = [*readable, *reasons, *long]
    for cut, expected in ((True, reasons | long), (False, reasons)):
        failed = {file.path: file.reason for file in unreadable(paths, cut=cut)}
        assert set(failed) == set(expected)
        assert all(expected[path] in reason for path, reason in failed.items())


def test_snappy_that_was_cut_off_is_noticed_wherever_it_was(tmp_path: Path) -> None:
    """Spark would take the part that is there for the whole."""
    whole = PACKED[".snappy"](CONTENT)
    path = tmp_path / "file.json.snappy"
    path.write_bytes(whole)
    assert unreadable([str(path)], cut=True) == ()
    for length in (1, 4, 6, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        (failed,) = unreadable([str(path)], cut=True)
        assert "cut off" in failed.reason
    path.write_bytes(b"")
    assert unreadable([str(path)], cut=True) == ()
