"""Batches land whole, one after the other, and never twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from medallion_assets.shop.generator import Batch, ShopGenerator, land_first, land_next
from medallion_assets_tests.shop.sample import (
    SAMPLE,
    SAMPLE_BATCHES,
    contents,
    files_below,
    sample_batches,
)


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    return sample_batches()


def test_writing_leaves_only_whole_files(
    batches: list[Batch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = batches[0].write(tmp_path)
    assert sorted(written) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    before = files_below(tmp_path)
    moved: list[Path] = []
    move = Path.replace

    def fail_at_the_third(source: Path, target: Path) -> None:
        assert source.parent == target.parent
        assert source.name.startswith(".")
        moved.append(target)
        if len(moved) == 3:
            raise OSError("disk full")
        move(source, target)

    monkeypatch.setattr(Path, "replace", fail_at_the_third)
    with pytest.raises(OSError, match="disk full"):
        batches[1].write(tmp_path)
    after = files_below(tmp_path)
    assert len(after) == len(before) + 2
    assert not [name for name in after if "/." in name]


def test_landing_goes_through_the_sample_and_then_on(tmp_path: Path) -> None:
    landed = land_first(SAMPLE, tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in landed} == set(
        files_below(SAMPLE / "batch-0001")
    )
    assert land_first(SAMPLE, tmp_path) == []
    for number in (2, 3, 4, 5):
        landed = land_next(SAMPLE, tmp_path)
        assert {int(path.name.split("-")[1].split(".")[0]) for path in landed} == {number}
        if number in SAMPLE_BATCHES:
            source = SAMPLE / f"batch-{number:04d}"
            assert all(
                path.read_bytes() == (source / path.relative_to(tmp_path)).read_bytes()
                for path in landed
            )
        else:
            assert {path.relative_to(tmp_path).as_posix() for path in landed} == set(
                contents(ShopGenerator().batch(number))
            )


def test_a_cleaned_landing_directory_does_not_start_again(tmp_path: Path) -> None:
    for path in land_first(SAMPLE, tmp_path):
        path.unlink()
    assert land_first(SAMPLE, tmp_path) == []
    assert all("-0002-" in path.name for path in land_next(SAMPLE, tmp_path))


def test_without_a_record_the_files_tell_what_was_landed(
    batches: list[Batch], tmp_path: Path
) -> None:
    batches[0].write(tmp_path)
    second = batches[1].write(tmp_path)
    second[0].unlink()
    untouched = second[1].stat()
    assert land_first(SAMPLE, tmp_path) == []
    assert land_next(SAMPLE, tmp_path) == [second[0]]
    assert second[1].stat() == untouched
    assert all("-0003-" in path.name for path in land_next(SAMPLE, tmp_path))


def test_landing_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist: name the one"):
        land_next(tmp_path / "nowhere", tmp_path)
    (tmp_path / ".landed").write_text("two")
    with pytest.raises(ValueError, match="number of the last batch landed"):
        land_next(SAMPLE, tmp_path)
