"""The comparison with peers for the documentation: tables and a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench import Outcome
from benchmarks.peers import contenders
from benchmarks.results import findings_table, table
from benchmarks.samples import Measured
from benchmarks.sizes import Sizes
from benchmarks.workloads.peers import first_name, increment_name

_NAMES = (
    contenders.OURS.name,
    contenders.OURS_WARM.name,
    contenders.OURS_IN_SESSION,
    contenders.BARE.name,
    contenders.BARE_IN_SESSION,
    contenders.DECLARATIVE.name,
    contenders.DECLARATIVE_TUNED.name,
    contenders.DLT.name,
    contenders.POLARS.name,
    contenders.DUCKDB.name,
)
_HEADER = (
    *("", "first load: wall", "processor", "increment: wall", "processor", "memory"),
    *("Spark jobs", "files listed by Spark", "bytes rewritten a row"),
)
_OURS, _OTHERS = "#1f77b4", "#999999"


def peers_table(outcome: Outcome, sizes: Sizes) -> str:
    """The ratios, a table for each number of files seen, and what could not be measured."""
    parts = [findings_table(outcome.findings)]
    for files in sizes.peers_seen:
        parts.append(
            f"{sizes.seen_rows:,} orders in {files:,} files, then {sizes.new_files} files of "
            f"{sizes.rows_per_file:,} rows:"
        )
        parts.append(table(_HEADER, [_row(outcome, name, files) for name in _NAMES]))
    return "\n\n".join([*parts, *outcome.notes])


def plot_peers(outcome: Outcome, sizes: Sizes, image: Path) -> None:
    """Write the plot: wall and processor seconds of an increment, after the fewest files.

    Args:
        outcome: of the workload.
        sizes: of the workload.
        image: the PNG to write.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    found = {name: _find(outcome, increment_name(name, sizes.peers_seen[0])) for name in _NAMES}
    measured = {name: one for name, one in found.items() if one is not None}
    places = range(len(measured))
    figure, both = pyplot.subplots(1, 2, figsize=(9.6, 3.8), layout="constrained", sharey=True)
    for axes, what in zip(both, ("wall", "processor"), strict=True):
        seconds = [one.wall if what == "wall" else one.cpu for one in measured.values()]
        colours = [_OURS if name.startswith("this project") else _OTHERS for name in measured]
        axes.barh(places, seconds, color=colours)
        for place, value in zip(places, seconds, strict=True):
            axes.text(value, place, f" {value:.1f}", va="center", fontsize=8)
        axes.set_xscale("log")
        axes.set_xlim(right=max(seconds) * 2)
        axes.set_xlabel(f"{what} seconds for {sizes.new_files} new files")
        axes.grid(visible=True, axis="x", alpha=0.3)
    both[0].set_yticks(places, list(measured))
    both[0].invert_yaxis()
    image.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(image, dpi=150)
    pyplot.close(figure)


def _row(outcome: Outcome, name: str, files: int) -> Sequence[str]:
    first, increment = (_find(outcome, of(name, files)) for of in (first_name, increment_name))
    if increment is None:
        return (name, *(_seconds(first)), "not measured", *[""] * (len(_HEADER) - 4))
    facts = ("spark_jobs", "files_listed", "rewritten_bytes_per_row")
    return (
        name,
        *_seconds(first),
        f"{increment.wall:.1f} s ({increment.fastest:.1f} to {increment.slowest:.1f})",
        f"{increment.cpu:.1f} s",
        f"{increment.peak / 1e9:.2f} GB",
        *(_counted(increment, fact) for fact in facts),
    )


def _seconds(first: Measured | None) -> tuple[str, str]:
    return ("", "") if first is None else (f"{first.wall:.1f} s", f"{first.cpu:.1f} s")


def _counted(measured: Measured, fact: str) -> str:
    if fact not in measured.samples[0].facts:
        return ""
    return f"{measured.fact(fact):,.0f}"


def _find(outcome: Outcome, name: str) -> Measured | None:
    return next((one for one in outcome.measured if one.name == name), None)
