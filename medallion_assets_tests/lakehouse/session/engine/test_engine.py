"""One engine, used, left, and ended in every way; each test's runs are processes of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from deltalake import DeltaTable

from medallion_assets.cli import main as medallion
from medallion_assets.lakehouse.session.engine.place import Place, places
from medallion_assets.lakehouse.session.engine.starting import state_of, stop
from medallion_assets.lakehouse.session.engine.state import State
from medallion_assets_tests.driver_process import Driver
from medallion_assets_tests.lakehouse.session.engine.client import CLIENT, ROWS
from medallion_assets_tests.lakehouse.session.engine.dagster_run import DAGSTER_RUN

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]

TOTAL = f"total {sum(range(ROWS))}"
SECONDS = 240.0


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """Where the engine of this module is, and no other."""
    with TemporaryDirectory(prefix="engine-") as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDALLION_ENGINE", "on")
        patch.setenv("MEDALLION_ENGINE_DIRECTORY", made)
        yield Path(made)
        for place in places(Path(made)):
            stop(place, force=True)


def the_one(directory: Path) -> tuple[Place, State]:
    running = [(place, state) for place in places(directory) if (state := state_of(place))]
    assert len(running) == 1
    return running[0]


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_alive(process: int) -> bool:
    # A killed process that nobody has waited for yet is dead.
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_three_runs_at_once_start_one_engine_and_work_side_by_side(
    directory: Path, tmp_path: Path
) -> None:
    places_of_work = [tmp_path / name for name in ("a", "b", "c")]
    runs = [Driver(CLIENT, place, "work") for place in places_of_work]
    try:
        said = {run.wait_for("engine ") for run in runs}
        for run in runs:
            run.wait_for(TOTAL)
            assert run.process.wait(60) == 0
    finally:
        for run in runs:
            run.end()
    place, state = the_one(directory)
    assert said == {f"engine {state.process}"}
    assert state.process not in {run.process.pid for run in runs}
    wait_until(lambda: the_one(directory)[1].runs == ())
    assert place.lock.stat().st_mode & 0o077 == 0
    assert place.log.stat().st_mode & 0o077 == 0


def test_a_run_has_settings_and_names_of_its_own_and_leaves_nothing(
    directory: Path, tmp_path: Path
) -> None:
    _, before = the_one(directory)
    with Driver(CLIENT, tmp_path, "settings") as run:
        assert run.wait_for("partitions") == "partitions 7"
        assert run.wait_for("reuse") == "reuse false"
    with Driver(CLIENT, tmp_path, "leave") as run:
        run.wait_for(f"engine {before.process}")
        run.wait_for(f"engine {before.process}")
        assert run.wait_for("databases") == "databases default"
        assert run.wait_for("counted") == "counted 7"
        assert run.process.wait(60) == 0
    assert the_one(directory)[1].process == before.process


def test_a_killed_run_leaves_no_work_behind(directory: Path, tmp_path: Path) -> None:
    _, before = the_one(directory)
    with (
        Driver(CLIENT, tmp_path, "hang") as hanging,
        Driver(CLIENT, tmp_path / "x", "work") as other,
    ):
        hanging.wait_for("working")
        other.wait_for(TOTAL)
        busy = the_one(directory)[1]
        assert hanging.process.pid in {run.process for run in busy.runs}
        hanging.kill(with_engine=False)
        with Driver(CLIENT, tmp_path, "work") as run:
            run.wait_for(f"engine {before.process}")
            assert run.wait_for("jobs") == "jobs 0"
            run.wait_for(TOTAL)
            assert run.process.wait(60) == 0
    assert DeltaTable(tmp_path / "target").version() == 0


def test_it_is_seen_and_not_stopped_under_a_run(
    directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Driver(CLIENT, tmp_path, "hang") as run:
        run.wait_for("working")
        assert medallion(["engine"]) == 0
        assert f"run       process {run.process.pid} for" in capsys.readouterr().out
        assert medallion(["engine", "stop"]) == 1
        assert f"process {run.process.pid} is using it" in capsys.readouterr().err
    assert the_one(directory)


def test_an_engine_killed_under_a_run_costs_one_attempt(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, before = the_one(directory)
    # Of the one that the second attempt starts, which so ends by itself.
    monkeypatch.setenv("MEDALLION_ENGINE_IDLE_SECONDS", "1")
    landing = tmp_path / "landing" / "orders"
    landing.mkdir(parents=True)
    rows = [{"shop": shop, "amount": amount} for shop, amount in [("a", 1), ("a", 2), ("b", 5)]]
    (landing / "one.json").write_text("\n".join(map(json.dumps, rows)))
    with Driver(DAGSTER_RUN, tmp_path / "lake", tmp_path / "landing") as run:
        run.wait_for(f"killing {before.process}")
        retried = run.wait_for("retried")
        assert "gold__amounts" in retried
        assert f"The warm engine (process {before.process}) ended" in retried
        assert run.wait_for("success") == "success True"
    assert sum(line.startswith("retried") for line in run.said) == 1
    gold = DeltaTable(tmp_path / "lake" / "gold" / "amounts").to_pyarrow_table().to_pylist()
    assert sorted((row["shop"], row["amount"]) for row in gold) == [("a", 3), ("b", 5)]
    wait_until(lambda: not is_alive(before.java))
    wait_until(lambda: not any(map(state_of, places(directory))))


def test_a_run_goes_on_without_one_and_says_why(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory.chmod(0o755)
    try:
        with Driver(CLIENT, tmp_path, "work") as run:
            run.wait_for("The warm engine is not used: ")
            assert "is open to other users" in run.said[-1]
            assert run.wait_for("engine") == "engine none"
            run.wait_for(TOTAL)
    finally:
        directory.chmod(0o700)
    assert sum("warm engine" in line for line in run.said) == 1
    assert not any(map(state_of, places(directory)))


def test_one_that_can_not_start_says_why(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JAVA_HOME", "/no/such/java")
    assert medallion(["engine", "start"]) == 1
    assert "JAVA_HOME is /no/such/java" in capsys.readouterr().err
    assert not any(map(state_of, places(directory)))
