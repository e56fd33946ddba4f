"""People are erased from what came by topics, too."""

from __future__ import annotations

import json

import pytest

from medallion_assets.lakehouse.erasure.erase import erase
from medallion_assets.lakehouse.erasure.identifiers import Identifier
from medallion_assets.lakehouse.errors import ErasedRowsError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.rebuild import rebuild
from medallion_assets.lakehouse.session import start_session
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    KafkaTopics,
    Lakehouse,
    OutputMode,
    SilverTable,
    Watermark,
)
from medallion_assets_tests.brokers import Topics
from medallion_assets_tests.lakehouse.delta_rows import rows, run

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("spark")]

ANN = "ann@shop.example"


def view(person: str, minute: int) -> bytes:
    return json.dumps({"person": person, "at": f"2026-01-01T10:{minute:02}:00Z"}).encode()


def test_events_and_late_rows_of_a_person_go(topics: Topics, lake: Lake) -> None:
    topics.create("views")
    bronze = BronzeTable(
        name="views",
        source=KafkaTopics(
            name="views",
            cluster=topics.cluster,
            subscribe=(topics.name("views"),),
            value_format="json",
            value_schema="person string, at timestamp",
        ),
        data_subject={"person": "get_json_object(cast(value as string), '$.person')"},
    )
    # A join with itself, or any other stateful operator, leaves late rows out.
    silver = SilverTable(
        name="views",
        source=bronze,
        transform=lambda views: views.select("person", "at").dropDuplicates(["person", "at"]),
        watermarks={"views": Watermark(event_time="at", delay="1 minute")},
        data_subject={"person": ("person", "get_json_object(row, '$.person')")},
    )
    counts = SilverTable(
        name="view_counts",
        source=bronze,
        transform=lambda views: views.groupBy("at").count(),
        watermarks={"views": Watermark(event_time="at", delay="1 minute")},
        keys=("at",),
        output_mode=OutputMode.UPDATE,
        data_subject={"person": "get_json_object(row, '$.person')"},
    )
    lakehouse = Lakehouse.from_tables([silver, counts])

    def take(*values: bytes) -> None:
        topics.send("views", values)
        for table in (bronze, silver, counts):
            assert run(table, lake).rows.conserved

    take(view(ANN, 30), view("bob", 30))
    take(view(ANN, 50), view("bob", 50))
    take(view(ANN, 1), view("bob", 1))
    assert len(rows(lake.late_path(silver))) == 2
    done = erase(lakehouse, lake, start_session, [Identifier("person", ANN)])
    assert {store.name: store.rows for store in done.stores} == {
        "bronze.views": 3, "silver.views_late": 1, "silver.views": 2,
        "silver.view_counts_late": 1, "silver.view_counts": None,
    }  # fmt: skip
    assert all(store.left.nothing for store in done.stores)
    assert any("is read from the topics" in note for note in done.notes)
    said = b"".join(path.read_bytes() for path in lake.root.rglob("*.json") if path.is_file())
    assert ANN.encode() not in said
    take(view("bob", 55))
    assert {row["person"] for row in rows(lake.path(silver))} == {"bob"}
    with pytest.raises(ErasedRowsError, match="events may still be in its topics"):
        rebuild(lakehouse, bronze, lake, start_session)
    without = [Identifier("person", ANN)]
    rebuild(lakehouse, bronze, lake, start_session, without=without)
    assert len(rows(lake.path(bronze))) == 4
