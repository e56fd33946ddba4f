from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Outcome
from benchmarks.peers import contenders
from benchmarks.peers_page import peers_table, plot_peers
from benchmarks.samples import Measured, Sample
from benchmarks.sizes import SMOKE
from benchmarks.workloads.peers import comparisons, first_name, increment_name

SIZES = replace(SMOKE, peers_seen=(20,))


def _measured(name: str, wall: float, **facts: float) -> Measured:
    return Measured(name, (Sample(wall, 2 * wall, 500_000_000, {"all": wall}, facts),))


def _found(**walls: float) -> dict[str, Measured]:
    names = {name: getattr(contenders, name).name for name in walls}
    increments = (
        _measured(increment_name(names[one], 20), wall, spark_jobs=7.0)
        for one, wall in walls.items()
    )
    return {one.name: one for one in increments}


def test_the_goals_are_judged_for_those_that_were_measured() -> None:
    found = _found(OURS=10.0, BARE=8.0, DECLARATIVE=60.0)
    told = {finding.goal.text: finding for finding in comparisons(found, 20) if finding.goal}
    assert len(comparisons(found, 20)) == 2
    assert told["at least 5x"].value == 6.0
    assert told["at least 5x"].verdict == "reached"
    assert told["at most 1.15x"].verdict == "missed"


def test_a_peer_that_failed_is_in_the_table_with_its_reason_below(tmp_path: Path) -> None:
    found = _found(OURS=10.0, DUCKDB=0.3)
    first = _measured(first_name(contenders.OURS.name, 20), 30.0)
    note = f"{contenders.DLT.name} is left out: no network."
    outcome = Outcome((), (first, *found.values()), (note,))
    lines = peers_table(outcome, SIZES).splitlines()
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in lines if " | " in line}
    assert (
        "30.0 s | 60.0 s | 10.0 s (10.0 to 10.0) | 20.0 s | 0.50 GB | 7"
        in rows[contenders.OURS.name]
    )
    assert "not measured" in rows[contenders.DLT.name]
    assert lines[-1] == note
    plot_peers(outcome, SIZES, tmp_path / "peers.png")
    assert (tmp_path / "peers.png").stat().st_size > 10_000
