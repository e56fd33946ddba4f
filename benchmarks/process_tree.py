"""Run a program in a new process and measure it from outside, with everything it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from benchmarks.errors import BenchmarkError
from benchmarks.house import House
from benchmarks.samples import Sample
from benchmarks.surroundings import OURS, Surroundings

_SAMPLE_SECONDS = 0.1
_SEARCH_SECONDS = 0.5
_LAST_WORDS_SECONDS = 15.0
_LIMIT_SECONDS = 7200.0


MARK = "MEDALLION_BENCHMARK"
"""In the environment of all that is measured, by which processes that stay are found again."""


def measure(
    house: House,
    program: str,
    arguments: Sequence[str] = (),
    surroundings: Surroundings = OURS,
) -> Sample:
    """Run a program to its end.

    What an earlier program of the house has left running for it (an engine kept between runs) is
    measured along with it: its memory, and the processor time it spends meanwhile.

    Args:
        house: where it works.
        program: the module's name.
        arguments: of the program.
        surroundings: what it runs in.

    Raises:
        BenchmarkError: it failed; names its log and quotes the end of it.
    """
    house.root.mkdir(parents=True, exist_ok=True)
    report, log = house.root / "report.json", house.root / f"{program}.log"
    report.unlink(missing_ok=True)
    command = [
        *(surroundings.python, "-m", f"{surroundings.package}.{program}"),
        *("--report", str(report), *arguments),
    ]
    environment = {**house.environment(), MARK: str(house.root), **surroundings.environment}
    stayed = lasting(house)
    with log.open("wb") as output:
        started = time.time()
        process = subprocess.Popen(
            [*command, "--started", repr(started)],
            cwd=house.root, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        tree = _Tree.beside(process.pid, stayed)
        try:
            ended = tree.watch(process)
        finally:
            _end_group(process)
    if process.returncode != 0:
        last = log.read_text(errors="replace").splitlines()[-15:]
        raise BenchmarkError(f"{program} failed, see {log}:\n" + "\n".join(last))
    told = json.loads(report.read_text())
    return Sample(
        wall_seconds=ended - started,
        cpu_seconds=tree.cpu_seconds(),
        peak_bytes=tree.peak_bytes,
        parts={**told["parts"], "exit": ended - told["ended"]},
        facts=told["facts"],
    )


@dataclass
class _Tree:
    """A process and its descendants, by what was seen of them, and processes beside it."""

    root: int
    before: dict[int, float] = field(default_factory=dict)
    peak_bytes: int = 0
    processes: dict[int, psutil.Process] = field(default_factory=dict)
    cpu: dict[int, float] = field(default_factory=dict)

    @classmethod
    def beside(cls, root: int, stayed: Sequence[psutil.Process]) -> _Tree:
        """A new process, and those that have been running since before."""
        spent = {}
        for process in stayed:
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                spent[process.pid] = times.user + times.system
        return cls(root, spent, processes={one.pid: one for one in stayed}, cpu=dict(spent))

    def watch(self, process: subprocess.Popen[bytes]) -> float:
        """Sample until the process ends, then until what it started has; when it ended.

        Raises:
            BenchmarkError: it does not come to an end.
        """
        searched = 0.0
        limit = time.monotonic() + _LIMIT_SECONDS
        ended: float | None = None
        while True:
            if process.poll() is None:
                if time.monotonic() - searched >= _SEARCH_SECONDS:
                    self._search()
                    searched = time.monotonic()
                if time.monotonic() > limit:
                    raise BenchmarkError(f"{process.args!r} has no end, see its log.")
            elif ended is None:
                ended = time.time()
            alive = self._sample()
            if ended is not None and (not alive or time.time() - ended > _LAST_WORDS_SECONDS):
                return ended
            with suppress(subprocess.TimeoutExpired):
                process.wait(_SAMPLE_SECONDS)
            if ended is not None:
                time.sleep(_SAMPLE_SECONDS)

    def cpu_seconds(self) -> float:
        """Processor time of all processes, to within the last tenth of a second of each."""
        return sum(self.cpu.values()) - sum(self.before.values())

    def _search(self) -> None:
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.root)
            for process in (root, *root.children(recursive=True)):
                self.processes.setdefault(process.pid, process)

    def _sample(self) -> bool:
        resident, alive = 0, False
        for pid, process in list(self.processes.items()):
            try:
                with process.oneshot():
                    if process.status() == psutil.STATUS_ZOMBIE:
                        continue
                    times = process.cpu_times()
                    resident += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
            self.cpu[pid] = times.user + times.system
            alive = alive or not (pid == self.root or pid in self.before)
        self.peak_bytes = max(self.peak_bytes, resident)
        return alive


def lasting(house: House) -> list[psutil.Process]:
    """What programs of the house have left running."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == str(house.root):
                found.append(process)
    return found


def end_lasting(house: House) -> None:
    """End it."""
    for process in lasting(house):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the process's own session; nothing else is in it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
