from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets import cloud_files_state
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land, seen
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DOCUMENTED = [
    "path", "size", "create_time", "discovery_time", "processed_time", "commit_time",
    "archive_time", "archive_mode", "move_location", "source_id", "flow_name", "ingestion_state",
]  # fmt: skip


def states(spark: SparkSession, checkpoint: Path) -> dict[str, dict[str, Any]]:
    rows = cloud_files_state(spark, checkpoint).collect()
    return {Path(row["path"]).name: row.asDict() for row in rows}


def test_every_file_has_its_times_and_its_state(
    lake: Lake, spark: SparkSession, tmp_path: Path
) -> None:
    bronze = LandedBronze.over(
        lake, spark, "json", "id BIGINT",
        **{
            "cleanSource": "MOVE",
            "cleanSource.moveDestination": str(tmp_path / "done"),
            "cleanSource.retentionDuration": "0 seconds",
        },
    )  # fmt: skip
    land(bronze.landing / "good", json.dumps({"id": 1}))
    land(bronze.landing / "bad.gz", b"no gzip at all", PAST + 1)
    done = bronze.run()
    assert files_of(done).cleaned == 1
    ledger = FileLedger(ledger_directory(bronze.checkpoint))
    waiting = [land(bronze.landing / name) for name in ("tried", "new")]
    ledger.discovered([seen(file)] for file in waiting)
    ledger.attempted(1)

    found = states(spark, bronze.checkpoint)
    assert {name: row["ingestion_state"] for name, row in found.items()} == {
        "good": "archived", "bad.gz": "failed", "tried": "processed", "new": "discovered",
    }  # fmt: skip
    good, bad, tried, new = (found[name] for name in ("good", "bad.gz", "tried", "new"))
    assert list(good)[: len(DOCUMENTED)] == DOCUMENTED
    assert good["create_time"] < good["discovery_time"] < good["processed_time"]
    assert good["processed_time"] < good["commit_time"] < good["archive_time"]
    assert (good["archive_mode"], good["move_location"]) == (
        "MOVE",
        str(tmp_path / "done" / "good"),
    )
    assert good["source_id"] == "0"
    assert bad["commit_time"] is None
    assert bad["failure_reason"]
    assert tried["processed_time"] is not None
    assert tried["commit_time"] is None
    assert new["processed_time"] is None


def test_a_directory_without_a_ledger_is_named(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="holds no file ledger"):
        cloud_files_state(spark, tmp_path)
