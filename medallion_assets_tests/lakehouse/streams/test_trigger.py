"""Triggers as declared, without Spark."""

from __future__ import annotations

import pytest

from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.streams.trigger import (
    AVAILABLE_NOW,
    ONCE,
    Trigger,
    processing_time,
)


@pytest.mark.parametrize(
    "interval", ["10 seconds", "1 second", "0.5 minutes", "200 milliseconds", "2 Hours"]
)
def test_an_interval_spark_reads_goes_on_until_it_is_stopped(interval: str) -> None:
    trigger = processing_time(interval)
    assert (trigger.kind, trigger.interval, trigger.continuous) == (
        "processingTime",
        interval,
        True,
    )


@pytest.mark.parametrize("interval", ["", "10", "seconds", "ten seconds", "10 parsecs", "10 s ago"])
def test_an_interval_spark_would_not_read_is_refused(interval: str) -> None:
    with pytest.raises(OptionError, match="a number and a unit"):
        processing_time(interval)


def test_an_interval_goes_with_processing_time_only() -> None:
    with pytest.raises(OptionError, match="availableNow: an interval"):
        Trigger("availableNow", "10 seconds")
    with pytest.raises(OptionError, match="processingTime"):
        Trigger("processingTime")
    assert not AVAILABLE_NOW.continuous
    assert not ONCE.continuous
