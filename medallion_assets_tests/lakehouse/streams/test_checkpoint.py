"""A checkpoint belongs to one stream, without Spark."""

from __future__ import annotations

from pathlib import Path

import pytest

from medallion_assets.lakehouse.delta_log import TableVersion
from medallion_assets.lakehouse.errors import CheckpointInUseError, LostStateError
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.streams.offset_log import batch_watermark


def test_a_stream_keeps_its_id_and_two_checkpoints_have_two(tmp_path: Path) -> None:
    one, other = Checkpoint(tmp_path / "one"), Checkpoint(tmp_path / "other")
    assert one.claim("a", "b") == one.claim("a", "b") == Checkpoint(one.directory).claim("a", "b")
    assert one.claim("a", "b") != other.claim("a", "b")


@pytest.mark.parametrize(
    ("source", "target", "what"), [("x", "b", "the source x"), ("a", "y", "the target y")]
)
def test_another_stream_is_refused_and_both_are_named(
    tmp_path: Path, source: str, target: str, what: str
) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint")
    held = checkpoint.claim("a", "b")
    with pytest.raises(CheckpointInUseError) as caught:
        checkpoint.claim(source, target)
    for part in (str(checkpoint.directory), "from a to b", what):
        assert part in str(caught.value)
    assert checkpoint.claim("a", "b") == held


def test_consumed_versions_are_kept_by_source(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    assert checkpoint.consumed() == {}
    checkpoint.record_consumed({"a": TableVersion("t", 1), "b": TableVersion("u", 5)})
    checkpoint.record_consumed({"a": TableVersion("t", 2)})
    assert Checkpoint(tmp_path).consumed() == {"a": TableVersion("t", 2), "b": TableVersion("u", 5)}
    assert [path.name for path in tmp_path.iterdir()] == ["_consumed.json"]


def test_the_newest_event_time_of_a_stream_never_goes_back(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    assert checkpoint.event_times() == {}
    checkpoint.record_event_times({"a": 5, "b": None})
    checkpoint.record_event_times({"a": 3, "b": -1})
    checkpoint.record_event_times({"a": None, "b": 2})
    assert Checkpoint(tmp_path).event_times() == {"a": 5, "b": 2}


def test_the_watermark_of_a_micro_batch_is_in_sparks_offset_log(tmp_path: Path) -> None:
    (tmp_path / "offsets").mkdir()
    (tmp_path / "offsets" / "7").write_text('v1\n{"batchWatermarkMs":1500}\n{"version":1}')
    assert (batch_watermark(tmp_path, 7), batch_watermark(tmp_path, -1)) == (1500, 0)
    (tmp_path / "offsets" / "8").write_text("v9\n{}")
    for lost in (6, 8):
        with pytest.raises(LostStateError, match=f"offsets/{lost} .*medallion rebuild"):
            batch_watermark(tmp_path, lost)
