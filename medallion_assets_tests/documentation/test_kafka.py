"""The commands and declarations of `docs/kafka.md` as they are printed, against a broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets_tests.brokers import Topics
from medallion_assets_tests.documentation.pages import PROJECT, blocks
from medallion_assets_tests.driver_process import SHORT_LIVED
from medallion_assets_tests.kafka_jars import cached_kafka_settings
from medallion_assets_tests.lakehouse.delta_rows import rows, run

PAGE = "docs/kafka.md"
DECLARED_ADDRESS = "127.0.0.1:19092"


def address_of(topics: Topics, text: str) -> str:
    """What the page says of the default address, for the broker that the test has."""
    return text.replace(DECLARED_ADDRESS, topics.cluster.bootstrap_servers)


@pytest.mark.process
def test_the_commands_of_the_page(topics: Topics, tmp_path: Path) -> None:
    cached_kafka_settings()
    services, (events, _), commands = (
        blocks(PAGE, "sh")[0], blocks(PAGE, "python"), blocks(PAGE, "sh")[1],
    )  # fmt: skip
    topics.services.broker.create_topic("clicks", 2)
    (tmp_path / "events.py").write_text(events)
    # `make services` is run by the tests of docs/services.md; here its broker is up.
    make, export = address_of(topics, services).splitlines()
    assert make == "make services"
    commands = commands.replace(".venv/bin", str(Path(sys.executable).parent))
    done = subprocess.run(
        ["bash", "-ec", f"{export}\n{commands}"],
        cwd=tmp_path,
        env={
            **os.environ,
            **SHORT_LIVED,
            "PYTHONPATH": str(PROJECT),
            "MEDALLION_LAKE": str(tmp_path / "lake"),
            "MEDALLION_LANDING": str(tmp_path / "landing"),
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    lake = tmp_path / "lake"
    assert len(rows(lake / "bronze/clicks", "offset")) == 5
    assert sorted(row["url"] for row in rows(lake / "silver/clicks")) == ["/", "/"] + 3 * ["/tea"]


@pytest.mark.process
def test_the_declarations_of_the_page(
    topics: Topics, lake: Lake, spark: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDALLION_KAFKA_BOOTSTRAP_SERVERS", topics.cluster.bootstrap_servers)
    _, declared = blocks(PAGE, "python")
    name = topics.create("payments")
    names: dict[str, Any] = {}
    exec(declared.replace('("payments",)', f'("{name}",)'), names)
    said = [
        {"payment_id": 1, "amount": 3.5, "country": "DE", "paid_at": "2026-11-03T10:00:00Z"},
        {"payment_id": 2, "amount": 4, "country": "DE", "paid_at": "2026-11-03T10:00:00Z"},
        {"payment_id": 1, "amount": 5, "country": "DE", "paid_at": "2026-11-03T09:00:00Z"},
    ]
    topics.send("payments", [*(json.dumps(event).encode() for event in said), b"none"])
    run(names["payments"], lake)
    assert run(names["latest_payments"], lake).rows.quarantined == 1
    run(names["payments_by_country"], lake)
    assert rows(lake.path(names["payments_by_country"])) == [{"country": "DE", "count": 2}]
