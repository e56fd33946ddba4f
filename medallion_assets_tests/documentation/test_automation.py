"""The switch of `docs/automation.md`, as it is printed.

Its check and its recovery run in `orchestration/test_blocking.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from medallion_assets_tests.documentation.pages import PROJECT, blocks

SENSORS = """
import json
from medallion_assets.definitions import defs
sensors = defs.get_repository_def().sensor_defs
print(json.dumps({one.name: bool(one.targets) for one in sensors}))
"""


def load(**environment: str) -> subprocess.CompletedProcess[str]:
    """The sensors of the code location in an environment, and whether they start jobs."""
    return subprocess.run(
        [sys.executable, "-c", SENSORS],
        env={**os.environ, **environment},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.process
def test_the_command_puts_the_tables_conditions_in_the_place_of_the_sensors_jobs() -> None:
    command = blocks("docs/automation.md", "sh")[0].split()
    assert command[1:] == ["make", "ui"]
    name, _, value = command[0].partition("=")
    loaded = load(**{name: value})
    assert loaded.stderr == ""
    sensors = json.loads(loaded.stdout)
    assert "lakehouse_automation" in sensors
    assert not any(sensors.values())


@pytest.mark.process
def test_another_value_fails_when_the_definitions_load() -> None:
    loaded = load(MEDALLION_AUTOMATION="eager")
    assert loaded.returncode != 0
    assert "MEDALLION_AUTOMATION is 'eager'; it can be sensors or declarative" in loaded.stderr
