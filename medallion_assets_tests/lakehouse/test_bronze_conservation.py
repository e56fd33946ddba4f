"""Every line of every file ends in bronze: random NDJSON against Python's own JSON parser."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from medallion_assets.lakehouse.lake import Lake
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.sampled_from([0.5, -1.25, 1e10])
    | _text
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "y", "X"]), inner, max_size=2)
    ),
    max_leaves=4,
)
_objects = st.dictionaries(st.sampled_from(["a", "b", "c", "A", "odd name"]), _values, max_size=4)
_garbage = st.text(st.sampled_from('{}[]":,\\qw e\u00fc'), min_size=1, max_size=12)
_lines = st.lists(
    _objects | _garbage | st.sampled_from(["", " ", "null", "true", "7", '"s"', '{"a":', "[1]"]),
    min_size=1,
    max_size=8,
)
_drops = st.lists(_lines, min_size=3, max_size=8)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None


def _has_tail(line: str) -> bool:
    """Whether the line goes on after a complete value."""
    try:
        _, end = json.JSONDecoder().raw_decode(line.strip())
    except json.JSONDecodeError:
        return False
    return end < len(line.strip())


class Truth:
    """What has to be in the table."""

    def __init__(self) -> None:
        self.objects: dict[int, dict[str, Any]] = {}
        self.corrupt: Counter[str] = Counter()
        self.others = 0

    def text(self, lines: list[dict[str, Any] | str]) -> str:
        """A file's text; its objects get an id."""
        written = []
        for line in lines:
            if isinstance(line, dict):
                number = len(self.objects)
                self.objects[number] = line
                written.append(json.dumps({"id": number, **line}, ensure_ascii=False))
                continue
            # Left out: text after a complete value, which Spark's parser does not look at.
            assume(not _has_tail(line))
            written.append(line)
            said = _parsed(line)
            if isinstance(said, dict):
                self.others += 1
            elif line.strip() and not (isinstance(said, list) and not said):
                self.corrupt[line] += 1
        return "\n".join(written) + "\n"


def _same(said: Any, stored: Any) -> bool:
    """Whether a stored value is all of what was said."""
    if isinstance(stored, str) and not isinstance(said, str):
        return _same(said, json.loads(stored))
    if isinstance(said, dict) and isinstance(stored, dict):
        names = {name for name, value in {**said, **stored}.items() if value is not None}
        return all(_same(said.get(name), stored.get(name)) for name in names | set(said))
    if isinstance(said, list) and isinstance(stored, list):
        return len(said) == len(stored) and all(map(_same, said, stored))
    if isinstance(said, bool) != isinstance(stored, bool):
        return False
    return bool(said == stored)


@settings(
    # Each example is two micro-batches: to look for a smaller failing one would take hours.
    phases=[Phase.generate], max_examples=4, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
@given(drops=st.lists(_drops, min_size=2, max_size=2))
def test_no_line_is_lost(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory,
    drops: list[list[list[dict[str, Any] | str]]],
) -> None:  # fmt: skip
    root = tmp_path_factory.mktemp("conservation")
    bronze = LandedBronze.over(Lake(root / "lake", root / "landing"), spark, "json")
    truth = Truth()
    for number, drop in enumerate(drops):
        for position, lines in enumerate(drop):
            land(bronze.landing / f"{number}-{position}.json", truth.text(lines))
        bronze.run()

    rows = bronze.rows()
    assert (
        Counter(row["_corrupt_record"] for row in rows if row["_corrupt_record"]) == truth.corrupt
    )
    good = [row for row in rows if row["_corrupt_record"] is None]
    assert len(good) == len(truth.objects) + truth.others
    found = {row["id"]: row for row in good if row.get("id") is not None}
    assert set(found) == set(truth.objects)
    for number, said in truth.objects.items():
        row = found[number]
        rescued = json.loads(row["_rescued_data"] or "{}")
        for name, value in said.items():
            if value is None:
                continue
            kept = rescued.get(name, row.get(name))
            assert _same(value, kept), (name, value, row, rescued)
