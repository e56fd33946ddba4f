"""The workload itself, with those peers whose packages the project's own environment has too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.bench import Bench
from benchmarks.errors import BenchmarkError, PeerUnavailableError
from benchmarks.peers.contender import Contender
from benchmarks.peers.contenders import DLT, DUCKDB, POLARS
from benchmarks.sizes import SMOKE
from benchmarks.surroundings import Surroundings
from benchmarks.workloads.peers import Peers, first_name, increment_name

pytestmark = pytest.mark.process

SIZES = replace(SMOKE, peers_seen=(4,), seen_rows=400)


class _Here(Contender):
    """In the project's own environment."""

    def surroundings(self, bench: Bench) -> Surroundings:
        return Surroundings(package=f"benchmarks.peers.{self.peer}")


class _Nowhere(Contender):
    """Whose environment can't be made."""

    def surroundings(self, bench: Bench) -> Surroundings:
        raise PeerUnavailableError("no network.")


def _as(kind: type[Contender], contender: Contender) -> Contender:
    return kind(**vars(contender))


def test_what_can_run_is_measured_and_the_rest_is_named(tmp_path: Path) -> None:
    there = (_as(_Here, POLARS), _as(_Here, DUCKDB))
    fails = replace(_as(_Here, DUCKDB), name="fails", house="fails", program="absent")
    outcome = Peers((*there, _as(_Nowhere, DLT), fails)).run(Bench(tmp_path, SIZES))
    measured = {one.name: one for one in outcome.measured}
    assert measured.keys() == {
        of(one.name, 4) for one in there for of in (first_name, increment_name)
    }
    polars = measured[increment_name(POLARS.name, 4)]
    assert polars.fact("rewritten_bytes_per_row") > 0
    assert len(outcome.notes) == 2
    assert outcome.notes[0] == f"{DLT.name} is left out: no network."
    assert outcome.notes[1].startswith("fails: 4 files, the first load failed: ")
    assert "absent" in outcome.notes[1]


def test_a_peer_that_comes_to_another_gold_stops_the_benchmark(tmp_path: Path) -> None:
    wrong = replace(_as(_Here, DUCKDB), read_gold=lambda _: {})
    with pytest.raises(BenchmarkError, match="differ"):
        Peers((_as(_Here, POLARS), wrong)).run(Bench(tmp_path, SIZES))
