from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from medallion_assets.orchestration.abandoned_runs import end_abandoned_runs

# A run that never ends by itself, in a process of its own against the instance of DAGSTER_HOME.
HANGING_RUN = """
import time
import dagster as dg

@dg.op
def hang():
    print("hanging", flush=True)
    time.sleep(600)

@dg.job
def hanging_job():
    hang()

with dg.DagsterInstance.get() as instance:
    hanging_job.execute_in_process(instance=instance)
"""


@pytest.mark.process
def test_a_run_whose_process_was_killed_is_ended_and_a_living_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    program = tmp_path / "program.py"
    program.write_text(HANGING_RUN)
    with subprocess.Popen([sys.executable, str(program)], stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        try:
            # Dagster says so on stderr as soon as the step has started.
            assert any("STEP_START" in line for line in run.stderr)
            with dg.DagsterInstance.get() as instance:
                assert end_abandoned_runs(instance) == []
                (living,) = instance.get_runs()
                assert living.status is dg.DagsterRunStatus.STARTED
                run.send_signal(signal.SIGKILL)
                run.wait()
                assert end_abandoned_runs(instance) == [living.run_id]
                (ended,) = instance.get_runs()
                assert ended.status is dg.DagsterRunStatus.FAILURE
                assert end_abandoned_runs(instance) == []
        finally:
            run.kill()
