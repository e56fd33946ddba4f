"""All that was found, as JSON and as the tables of the documentation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.bench import Outcome
from benchmarks.errors import BenchmarkError
from benchmarks.goals import Finding, Unit
from benchmarks.samples import Measured
from benchmarks.sizes import Sizes


@dataclass(frozen=True)
class Results:
    """One run of the benchmarks.

    Args:
        machine: what it ran on.
        load: processes that wanted to run when it began, and when it ended.
        sizes: of the workloads.
        outcomes: by workload.
    """

    machine: Mapping[str, str]
    load: tuple[float, float]
    sizes: Sizes
    outcomes: Mapping[str, Outcome]

    @property
    def findings(self) -> list[Finding]:
        """All findings, ratios first."""
        found = [finding for outcome in self.outcomes.values() for finding in outcome.findings]
        return sorted(found, key=lambda finding: finding.unit is not Unit.TIMES)

    def to_json(self) -> str:
        """Everything, with every single run."""
        return json.dumps(
            {
                "machine": dict(self.machine),
                "load": self.load,
                "sizes": asdict(self.sizes),
                "findings": [
                    {**asdict(found), "unit": found.unit.name.lower(), "verdict": found.verdict}
                    for found in self.findings
                ],
                "notes": {name: one.notes for name, one in self.outcomes.items()},
                "measured": {
                    workload: [
                        {"name": one.name, "samples": [asdict(s) for s in one.samples]}
                        for one in outcome.measured
                    ]
                    for workload, outcome in self.outcomes.items()
                },
            },
            indent=2,
            default=dict,
        )

    def to_markdown(self) -> str:
        """The machine, the findings with their goals, and the measured processes."""
        notes = [note for outcome in self.outcomes.values() for note in outcome.notes]
        parts = [
            self.machine_table(),
            findings_table(self.findings),
            table(
                ("process", "runs", "wall (fastest to slowest)", "processor", "memory", "parts"),
                [_row(one) for outcome in self.outcomes.values() for one in outcome.measured],
            ),
            (
                f"Load of the machine: {self.load[0]:.1f} before, {self.load[1]:.1f} at the end "
                "(the benchmark's own included)."
            ),
        ]
        return "\n\n".join([*parts, *notes])

    def machine_table(self) -> str:
        """What it was measured on."""
        return table(("machine", ""), list(self.machine.items()))


def findings_table(findings: Sequence[Finding]) -> str:
    """Numbers and the goals they reached or missed."""
    return table(
        ("what", "measured", "goal", "verdict", "of it"),
        [
            (f.what, f.spelled(), f.goal.text if f.goal else "", f.verdict, f.detail)
            for f in findings
        ],
    )


def write_between_marks(document: Path, mark: str, markdown: str) -> None:
    """Replace what stands between two marks of a document.

    Args:
        document: to write into.
        mark: the marks' name.
        markdown: what to write.

    Raises:
        BenchmarkError: the document lacks a mark.
    """
    opening, closing = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    text = document.read_text(encoding="utf-8")
    before, begin, rest = text.partition(opening)
    _, end, after = rest.partition(closing)
    if not begin or not end:
        raise BenchmarkError(f"{document} needs the lines {opening} and {closing}, in this order.")
    document.write_text(f"{before}{opening}\n{markdown}\n{closing}{after}", encoding="utf-8")


def _row(one: Measured) -> tuple[str, ...]:
    parts = ", ".join(f"{name} {value:.1f}" for name, value in one.parts.items())
    return (
        one.name,
        str(len(one.samples)),
        f"{one.wall:.1f} s ({one.fastest:.1f} to {one.slowest:.1f})",
        f"{one.cpu:.1f} s",
        f"{one.peak / 1e9:.2f} GB",
        parts,
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
