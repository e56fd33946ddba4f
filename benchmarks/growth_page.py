"""The growth curve for the documentation: a table and a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench import Outcome
from benchmarks.programs.growth_stream import ENGINES, Engine
from benchmarks.results import table
from benchmarks.samples import Measured
from benchmarks.workloads.growth import variant_name

_LABELS: dict[Engine, str] = {"cloudFiles": "read_stream", "file source": "Spark's file source"}
_COLOURS: dict[Engine, str] = {"cloudFiles": "#1f77b4", "file source": "#d62728"}


def growth_table(outcome: Outcome, seen: Sequence[int]) -> str:
    """Seconds and memory of both engines, by files seen."""
    columns = [f"{_LABELS[engine]}, {what}" for what in ("process", "warm") for engine in ENGINES]
    memory = [f"{_LABELS[engine]}, memory" for engine in ENGINES]
    rows = []
    for files in seen:
        both = [_measured(outcome, engine, files) for engine in ENGINES]
        rows.append(
            (
                f"{files:,}",
                *(f"{one.wall:.1f} s" for one in both),
                *(f"{one.part('second'):.2f} s" for one in both),
                *(f"{one.peak / 1e9:.2f} GB" for one in both),
            )
        )
    return table(("files seen", *columns, *memory), rows)


def plot_growth(outcome: Outcome, seen: Sequence[int], new_files: int, image: Path) -> None:
    """Write the plot.

    Args:
        outcome: of the workload.
        seen: files seen.
        new_files: of each increment.
        image: the PNG to write.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.2, 4.2), layout="constrained")
    for engine in ENGINES:
        both = [_measured(outcome, engine, files) for files in seen]
        label, colour = _LABELS[engine], _COLOURS[engine]
        walls = [one.wall for one in both]
        warm = [one.part("second") for one in both]
        axes.plot(seen, walls, "o-", color=colour, label=f"{label}, a new process")
        axes.plot(seen, warm, "o--", color=colour, label=f"{label}, warm")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("files seen before")
    axes.set_ylabel(f"seconds for {new_files} new files")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    image.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(image, dpi=150)
    pyplot.close(figure)


def _measured(outcome: Outcome, engine: Engine, files: int) -> Measured:
    name = variant_name(engine, files)
    return next(one for one in outcome.measured if one.name == name)
