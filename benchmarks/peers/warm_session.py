"""The increment in a session that runs already: the engine against the bare pipeline."""

from __future__ import annotations

from benchmarks.bench import Bench, Variant
from benchmarks.house import House
from benchmarks.peers.contenders import BARE_IN_SESSION, OURS_IN_SESSION
from benchmarks.samples import Measured, Sample

_ROUNDS = 5
_NAMES = {"ours": OURS_IN_SESSION, "bare": BARE_IN_SESSION}


def measure_warm(bench: Bench, ours: House, bare: House) -> dict[str, Measured]:
    """Run both in one process, on copies of their kept lakes.

    Args:
        bench: the means.
        ours: a house with a kept lake, whose new files have landed.
        bare: the bare pipeline's.

    Returns:
        By name, one sample each: the median of the rounds. The memory is that of the process, which
        is one for both.
    """
    variant = Variant(
        "one warm session for both", bench.house("peers-warm"), "warm_run",
        ("--ours", str(ours.root), "--bare", str(bare.root), "--rounds", str(_ROUNDS)),
    )  # fmt: skip
    (told,) = bench.turn_about([variant], runs=1)[variant.name].samples
    return {name: _measured(name, pipeline, told) for pipeline, name in _NAMES.items()}


def _measured(name: str, pipeline: str, told: Sample) -> Measured:
    sample = Sample(
        wall_seconds=told.facts[f"{pipeline}_seconds"],
        cpu_seconds=told.facts[f"{pipeline}_cpu"],
        peak_bytes=told.peak_bytes,
        parts={"warm": told.facts[f"{pipeline}_seconds"]},
        facts={
            "spark_jobs": told.facts[f"{pipeline}_jobs"],
            "files_listed": told.facts[f"{pipeline}_listed"],
        },
    )
    return Measured(name, (sample,))
