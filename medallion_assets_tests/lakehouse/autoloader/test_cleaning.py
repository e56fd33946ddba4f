from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from medallion_assets.lakehouse.autoloader import cleaning
from medallion_assets.lakehouse.autoloader.cleaning import clean
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.ledger_rows import Cause
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.materialization import FailedFile
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land, seen

DAY = datetime.timedelta(days=1)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def deleting(retention: str = "8 days") -> CloudFilesOptions:
    return options(**{"cleanSource": "DELETE", "cleanSource.retentionDuration": retention})


def moving(to: Path, retention: str = "0 days") -> CloudFilesOptions:
    return options(
        **{
            "cleanSource": "MOVE",
            "cleanSource.moveDestination": str(to),
            "cleanSource.retentionDuration": retention,
        }
    )


def options(**given: str) -> CloudFilesOptions:
    named = {f"cloudFiles.{name}": value for name, value in given.items()}
    return CloudFilesOptions.parse({"cloudFiles.format": "json", **named}, has_schema=False)


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "landing"


@pytest.fixture
def ledger(tmp_path: Path) -> FileLedger:
    ledger = FileLedger(tmp_path / "ledger")
    ledger.create()
    return ledger


def take(ledger: FileLedger, *files: Path) -> None:
    """One committed micro-batch of the files."""
    number = ledger.next_batch()
    ledger.discovered([[seen(file) for file in files]])
    ledger.committed(number, len(files))


def test_nothing_is_cleaned_by_default(landing: Path, ledger: FileLedger) -> None:
    file = land(landing / "a")
    take(ledger, file)
    assert clean(landing, ledger, options(), now() + 999 * DAY) == cleaning.Cleaned()
    assert file.exists()


def test_a_committed_file_goes_after_its_retention(landing: Path, ledger: FileLedger) -> None:
    file = land(landing / "a", "12345")
    take(ledger, file)
    assert clean(landing, ledger, deleting(), now() + 7 * DAY).files == 0
    assert file.exists()
    done = clean(landing, ledger, deleting(), now() + 9 * DAY)
    assert (done.files, done.bytes, done.kept) == (1, 5, ())
    assert not file.exists()
    assert clean(landing, ledger, deleting(), now() + 9 * DAY).files == 0


def test_a_moved_file_keeps_its_place_below_the_destination(
    landing: Path, ledger: FileLedger, tmp_path: Path
) -> None:
    file = land(landing / "day=1" / "a b.json", "x")
    take(ledger, file)
    assert clean(landing, ledger, moving(tmp_path / "done"), now()).files == 1
    assert not file.exists()
    assert (tmp_path / "done" / "day=1" / "a b.json").read_text() == "x"
    assert ledger.known().holds(seen(tmp_path / "done" / "day=1" / "a b.json")) is False


def test_a_file_of_the_same_name_is_moved_beside_the_earlier_one(
    landing: Path, ledger: FileLedger, tmp_path: Path
) -> None:
    for content, modified in (("one", PAST), ("two", PAST + 5)):
        take(ledger, land(landing / "a", content, modified))
        assert clean(landing, ledger, moving(tmp_path / "done"), now()).files == 1
    contents = sorted(file.read_text() for file in (tmp_path / "done").iterdir())
    assert contents == ["one", "two"]


@pytest.mark.parametrize("state", ["waiting", "failed", "skipped", "overwritten", "changed"])
def test_a_file_that_is_not_in_the_table_as_it_is_now_stays(
    landing: Path, ledger: FileLedger, tmp_path: Path, state: str
) -> None:
    file = land(landing / "a")
    if state == "waiting":
        ledger.discovered([[seen(file)]])
    elif state == "failed":
        ledger.failed(0, [FailedFile(str(file), "cut short")])
        take(ledger, file)
    elif state == "skipped":
        ledger.discovered([[seen(file)]], cause=Cause.SKIPPED)
        ledger.committed(0, 0)
    elif state == "overwritten":
        take(ledger, file)
        ledger.discovered([[seen(land(file, "more", PAST + 1))]])
    else:
        take(ledger, file)
        land(file, "more", PAST + 1)
    assert clean(landing, ledger, moving(tmp_path / "done"), now()).files == 0
    assert file.exists()


def test_a_cleaning_that_was_killed_is_made_up_for(
    landing: Path, ledger: FileLedger, tmp_path: Path
) -> None:
    one, two = land(landing / "one"), land(landing / "two")
    take(ledger, one, two)
    # Killed after the first file was moved and before the ledger was told.
    (tmp_path / "done").mkdir()
    one.rename(tmp_path / "done" / "one")
    assert clean(landing, ledger, moving(tmp_path / "done"), now()).files == 2
    assert ledger.cleanable(now() + DAY) == []
    assert sorted(file.name for file in (tmp_path / "done").iterdir()) == ["one", "two"]


def test_a_file_that_can_not_be_moved_says_why_and_is_tried_again(
    landing: Path, ledger: FileLedger, tmp_path: Path
) -> None:
    file = land(landing / "a")
    take(ledger, file)
    (tmp_path / "done").write_text("a file where the directory should be")
    (kept,) = clean(landing, ledger, moving(tmp_path / "done"), now()).kept
    assert kept.path == str(file)
    assert "can't be cleaned away" in kept.reason
    (tmp_path / "done").unlink()
    assert clean(landing, ledger, moving(tmp_path / "done"), now()).files == 1


@pytest.mark.parametrize("inside", ["", "done", "a/b"])
def test_the_destination_is_not_inside_the_landing_directory(
    landing: Path, ledger: FileLedger, inside: str
) -> None:
    with pytest.raises(OptionError, match="would be taken again"):
        clean(landing, ledger, moving(landing / inside), now())
