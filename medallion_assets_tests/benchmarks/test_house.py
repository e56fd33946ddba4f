from __future__ import annotations

from pathlib import Path

from benchmarks.house import House


def test_a_lake_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    house = House.at(tmp_path)
    house.lake.root.mkdir()
    (house.lake.root / "table").write_text("kept")
    house.keep()
    (house.lake.root / "table").write_text("changed")
    house.restore()
    assert (house.lake.root / "table").read_text() == "kept"


def test_a_kept_engine_never_meets_a_path_again(tmp_path: Path) -> None:
    house = House.at(tmp_path)
    house.lake.root.mkdir()
    house.keep()
    paths = [house.lake.root]
    for _ in range(3):
        house.restore(elsewhere=True)
        paths.append(house.lake.root)
        assert house.environment()["MEDALLION_LAKE"] == str(house.lake.root)
    assert len(set(paths)) == 4
    assert [path.exists() for path in paths] == [False, False, False, True]
