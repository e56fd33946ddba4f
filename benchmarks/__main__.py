"""`python -m benchmarks`: measure, say what was found, write it down."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import machine
from benchmarks.bench import Bench, Outcome
from benchmarks.errors import BenchmarkError
from benchmarks.growth_page import growth_table, plot_growth
from benchmarks.house import PROJECT
from benchmarks.peers_page import peers_table, plot_peers
from benchmarks.profile import profile
from benchmarks.results import Results, write_between_marks
from benchmarks.sizes import FULL, QUICK, SMOKE
from benchmarks.workloads import WORKLOADS
from benchmarks.workloads.growth import Growth
from benchmarks.workloads.nexmark import NEXMARK
from benchmarks.workloads.peers import Peers
from benchmarks.workloads.tpch import TPCH
from medallion_assets.lakehouse.errors import MachineError
from medallion_assets.lakehouse.session.jars import cache_directory

RESULTS = PROJECT / "benchmarks" / "results"
DOCUMENT = PROJECT / "docs" / "benchmarks.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the workloads.

    Returns:
        0, also where a goal was missed; 1 where something could not be measured.
    """
    told = _parser().parse_args(arguments)
    # So that a measured process never outlives this one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sizes = {"smoke": SMOKE, "quick": QUICK, "full": FULL}[told.size]
    if told.runs is not None:
        sizes = replace(sizes, runs=told.runs)
    if told.seen:
        seen = tuple(sorted(told.seen))
        sizes = replace(sizes, seen=seen, peers_seen=seen)
    bench = Bench(told.scratch.expanduser().resolve(), sizes)
    try:
        if told.profile:
            print(profile(bench))
            return 0
        before, described = machine.load(), machine.machine()
        outcomes = _run(bench, told.only)
    except (BenchmarkError, MachineError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    results = Results(described, (before, machine.load()), sizes, outcomes)
    markdown = results.to_markdown()
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "latest.json").write_text(results.to_json() + "\n", encoding="utf-8")
    (RESULTS / "latest.md").write_text(markdown + "\n", encoding="utf-8")
    if told.write_docs:
        _write_docs(results)
    print(markdown)
    return 0


def _write_docs(results: Results) -> None:
    """Write what was measured into the documentation; some workloads have their own sections."""
    images = DOCUMENT.parent / "images"
    others = dict(results.outcomes)
    growth = others.pop(Growth.name, None)
    if growth is not None:
        seen, new_files = results.sizes.seen, results.sizes.new_files
        plot_growth(growth, seen, new_files, images / "growth.png")
        image = "![Seconds for an increment, by files seen before](images/growth.png)"
        write_between_marks(DOCUMENT, "growth", f"{growth_table(growth, seen)}\n\n{image}")
    peers = others.pop(Peers().name, None)
    if peers is not None:
        plot_peers(peers, results.sizes, images / "peers.png")
        image = "![Seconds for an increment, by tool](images/peers.png)"
        table = peers_table(peers, results.sizes)
        page = "\n\n".join((results.machine_table(), table, image))
        write_between_marks(DOCUMENT, "peers", page)
    for name in (TPCH.name, NEXMARK.name):
        alone = others.pop(name, None)
        if alone is not None:
            page = replace(results, outcomes={name: alone}).to_markdown()
            write_between_marks(DOCUMENT, name, page)
    if others:
        write_between_marks(DOCUMENT, "measured", replace(results, outcomes=others).to_markdown())


def _run(bench: Bench, only: Sequence[str]) -> dict[str, Outcome]:
    outcomes = {}
    for workload in WORKLOADS:
        if not only or workload.name in only:
            bench.say(f"{workload.name}:")
            outcomes[workload.name] = workload.run(bench)
    return outcomes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    for name, meaning in (
        ("quick", "the sizes of the table in the documentation (default)"),
        ("full", "10 million rows and a million files; hours"),
        ("smoke", "the smallest that runs everything; its numbers mean nothing"),
    ):
        size.add_argument(f"--{name}", dest="size", action="store_const", const=name, help=meaning)
    parser.set_defaults(size="quick")
    parser.add_argument("--runs", type=int, metavar="N", help="runs of every variant")
    parser.add_argument(
        "--seen", type=int, nargs="+", metavar="FILES", help="files seen before an increment"
    )
    parser.add_argument(
        "--only", nargs="+", default=[], choices=[workload.name for workload in WORKLOADS]
    )
    parser.add_argument(
        "--scratch", type=Path, default=cache_directory() / "benchmarks", metavar="DIRECTORY",
        help="where everything is made; kept for the next time (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--profile", action="store_true", help="say where the time of one increment goes, and end"
    )
    parser.add_argument(
        "--write-docs", action="store_true", help="write the tables into docs/benchmarks.md"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
