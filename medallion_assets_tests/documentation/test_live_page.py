"""The settings of `docs/live.md` are those there are; its command is understood as it is printed.

What the page promises is held in `orchestration/live/`.
"""

from __future__ import annotations

import re
import shlex

import dagster as dg
import yaml

from medallion_assets.cli import _parser
from medallion_assets.definitions import defs
from medallion_assets.orchestration.live.failure import LONG_PAUSE_SECONDS
from medallion_assets.orchestration.live.job import LiveConfig
from medallion_assets.orchestration.live.live_runs import LIVE_JOB
from medallion_assets.orchestration.live.news import WHOLE_LOOK_SECONDS
from medallion_assets_tests.documentation.pages import PROJECT, blocks

PAGE = "docs/live.md"


def test_the_run_configuration_is_one() -> None:
    (printed,) = blocks(PAGE, "yaml")
    config = yaml.safe_load(printed)
    assert dg.validate_run_config(defs.resolve_job_def(LIVE_JOB), config)
    assert set(config["ops"]["live"]["config"]) == set(LiveConfig.model_fields)


def test_the_settings_and_their_defaults_are_those_of_the_job() -> None:
    text = (PROJECT / PAGE).read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|;]+?)(?:;[^|]*)? \|$", text, re.M))
    assert set(rows) == set(LiveConfig.model_fields)
    config = LiveConfig()
    assert float(rows["interval_seconds"]) == config.interval_seconds
    assert float(rows["idle_seconds"]) == config.idle_seconds
    assert (rows["sources"], config.sources) == ("all", [])
    assert f"Every {WHOLE_LOOK_SECONDS:.0f} s all is looked at whole" in text
    assert f"or after {LONG_PAUSE_SECONDS / 60:.0f} minutes" in text


def test_the_command_is_understood() -> None:
    (command,) = re.findall(r"`medallion (live [^`]+)`", (PROJECT / PAGE).read_text())
    told = _parser().parse_args(shlex.split(command))
    assert (told.source, told.interval, told.idle) == (["orders"], 0.5, 600.0)
    plain = _parser().parse_args(["live"])
    assert (plain.interval, plain.idle) == (LiveConfig().interval_seconds, 0.0)
