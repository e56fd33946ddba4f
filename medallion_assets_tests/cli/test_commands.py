from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import dagster as dg
import pytest

from medallion_assets.cli import main
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets_tests.driver_process import SHORT_LIVED, Driver

MEDALLION = [sys.executable, "-m", "medallion_assets.cli"]

# As a shell starts its background jobs.
IGNORING_INTERRUPTS = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
SENSORS = """{
  sensorsOrError(repositorySelector: {
    repositoryName: "__repository__", repositoryLocationName: "medallion_assets"
  }) { ... on Sensors { results { name sensorState { status ticks(limit: 1) { status } } } } }
}"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake, landing directories and an instance of one's own; the current directory as well."""
    monkeypatch.setenv("MEDALLION_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("MEDALLION_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    for name, value in SHORT_LIVED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_land_prints_the_files_it_landed(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["land"]) == 0
    printed = capsys.readouterr().out
    landed = [path for path in (elsewhere / "landing").rglob("*") if path.is_file()]
    visible = [path for path in landed if not path.name.startswith(".")]
    assert visible
    for path in visible:
        assert str(path.relative_to(elsewhere / "landing")) in printed


def test_a_mistyped_table_is_one_line_without_a_trace(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rebuild", "silver/nothing"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "silver.nothing" in line
    assert "silver.orders" in line, "the message lists what there is"
    assert not (elsewhere / "lake").exists()


def test_verbose_shows_the_trace(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rebuild", "silver/nothing", "--verbose"]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert not (elsewhere / "lake").exists()


def test_a_dry_run_names_what_is_recreated_and_changes_nothing(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # What streams bronze is recreated with it; gold follows by the change data feed.
    assert main(["rebuild", "bronze/orders", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert printed.index("bronze.orders") < printed.index("silver.orders")
    assert "silver.customers" not in printed
    assert "gold." not in printed
    assert not (elsewhere / "lake").exists()


def test_a_taken_port_is_one_line_with_the_fix(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert main(["ui", "--port", str(port)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(port) in line
    assert "--port" in line
    assert not (elsewhere / "home").exists()


@pytest.mark.process
def test_live_goes_on_until_it_is_interrupted_and_that_is_no_failure(elsewhere: Path) -> None:
    assert main(["land"]) == 0
    for path in (elsewhere / "landing").glob("*/*.*"):
        # Of one source its files stay, which lie deeper: Spark is in use.
        path.unlink()
    with Driver("medallion_assets.cli", "live", "--interval", "0.1") as live:
        live.wait_for("gold/customer_features")
        live.process.send_signal(signal.SIGINT)
        live.wait_for("Ended. Nothing is lost")
        assert live.process.wait(60) == 0
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
    assert (run.job_name, run.status) == ("live_job", dg.DagsterRunStatus.CANCELED)


@pytest.mark.process
def test_run_without_java_is_one_line_with_the_fix(elsewhere: Path) -> None:
    done = subprocess.run(
        [*MEDALLION, "run"],
        env={**os.environ, "JAVA_HOME": str(elsewhere / "no-java")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "JAVA_HOME" in line
    assert "Install a Java" in line


@pytest.mark.process
def test_run_takes_what_landed_and_then_finds_nothing_new_without_a_jvm(elsewhere: Path) -> None:
    first = subprocess.run(
        [*MEDALLION, "run"], capture_output=True, text=True, timeout=400, check=False
    )
    assert first.returncode == 0, first.stderr
    assert first.stderr == ""
    assert "DEBUG" not in first.stdout
    for table in ("bronze/orders", "silver/orders_quarantine", "gold/daily_revenue"):
        assert table in first.stdout
    assert "make land" in first.stdout
    versions = delta_versions(elsewhere / "lake")
    second = subprocess.run(
        [*MEDALLION, "run"],
        # A JVM could not be started.
        env={**os.environ, "JAVA_HOME": str(elsewhere / "no-java")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert second.returncode == 0, second.stderr
    assert "Nothing new: no table changed" in second.stdout
    assert delta_versions(elsewhere / "lake") == versions
    check_status(elsewhere)


def check_status(elsewhere: Path) -> None:
    """Everything is known, nothing waits, and looking has changed nothing."""

    def entries() -> set[Path]:
        # SQLite has these while a database is open.
        return {p for p in elsewhere.rglob("*") if not p.name.endswith(("-wal", "-shm"))}

    before = entries()
    done = subprocess.run(
        [*MEDALLION, "status", "--json"],
        env={**os.environ, "JAVA_HOME": str(elsewhere / "no-java")},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert entries() == before
    tables = {table["table"]: table for table in json.loads(done.stdout)["tables"]}
    stored = delta_versions(elsewhere / "lake")
    for name, table in tables.items():
        assert stored[name] == f"{table['table_id']}:{table['version']}"
        assert table["versions_behind"] == 0
        assert table["attention"] == table["errors"] == table["checks"]["not_run"] == []
        backlog = table["backlog"] or {"files": 0}
        assert backlog["files"] == 0
    orders = tables["silver/orders"]
    assert "quantity_positive" in orders["checks"]["warned"]
    quarantine = DeltaLog(elsewhere / "lake" / "silver" / "orders_quarantine")
    assert orders["quarantine_rows"] == quarantine.row_count() > 0


def delta_versions(lake: Path) -> dict[str, str]:
    """Every table under the lake and its version."""
    logs = sorted(path.parent for path in lake.glob("*/*/_delta_log"))
    assert logs
    return {str(path.relative_to(lake)): str(DeltaLog(path).version()) for path in logs}


@pytest.mark.process
def test_ui_serves_on_loopback_with_its_sensors_on_and_ends_on_an_interrupt(
    elsewhere: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    log = elsewhere / "ui.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [*IGNORING_INTERRUPTS, *MEDALLION, "ui", "--port", str(port)],
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as ui,
    ):
        try:
            wait_for_ticks(ui, port, log)
            os.killpg(ui.pid, signal.SIGINT)
            assert ui.wait(timeout=60) is not None
        finally:
            if ui.poll() is None:
                os.killpg(ui.pid, signal.SIGKILL)


def wait_for_ticks(ui: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the daemon has ticked a landing sensor; nobody has turned it on."""
    query = json.dumps({"query": SENSORS}).encode()
    deadline = time.monotonic() + 120
    seen = ""
    while time.monotonic() < deadline and ui.poll() is None:
        time.sleep(1)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/graphql", query, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                seen = answer.read().decode()
        except OSError:
            continue
        if '"SKIPPED"' in seen and "orders_landing_sensor" in seen:
            return
    raise AssertionError(f"No sensor ticked. Last answer: {seen}\nLog: {log.read_text()}")
