from __future__ import annotations

import os

import pytest

from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.session.engine.__main__ import (
    DEFAULT_IDLE_SECONDS,
    idle_seconds,
)
from medallion_assets.lakehouse.session.engine.choice import obstacle, wanted
from medallion_assets.lakehouse.session.engine.memory import Memory, resident_bytes

MB = 1 << 20


@pytest.mark.parametrize("otherwise", [True, False])
def test_the_environment_decides(otherwise: bool) -> None:
    assert wanted({}, otherwise=otherwise) is otherwise
    assert wanted({"MEDALLION_ENGINE": ""}, otherwise=otherwise) is otherwise
    assert wanted({"MEDALLION_ENGINE": "on"}, otherwise=otherwise)
    assert not wanted({"MEDALLION_ENGINE": "OFF"}, otherwise=otherwise)


def test_anything_else_is_an_error() -> None:
    with pytest.raises(OptionError, match="'yes': set it to on or off"):
        wanted({"MEDALLION_ENGINE": "yes"}, otherwise=True)


def test_threads_have_to_be_pinned() -> None:
    assert obstacle({}) is None
    assert "PYSPARK_PIN_THREAD" in str(obstacle({"PYSPARK_PIN_THREAD": "false"}))


def test_an_engine_within_its_bounds_goes_on() -> None:
    assert Memory(used=900 * MB, heap=2048 * MB, resident=2500 * MB).excess() is None
    assert Memory(used=900 * MB, heap=2048 * MB, resident=None).excess() is None


def test_a_heap_that_stays_full_ends_it() -> None:
    full = Memory(used=1300 * MB, heap=2048 * MB, resident=2000 * MB)
    assert full.excess() == "1300 MB of its heap of 2048 MB don't come free"


def test_memory_beside_the_heap_ends_it() -> None:
    grown = Memory(used=100 * MB, heap=2048 * MB, resident=3100 * MB)
    assert grown.excess() == "its process holds 3100 MB for a heap of 2048 MB"


def test_the_memory_of_a_process_is_seen() -> None:
    resident = resident_bytes(os.getpid())
    assert resident is not None
    assert resident > 10 * MB


def test_idle_time_is_a_number() -> None:
    assert idle_seconds(None) == DEFAULT_IDLE_SECONDS
    assert idle_seconds("7.5") == 7.5
    with pytest.raises(OptionError, match="'soon': give seconds"):
        idle_seconds("soon")
