"""Run a program in a new process and measure it from outside, with everything it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from benchmarks.errors import BenchmarkError
from benchmarks.house import House
from benchmarks.samples import Sample

_SAMPLE_SECONDS = 0.1
_SEARCH_SECONDS = 0.5
_LAST_WORDS_SECONDS = 15.0
_LIMIT_SECONDS = 7200.0


def measure(house: House, program: str, arguments: Sequence[str] = ()) -> Sample:
    """Run a program of `benchmarks.programs` to its end.

    Args:
        house: where it works.
        program: the module's name.
        arguments: of the program.

    Raises:
        BenchmarkError: it failed; names its log and quotes the end of it.
    """
    house.root.mkdir(parents=True, exist_ok=True)
    report, log = house.root / "report.json", house.root / f"{program}.log"
    report.unlink(missing_ok=True)
    command = [
        *(sys.executable, "-m", f"benchmarks.programs.{program}"),
        *("--report", str(report), *arguments),
    ]
    with log.open("wb") as output:
        started = time.time()
        process = subprocess.Popen(
            [*command, "--started", repr(started)],
            cwd=house.root, env=house.environment(), stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        tree = _Tree(process.pid)
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
    """A process and its descendants, by what was seen of them."""

    root: int
    peak_bytes: int = 0
    processes: dict[int, psutil.Process] = field(default_factory=dict)
    cpu: dict[int, float] = field(default_factory=dict)

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
        return sum(self.cpu.values())

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
            alive = alive or pid != self.root
        self.peak_bytes = max(self.peak_bytes, resident)
        return alive


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the process's own session; nothing else is in it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
